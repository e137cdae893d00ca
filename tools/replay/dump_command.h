/* `parlor-replay dump`: its words. */
#ifndef DUMP_COMMAND_H
#define DUMP_COMMAND_H

int dump_main(int argc, char **argv);

#endif
