#include "desk_peer.h"

#include "fail.h"
#include "peer.h"
#include "stage.h"

#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MS 100

#ifdef BENCH_HAVE_REDIS
#define REDIS &desk_redis
#else
#define REDIS NULL
#endif

static const struct {
	const char *name;
	const struct desk_peer *peer; /* NULL: built without its client library */
} peers[] = {{"mysql", &desk_mysql_skip_locked},
	     {"mysql-update", &desk_mysql_where_null},
	     {"redis", REDIS}};

const struct desk_peer *desk_peer_find(const char *name)
{
	for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
		const struct desk_peer *p = peers[i].peer;
		if (strcmp(peers[i].name, name) != 0)
			continue;
		peer_require(name, p ? p->program : NULL);
		return p;
	}
	fail("no desk is called %s; there are mysql, mysql-update, redis", name);
}

struct run {
	const struct desk_peer *peer;
	struct desk_site site;
};

static void take(void *ctx, size_t link, const struct desk_ask *ask)
{
	struct run *r = ctx;
	r->peer->ask(&r->site, link, ask);
}

static void wait_and_read(void *ctx)
{
	struct run *r = ctx;
	struct desk_site *s = &r->site;
	for (size_t i = 0; r->peer->flush && i < s->links; i++)
		r->peer->flush(s, i);
	int n = poll(s->fds, s->links, WAIT_MS);
	check(n >= 0 || errno == EINTR, "poll: %s", strerror(errno));
	for (size_t i = 0; n > 0 && i < s->links; i++)
		if (s->fds[i].revents)
			r->peer->read(s, i);
	if (r->peer->look)
		r->peer->look(s);
}

static void open_run(struct run *r, const struct options *o, const struct desk_shape *shape)
{
	struct desk_site *s = &r->site;
	struct desk_hooks hooks = {.links = s->links,
				   .ask = take,
				   .wait = wait_and_read,
				   .forgets = r->peer->forgets,
				   .ctx = r};
	s->shape = *shape;
	s->fds = mem_new(s->links * sizeof *s->fds);
	rig_init(&s->rig, o);
	s->work = desk_work_new(shape, &hooks);
	r->peer->open(s);
}

static void close_run(struct run *r)
{
	r->peer->close(&r->site);
	desk_work_free(r->site.work);
	free(r->site.fds);
	rig_fini(&r->site.rig);
}

void desk_peer_run(const struct desk_peer *peer, const struct options *o,
		   const struct desk_shape *shape, size_t links, struct report *report)
{
	struct run r = {.peer = peer};
	struct row row = {0};
	struct desk_result *result = mem_new(sizeof *result);
	struct load_plan plan = stage_plan_of(o, links);
	r.site.links = peer->links_max && links > peer->links_max ? peer->links_max : links;
	r.site.row = &row;
	open_run(&r, o, shape);
	struct account account = {.of = r.site.server};
	plan.mark = account_mark;
	plan.ctx = &account;
	desk_work_run(r.site.work, &plan, result);
	rig_check(r.site.server);
	check(result->closed > 0 || o->smoke, "no conversation ended in the measured time");
	row_set(&row, "links", (double)r.site.links);
	desk_work_figures(result, &row);
	account_figures(&account, result->posted, &row);
	desk_book_check(desk_work_book(r.site.work), peer->name);
	peer->verify(&r.site);
	report_run(report, &row);
	close_run(&r);
	free(result);
}
