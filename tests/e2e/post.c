#include <parlor/client.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	parlor_client *client;
	Parlor__Reply *reply;
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;
	struct parlor_client_options options = {.endpoint = argc > 1 ? argv[1] : NULL};

	post.room = "tea-1", post.sender = "lin", post.body = "It left this morning.";
	request.op_case = PARLOR__REQUEST__OP_POST, request.post = &post;
	if (parlor_client_open(&client, &options))
		return 1;
	if (parlor_client_call(client, &request, 5000, &reply) == PARLOR_E_OK) {
		printf("acknowledged as %d\n", (int)reply->posted->seq);
		parlor_reply_free(reply);
	} else {
		fprintf(stderr, "%s\n", parlor_client_error(client));
	}
	parlor_client_close(client);
	return 0;
}
