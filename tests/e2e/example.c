#include <parlor/client.h>
#include <stdio.h>

static void on_event(void *done, const Parlor__Event *event)
{
	if (event->kind_case != PARLOR__EVENT__KIND_POSTED)
		return;
	printf("%s: %s\n", event->posted->sender, event->posted->body);
	*(bool *)done = true;
}

static void on_posted(void *done, int code, const Parlor__Reply *reply)
{
	if (code)
		*(bool *)done = fprintf(stderr, "%s\n", parlor_err_text(code)) > 0;
	else
		printf("acknowledged as %d\n", (int)reply->posted->seq);
}

int main(int argc, char **argv)
{
	bool done = false;
	const char *const listening[] = {"bob"};
	struct parlor_client_options options = {.endpoint = argc > 1 ? argv[1] : NULL,
						.members = listening,
						.members_len = 1,
						.on_event = on_event,
						.arg = &done};
	Parlor__MemberSpec alice = PARLOR__MEMBER_SPEC__INIT, bob = PARLOR__MEMBER_SPEC__INIT;
	Parlor__MemberSpec *members[] = {&alice, &bob};
	Parlor__RoomCreate room = PARLOR__ROOM_CREATE__INIT;
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	parlor_client *client;
	enum parlor_err err;

	room.room = post.room = "desk";
	alice.member = post.sender = "alice", alice.type = PARLOR__MEMBER_TYPE__MEMBER_MANAGER;
	bob.member = "bob", bob.type = PARLOR__MEMBER_TYPE__MEMBER_MEMBER;
	room.members = members, room.n_members = 2;
	post.body = "hello, bob";

	if (parlor_client_open(&client, &options))
		return 1;
	request.op_case = PARLOR__REQUEST__OP_ROOM_CREATE, request.room_create = &room;
	err = parlor_client_call(client, &request, 5000, NULL);
	request.op_case = PARLOR__REQUEST__OP_POST, request.post = &post;
	if (!err)
		err = parlor_client_send(client, &request, on_posted, &done);
	while (!err && !done)
		err = parlor_client_poll(client, -1, NULL);
	if (err)
		fprintf(stderr, "%s\n", parlor_client_error(client));
	parlor_client_close(client);
	return err != PARLOR_E_OK;
}
