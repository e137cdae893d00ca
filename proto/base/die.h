/* Points at which a test can have a process die, as by SIGKILL and just there.
 * Owns nothing; in builds that are not for tests (PARLOR_DIE is not defined)
 * there are none. A point is named for what has just been done. */
#ifndef BASE_DIE_H
#define BASE_DIE_H

#ifdef PARLOR_DIE
/* Does not return the n-th time that it is called with this label, when the
 * environment has PARLOR_DIE_AT=label:n, or PARLOR_DIE_FILE=path and that file says
 * label:n. From any thread. */
void die_at(const char *label);
#else
#define die_at(label) ((void)0)
#endif

#endif
