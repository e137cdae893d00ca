/* `parlor-replay play`: its words. */
#ifndef PLAY_COMMAND_H
#define PLAY_COMMAND_H

int play_main(int argc, char **argv);

#endif
