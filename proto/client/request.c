#include "client/request.h"

#include "base/random.h"
#include "wire.h"

#include <inttypes.h>
#include <stdio.h>

#define FIELD_REQUEST 1
#define NAME_BYTES 33

/* A name nobody else makes. */
static enum parlor_err make_name(char name[NAME_BYTES])
{
	uint64_t random[2];
	enum parlor_err err = random_bytes(random, sizeof random);

	if (!err)
		snprintf(name, NAME_BYTES, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	return err;
}

/* Where the name stands that makes the request safe to repeat, if it has one. */
static char **name_of(Parlor__Request *r)
{
	if (r->op_case == PARLOR__REQUEST__OP_POST && r->post)
		return &r->post->client_id;
	if (r->op_case == PARLOR__REQUEST__OP_ROOM_CREATE && r->room_create)
		return &r->room_create->room;
	return NULL;
}

enum parlor_err request_put(struct buf *out, Parlor__Request *r, uint64_t id)
{
	char made[NAME_BYTES];
	char **name = name_of(r);
	char *before = name ? *name : NULL;
	size_t start = out->len;
	enum parlor_err err;

	if (name && (!before || !*before)) {
		err = make_name(made);
		if (err)
			return err;
		*name = made;
	}
	r->id = id;
	wire_put_field(out, FIELD_REQUEST, &r->base);
	if (name)
		*name = before;
	err = wire_scan(&parlor__to_broker__descriptor, out->data + start, out->len - start);
	if (err)
		out->len = start;
	return err;
}
