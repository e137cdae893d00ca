/* The command "what-if". */
#ifndef WHATIF_WHAT_IF_H
#define WHATIF_WHAT_IF_H

int what_if_main(int argc, char **argv);

#endif
