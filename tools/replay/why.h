/* `parlor-replay why`: how a conversation came to who served it. */
#ifndef WHY_H
#define WHY_H

int why_main(int argc, char **argv);

#endif
