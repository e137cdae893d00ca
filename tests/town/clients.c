/* The clients of a town: each posts, and asks again until there is an answer, over
 * a road that loses notes and brings them twice. */
#include "town.h"
#include "want.h"

#include <stdio.h>
#include <string.h>

static void send_note(struct town *t, const struct note *note)
{
	unsigned times = chance_of(&t->chance, t->lost) && !t->calm ? 0 : 1;
	times += chance_of(&t->chance, t->twice) && !t->calm;
	for (size_t i = 0; i < LETTERS && times; i++) {
		if (t->notes[i].used)
			continue;
		t->notes[i] = *note;
		t->notes[i].used = true;
		t->notes[i].due_us = t->chance.now_us + chance_below(&t->chance, 300000);
		times--;
	}
}

static void client_ask(struct town *t, int i)
{
	struct client *c = &t->clients[i];
	c->again_us = t->chance.now_us + 1000000;
	send_note(t, &(struct note){.client = i, .no = c->no, .try = ++c->tries});
}

static void client_post(struct town *t, int i)
{
	struct client *c = &t->clients[i];
	if (t->posts == POSTS)
		return;
	c->no = ++t->posts;
	c->answered = false;
	c->stored = chance_of(&t->chance, 200);
	c->tenant = town_tenants[chance_below(&t->chance, TENANTS)];
	snprintf(c->room, sizeof c->room, "r%d", (int)chance_below(&t->chance, ROOMS));
	snprintf(c->sender, sizeof c->sender, "m%d", (int)chance_below(&t->chance, MEMBERS));
	if (t->database.poison && !t->calm && chance_of(&t->chance, 60))
		snprintf(c->body, sizeof c->body, POISON);
	else
		snprintf(c->body, sizeof c->body, "text %u", c->no);
	client_ask(t, i);
}

static const struct acknowledged *acknowledged(const struct town *t, unsigned no)
{
	for (size_t i = 0; i < t->acknowledged_len; i++)
		if (t->acknowledged[i].no == no)
			return &t->acknowledged[i];
	return NULL;
}

static void client_hear(struct town *t, const struct note *note)
{
	struct client *c = &t->clients[note->client];
	if (note->no != c->no)
		return; /* of a message that was settled before */
	if (note->err == PARLOR_E_STORE_FULL || note->err == PARLOR_E_BUSY)
		return;
	say(&t->chance, "client %d: %s is %s, seq %d", note->client, c->body,
	    parlor_err_name((int)note->err), (int)note->posted.seq);
	const struct acknowledged *before = acknowledged(t, c->no);
	if (before && note->err && note->try <= before->tries)
		return; /* it was refused before it was taken, and that came late */
	if (before) {
		WANT_SAME(&t->chance, note->err, PARLOR_E_OK);
		WANT_SAME(&t->chance, note->posted.seq, before->posted.seq);
		WANT_SAME(&t->chance, note->posted.position, before->posted.position);
		t->repeats++;
	} else if (!note->err) {
		struct acknowledged *a = &t->acknowledged[t->acknowledged_len++];
		*a = (struct acknowledged){
			.no = c->no, .client = note->client, .posted = note->posted};
		a->tries = c->tries;
		memcpy(a->body, c->body, sizeof a->body);
	}
	c->answered = true;
	/* Some say it once more: the answer must be the same. */
	if (!note->err && !before && chance_of(&t->chance, 200) && !t->calm) {
		c->answered = false;
		client_ask(t, note->client);
	}
}

void town_clients_turn(struct town *t)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct client *c = &t->clients[i];
		bool idle = !c->no || c->answered;
		if (idle && !t->calm && chance_of(&t->chance, 300))
			client_post(t, i);
		else if (!idle && t->chance.now_us >= c->again_us)
			client_ask(t, i);
	}
	for (size_t i = 0; i < LETTERS; i++) {
		struct note *n = &t->notes[i];
		if (!n->used || !n->answer || n->due_us > t->chance.now_us)
			continue;
		n->used = false;
		client_hear(t, n);
	}
}

void town_answer(struct town *t, const struct effect *e)
{
	send_note(t, &(struct note){.answer = true,
				    .client = e->client,
				    .no = e->no,
				    .try = e->try,
				    .err = e->err,
				    .posted = e->posted});
}
