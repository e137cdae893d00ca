#include "ctl.h"

#include "show.h"

#include <stdio.h>

char *ctl_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

static bool is_away(int code)
{
	return code == PARLOR_E_TIMEOUT || code == PARLOR_E_DISCONNECTED ||
	       code == PARLOR_E_ADDRESS || code == PARLOR_E_IO;
}

enum ctl_exit ctl_fail(int code, const char *text)
{
	fflush(stdout);
	fprintf(stderr, "parlor: %s (%d): ", parlor_err_name(code), code);
	show_text(stderr, text && *text ? text : parlor_err_text(code));
	fputc('\n', stderr);
	return is_away(code) ? CTL_AWAY : CTL_REFUSED;
}

enum ctl_exit ctl_misuse(const struct ctl *ctl, const char *what)
{
	fprintf(stderr, "parlor: %s\nusage: parlor %s%s%s\n", what, ctl->command->name,
		*ctl->command->operands ? " " : "", ctl->command->operands);
	return CTL_USAGE;
}

enum ctl_exit ctl_open(struct ctl *ctl)
{
	enum parlor_err err;
	char why[256];

	if (ctl->client)
		return CTL_OK;
	err = parlor_client_open(&ctl->client, &ctl->options);
	if (!err)
		return CTL_OK;
	if (err != PARLOR_E_ADDRESS || !ctl->options.endpoint)
		return ctl_fail(err, NULL);
	snprintf(why, sizeof why, "no address of a broker: %s", ctl->options.endpoint);
	return ctl_fail(err, why);
}

static enum ctl_exit send_and_wait(struct ctl *ctl, Parlor__Request *request, Parlor__Reply **reply)
{
	int timeout_ms = ctl->timeout_ms < 0 ? CTL_TIMEOUT_MS : ctl->timeout_ms;
	enum ctl_exit status = ctl_open(ctl);
	enum parlor_err err;

	if (status)
		return status;
	err = parlor_client_call(ctl->client, request, timeout_ms, reply);
	return err ? ctl_fail(err, parlor_client_error(ctl->client)) : CTL_OK;
}

enum ctl_exit ctl_call(struct ctl *ctl, Parlor__Request *request, Parlor__Reply__ResultCase result,
		       Parlor__Reply **reply)
{
	enum ctl_exit status = send_and_wait(ctl, request, reply);

	if (status || (*reply)->result_case == result)
		return status;
	parlor_reply_free(*reply);
	return ctl_fail(PARLOR_E_FRAME, "the broker answered something else");
}

enum ctl_exit ctl_do(struct ctl *ctl, Parlor__Request *request)
{
	Parlor__Reply *reply;
	enum ctl_exit status = send_and_wait(ctl, request, &reply);

	if (status)
		return status;
	show_reply(reply, ctl->json);
	parlor_reply_free(reply);
	return CTL_OK;
}
