/* `parlor-replay snapshot`: the state of a data directory as of its journal's
 * end, by re-execution, into the directory's snapshot. Changes nothing else. */
#ifndef SNAPSHOT_COMMAND_H
#define SNAPSHOT_COMMAND_H

int snapshot_main(int argc, char **argv);

#endif
