#include "client/request.h"

#include "wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#define FIELD_REQUEST 1

uint64_t request_random(void)
{
	uint64_t value;

	/* Up to 256 bytes come whole; EINTR is possible only before the
	 * system's pool is first filled. */
	while (getrandom(&value, sizeof value, 0) != sizeof value)
		;
	return value;
}

void request_name(char name[REQUEST_NAME_BYTES])
{
	snprintf(name, REQUEST_NAME_BYTES, "%016" PRIx64 "%016" PRIx64, request_random(),
		 request_random());
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
	char made[REQUEST_NAME_BYTES];
	char **name = name_of(r);
	char *before = name ? *name : NULL;
	size_t start = out->len;
	enum parlor_err err;

	if (name && (!before || !*before)) {
		request_name(made);
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
