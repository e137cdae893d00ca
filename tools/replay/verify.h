/* `parlor-replay verify`: is everything in a data directory, and in the
 * database behind it, what the journal gives? Changes nothing. */
#ifndef VERIFY_H
#define VERIFY_H

int verify_main(int argc, char **argv);

#endif
