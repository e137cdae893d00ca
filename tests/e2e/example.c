#include <parlor/client.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	struct parlor_client_options options = {.endpoint = argc > 1 ? argv[1] : NULL};
	parlor_client *client;
	Parlor__Reply *reply;
	Parlor__Post post = PARLOR__POST__INIT;
	Parlor__Request request = PARLOR__REQUEST__INIT;

	request.op_case = PARLOR__REQUEST__OP_POST;
	request.post = &post;
	post.room = "support-1", post.sender = "amy", post.body = "How can I help?";
	if (parlor_client_open(&client, &options))
		return 1;
	if (parlor_client_call(client, &request, 5000, &reply))
		return fprintf(stderr, "%s\n", parlor_client_error(client)), 1;
	printf("message %llu\n", (unsigned long long)reply->posted->seq);
	parlor_reply_free(reply);
	parlor_client_close(client);
}
