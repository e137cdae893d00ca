/* A client of libparlor as a stranger would write it: built against what
 * `cmake --install` put down, and nothing else. */
#include <parlor/client.h>
#include <parlor/version.h>

#include <stdio.h>
#include <string.h>

static int heard;

static void on_event(void *arg, const Parlor__Event *event)
{
	(void)arg;
	if (event->kind_case == PARLOR__EVENT__KIND_POSTED) {
		printf("%s: %s\n", event->posted->sender, event->posted->body);
		heard++;
	}
}

static int refused(parlor_client *client, const char *what)
{
	fprintf(stderr, "%s: %s\n", what, parlor_client_error(client));
	parlor_client_close(client);
	return 1;
}

static enum parlor_err create_room(parlor_client *client)
{
	Parlor__MemberSpec alice = PARLOR__MEMBER_SPEC__INIT, bob = PARLOR__MEMBER_SPEC__INIT;
	Parlor__MemberSpec *members[] = {&alice, &bob};
	Parlor__RoomCreate create = PARLOR__ROOM_CREATE__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	alice.member = (char *)"alice";
	bob.member = (char *)"bob";
	alice.type = bob.type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
	create.room = (char *)"example";
	create.members = members;
	create.n_members = 2;
	request.op_case = PARLOR__REQUEST__OP_ROOM_CREATE;
	request.room_create = &create;
	return parlor_client_call(client, &request, 10000, NULL);
}

static enum parlor_err post(parlor_client *client, Parlor__Reply **reply)
{
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	post.room = (char *)"example";
	post.sender = (char *)"alice";
	post.client_id = (char *)"1";
	post.body = (char *)"hello, bob";
	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	return parlor_client_call(client, &request, 10000, reply);
}

int main(int argc, char **argv)
{
	const char *members[] = {"bob"};
	struct parlor_client_options options = {.endpoint = argc > 1 ? argv[1] : NULL,
						.members = members,
						.members_len = 1,
						.on_event = on_event};
	parlor_client *client;
	Parlor__Reply *reply;

	if (parlor_client_open(&client, &options) != PARLOR_E_OK)
		return 1;
	if (create_room(client) != PARLOR_E_OK)
		return refused(client, "room");
	if (post(client, &reply) != PARLOR_E_OK)
		return refused(client, "post");
	printf("acknowledged as %d\n", (int)reply->posted->seq);
	parlor_reply_free(reply);
	while (heard == 0)
		if (parlor_client_poll(client, 10000, NULL) != PARLOR_E_OK)
			return refused(client, "event");
	parlor_client_close(client);
	return 0;
}
