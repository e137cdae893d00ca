/* `parlor-replay record`: a broker's journal into a recording. */
#ifndef RECORD_H
#define RECORD_H

int record_main(int argc, char **argv);

#endif
