/* `parlor-replay at`: a room as it was at a moment. */
#ifndef AT_H
#define AT_H

int at_main(int argc, char **argv);

#endif
