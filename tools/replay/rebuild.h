/* The command `rebuild`: its options, and which way round. */
#ifndef REBUILD_H
#define REBUILD_H

int rebuild_main(int argc, char **argv);

#endif
