/* `parlor-replay backup`: a copy of a data directory beside its running broker. */
#ifndef BACKUP_H
#define BACKUP_H

int backup_main(int argc, char **argv);

#endif
