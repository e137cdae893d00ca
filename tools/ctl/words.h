/* What an option is for that is made from a field, by the name of the field: for the help. */
#ifndef CTL_WORDS_H
#define CTL_WORDS_H

/* NULL: nothing is said of it. */
const char *words_of(const char *field);

#endif
