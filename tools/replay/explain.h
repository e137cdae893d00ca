/* `parlor-replay explain`: how a member's unread came to be. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

int explain_main(int argc, char **argv);

#endif
