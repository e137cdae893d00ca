#include "ctl.h"

#include "fields.h"
#include "show.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

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

static const ProtobufCFieldDescriptor *field_of(Parlor__Request__OpCase op)
{
	return protobuf_c_message_descriptor_get_field(&parlor__request__descriptor, op);
}

static enum ctl_exit send_and_wait(struct ctl *ctl, Parlor__Request__OpCase op, void *body,
				   Parlor__Reply **reply)
{
	Parlor__Request request = PARLOR__REQUEST__INIT;
	int timeout_ms = ctl->timeout_ms < 0 ? CTL_TIMEOUT_MS : ctl->timeout_ms;
	enum ctl_exit status = ctl_open(ctl);
	enum parlor_err err;

	if (status)
		return status;
	request.op_case = op;
	memcpy((char *)&request + field_of(op)->offset, &body, sizeof body);
	err = parlor_client_call(ctl->client, &request, timeout_ms, reply);
	return err ? ctl_fail(err, parlor_client_error(ctl->client)) : CTL_OK;
}

enum ctl_exit ctl_call(struct ctl *ctl, Parlor__Request__OpCase op, void *body,
		       Parlor__Reply__ResultCase result, Parlor__Reply **reply)
{
	enum ctl_exit status = send_and_wait(ctl, op, body, reply);

	if (status || (*reply)->result_case == result)
		return status;
	parlor_reply_free(*reply);
	return ctl_fail(PARLOR_E_FRAME, "the broker answered something else");
}

enum ctl_exit ctl_ask(struct ctl *ctl, Parlor__Request__OpCase op, void *body)
{
	Parlor__Reply *reply;
	enum ctl_exit status = send_and_wait(ctl, op, body, &reply);

	if (status)
		return status;
	show_reply(reply, ctl->json);
	parlor_reply_free(reply);
	return CTL_OK;
}

Parlor__Notice *ctl_notice(const struct args *args, Parlor__Notice *notice)
{
	const char *body = args_value(args, "notice");

	if (!body)
		return NULL;
	parlor__notice__init(notice);
	notice->body = ctl_text(body);
	return notice;
}

/* ---- requests that are their operands ---- */

#define BODY_BYTES_MAX 256

/* From operands[0] on; false after saying what is wrong with it. */
static bool put_field(const ProtobufCFieldDescriptor *field, char *body,
		      const char *const *operands, size_t left)
{
	char what[FIELDS_NAME_BYTES];

	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		memcpy(body + field->quantifier_offset, &left, sizeof left);
		memcpy(body + field->offset, &operands, sizeof operands);
		return true;
	}
	return fields_put(field, body, fields_heading(field, what), *operands);
}

bool ctl_fill(const struct command *c, const struct args *args,
	      const ProtobufCMessageDescriptor *type, void *body)
{
	for (size_t i = 0; i < args->operands_len && i < CTL_FIELDS_MAX && c->fields[i]; i++)
		if (!put_field(protobuf_c_message_descriptor_get_field_by_name(type, c->fields[i]),
			       body, args->operands + i, args->operands_len - i))
			return false;
	return !c->also || fields_take(args, c->also, body);
}

enum ctl_exit ctl_plain(struct ctl *ctl, const struct args *args)
{
	const struct command *c = ctl->command;
	const ProtobufCMessageDescriptor *type = field_of(c->op)->descriptor;
	_Alignas(max_align_t) char body[BODY_BYTES_MAX];
	Parlor__Notice notice, *put = ctl_notice(args, &notice);

	assert(type->sizeof_message <= sizeof body);
	protobuf_c_message_init(type, body);
	if (!ctl_fill(c, args, type, body))
		return CTL_USAGE;
	if (put)
		memcpy(body + protobuf_c_message_descriptor_get_field_by_name(type, "notice")
				       ->offset,
		       &put, sizeof put);
	return ctl_ask(ctl, c->op, body);
}
