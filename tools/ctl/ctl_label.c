/* parlor room label */
#include "ctl.h"
#include "show.h"

#define GIVEN_MAX 64 /* more than a room may have; the broker says how many */

static enum ctl_exit label(struct ctl *ctl, const struct args *args)
{
	Parlor__RoomLabels body = PARLOR__ROOM_LABELS__INIT;
	char *add[GIVEN_MAX], *remove[GIVEN_MAX];
	const char *text;
	size_t at = 0;

	body.room = ctl_text(args->operands[0]);
	body.clear = args_has(args, "clear");
	body.add = add;
	body.remove = remove;
	for (size_t i = 1; i < args->operands_len && body.n_add < GIVEN_MAX; i++)
		add[body.n_add++] = ctl_text(args->operands[i]);
	while ((text = args_next(args, "remove", &at)) && body.n_remove < GIVEN_MAX)
		remove[body.n_remove++] = ctl_text(text);
	if (!body.clear && !body.n_add && !body.n_remove)
		return ctl_misuse(ctl, "no label is given");
	return ctl_ask(ctl, PARLOR__REQUEST__OP_ROOM_LABELS, &body);
}

static void event_labels(FILE *out, const Parlor__Event *e)
{
	const Parlor__LabelsChanged *changed = e->labels_changed;

	fputs(changed->n_labels ? "the room is labelled" : "the room has no label", out);
	for (size_t i = 0; i < changed->n_labels; i++) {
		fputs(i ? ", " : " ", out);
		show_text(out, changed->labels[i]);
	}
}

static const struct args_option options[] = {
	{"remove", "LABEL", "take this one away; may repeat"},
	{"clear", NULL, "take all away first"},
	{NULL, NULL, NULL},
};

static const struct command commands[] = {
	{"room label", "ROOM [LABEL]...", 1, COMMAND_MANY, options,
	 "Labels a room, for whoever lists rooms by label.", .run = label},
	{0},
};
static const struct show_event events[] = {
	{PARLOR__EVENT__KIND_LABELS_CHANGED, event_labels},
	{0},
};
const struct noun label_noun = {.commands = commands, .events = events};
