/* `parlor-replay diff`: what differs between two data directories, or between
 * two moments of one. */
#ifndef DIFF_H
#define DIFF_H

int diff_main(int argc, char **argv);

#endif
