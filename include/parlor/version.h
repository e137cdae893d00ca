/* Versions of the library and of the protocol it speaks. */
#ifndef PARLOR_VERSION_H
#define PARLOR_VERSION_H

#define PARLOR_VERSION "0.1.0"
#define PARLOR_PROTOCOL_VERSION 1

#endif
