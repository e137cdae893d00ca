/* SIGINT and SIGTERM as a question: was the program asked to stop? */
#ifndef INTERRUPT_H
#define INTERRUPT_H

#include <stdbool.h>

/* From now on the first of them is noted; a second one ends the program. A
 * pipe that nobody reads any more is told by the write. */
void interrupt_catch(void);
bool interrupted(void);

#endif
