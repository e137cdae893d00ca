/* A literal that may hold any byte: its address and its length. */
#ifndef BYTES_H
#define BYTES_H

#define BYTES(s) (s), sizeof(s) - 1

#endif
