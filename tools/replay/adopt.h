/* The command `adopt`: rooms out of tables that a product had before Parlor. Owns
 * its options and the order of steps: first all is read and a data directory made
 * beside its place, then the old tables are moved aside, then the directory
 * appears. Destroys nothing. */
#ifndef ADOPT_H
#define ADOPT_H

int adopt_main(int argc, char **argv);

#endif
