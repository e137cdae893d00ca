/* What happened at a desk, told from its journal: figures of each team, and whether what
 * is promised of a desk held with every record. Owns the words; desk/ledger.h counts. */
#ifndef DESK_COMMAND_H
#define DESK_COMMAND_H

int desk_main(int argc, char **argv);

#endif
