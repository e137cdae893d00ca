/* Directories made durable: what was made, renamed or removed in one is there after a
 * power cut. Both return errno's number, 0 when it is done. */
#ifndef BASE_DIR_H
#define BASE_DIR_H

int dir_sync(const char *path);
/* The one that directory is in. */
int dir_sync_parent(const char *path);

#endif
