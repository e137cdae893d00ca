/* `parlor-replay at`: a room as it was at a point of the journal. */
#ifndef AT_H
#define AT_H

int at_main(int argc, char **argv);

#endif
