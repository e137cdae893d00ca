/* How a program that serves is asked to end: SIGTERM, SIGINT, and SIGHUP (its
 * terminal went away) unless whoever started it had that ignored, as nohup does.
 * Owns the signal mask; handles nothing. */
#ifndef BASE_STOP_H
#define BASE_STOP_H

/* Blocks these signals, for threads made later too, and ignores those that only
 * a careless write would bring (SIGPIPE, SIGXFSZ). A descriptor that becomes
 * readable when one of them came; -1: errno says why. */
int stop_open(void);

#endif
