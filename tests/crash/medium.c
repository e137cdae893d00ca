#include "medium.h"

#include "base/mem.h"
#include "fail.h"
#include "random.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void medium_fini(struct medium *m)
{
	for (size_t i = 0; i < m->files_len; i++)
		free(m->files[i].bytes);
	free(m->writes);
	*m = (struct medium){0};
}

/* ---- what is safe ---------------------------------------------------------------- */

static struct medium_file *file_of(struct medium *m, uint64_t inode)
{
	for (size_t i = 0; i < m->files_len; i++)
		if (m->files[i].inode == inode)
			return &m->files[i];
	if (m->files_len == MEDIUM_FILES)
		fail("more than %d files", MEDIUM_FILES);
	m->files[m->files_len] = (struct medium_file){.inode = inode};
	return &m->files[m->files_len++];
}

static void set_length(struct medium_file *f, size_t len)
{
	if (len > f->cap) {
		f->cap = 2 * len;
		f->bytes = mem_resize(f->bytes, f->cap, 1);
	}
	if (len > f->len)
		memset(f->bytes + f->len, 0, len - f->len);
	f->len = len;
	f->used = f->used < len ? f->used : len;
}

static void remove_name(struct medium_name *names, size_t *len, const char *name)
{
	for (size_t i = 0; i < *len; i++)
		if (strcmp(names[i].text, name) == 0)
			names[i--] = names[--*len];
}

/* Only what `names` needs to be known by is in an entry: the new name, and what
 * has it. */
static void change_names(struct medium_name *names, size_t *len, const struct medium_write *w)
{
	struct medium_name name = {.inode = w->entry.subject};

	if (w->entry.len >= MEDIUM_NAME)
		fail("a name of %zu bytes", (size_t)w->entry.len);
	memcpy(name.text, w->bytes, w->entry.len);
	remove_name(names, len, name.text);
	for (size_t i = 0; i < *len && w->entry.op == POWER_RENAME; i++)
		if (names[i].inode == name.inode)
			names[i--] = names[--*len];
	if (w->entry.op == POWER_REMOVE)
		return;
	if (*len == MEDIUM_FILES)
		fail("more than %d names", MEDIUM_FILES);
	names[(*len)++] = name;
}

static void make_safe(struct medium *m, const struct medium_write *w)
{
	const struct power_entry *e = &w->entry;

	if (e->op == POWER_CREATE || e->op == POWER_RENAME || e->op == POWER_REMOVE) {
		change_names(m->names, &m->names_len, w);
		return;
	}
	struct medium_file *f = file_of(m, e->file);
	size_t end = e->offset + (e->op == POWER_WRITE ? e->len : 0);
	if (end > f->len || e->op == POWER_CUT)
		set_length(f, end);
	if (e->op == POWER_WRITE) {
		memcpy(f->bytes + e->offset, w->bytes, e->len);
		f->used = end > f->used ? end : f->used;
	}
}

/* ---- the log ----------------------------------------------------------------------- */

static void sync_file(struct medium *m, uint64_t inode, uint64_t upto)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->writes_len; i++) {
		const struct medium_write *w = &m->writes[i];
		if (w->entry.file == inode && w->end <= upto)
			make_safe(m, w);
		else
			m->writes[kept++] = *w;
	}
	m->writes_len = kept;
}

static bool is_unsure(const struct medium *m, uint64_t inode)
{
	for (size_t i = 0; i < m->writes_len; i++)
		if (m->writes[i].entry.file == inode)
			return true;
	return false;
}

void medium_take(struct medium *m, const struct power_entry *e, const uint8_t *bytes, uint64_t end)
{
	struct medium_write w = {.entry = *e, .bytes = bytes, .end = end, .sure = e->durable};

	if (e->op == POWER_SYNC) {
		sync_file(m, e->file, e->offset);
		return;
	}
	if (w.sure && !is_unsure(m, e->file)) {
		make_safe(m, &w);
		return;
	}
	if (m->writes_len == m->writes_cap) {
		m->writes_cap = m->writes_cap ? 2 * m->writes_cap : 64;
		m->writes = mem_resize(m->writes, m->writes_cap, sizeof *m->writes);
	}
	m->writes[m->writes_len++] = w;
}

/* ---- images -------------------------------------------------------------------------- */

static void put(int fd, const void *bytes, size_t len, uint64_t at)
{
	if (pwrite(fd, bytes, len, (off_t)at) != (ssize_t)len)
		fail_errno("an image");
}

/* The parts of a write that the disk takes as one each. */
static void put_torn(int fd, const struct medium_write *w, const struct fates *fates,
		     enum fate fate, uint64_t *chance)
{
	uint64_t at = w->entry.offset, end = at + w->entry.len;
	uint64_t parts = (end - 1) / fates->grain - at / fates->grain + 1;
	uint64_t front = random_below(chance, parts);

	for (uint64_t i = 0; i < parts; i++) {
		uint64_t stop = (at / fates->grain + 1) * fates->grain;
		stop = stop < end ? stop : end;
		if (fate == FATE_FRONT ? i < front : random_below(chance, 2))
			put(fd, w->bytes + (at - w->entry.offset), stop - at, at);
		at = stop;
	}
}

static void grow(int fd, uint64_t len)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || ((uint64_t)st.st_size < len && ftruncate(fd, (off_t)len) != 0))
		fail_errno("an image");
}

static void put_write(int fd, const struct medium_write *w, const struct fates *fates,
		      enum fate fate, uint64_t *chance)
{
	const struct power_entry *e = &w->entry;

	if (e->op == POWER_CUT && fate != FATE_GONE) {
		if (ftruncate(fd, (off_t)e->offset) != 0)
			fail_errno("an image");
		return;
	}
	if (fate != FATE_GONE || fates->grown)
		grow(fd, e->offset + (e->op == POWER_WRITE ? e->len : 0));
	if (e->op != POWER_WRITE || fate == FATE_GONE)
		return;
	if (fate == FATE_KEPT)
		put(fd, w->bytes, e->len, e->offset);
	else
		put_torn(fd, w, fates, fate, chance);
}

static void build_file(const struct medium *m, uint64_t inode, const struct fates *fates,
		       const char *path)
{
	uint64_t chance = fates->chance;
	int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);

	if (fd < 0)
		fail_errno(path);
	for (size_t i = 0; i < m->files_len; i++) {
		const struct medium_file *f = &m->files[i];
		if (f->inode != inode)
			continue;
		if (ftruncate(fd, (off_t)f->len) != 0)
			fail_errno(path);
		put(fd, f->bytes, f->used, 0);
	}
	for (size_t i = 0; i < m->writes_len; i++) {
		const struct medium_write *w = &m->writes[i];
		if (w->entry.file == inode)
			put_write(fd, w, fates, w->sure ? FATE_KEPT : fates->of[i], &chance);
	}
	if (close(fd) != 0)
		fail_errno(path);
}

bool medium_build(const struct medium *m, const struct fates *fates, const char *dir)
{
	struct medium_name names[MEDIUM_FILES];
	size_t len = m->names_len;
	bool there = false;
	char path[1024];

	memcpy(names, m->names, sizeof names);
	for (size_t i = 0; i < m->writes_len; i++) {
		const struct medium_write *w = &m->writes[i];
		if (w->entry.op <= POWER_REMOVE && fates->of[i] != FATE_GONE)
			change_names(names, &len, w);
	}
	for (size_t i = 0; i < len; i++)
		there |= !*names[i].text;
	if (!there)
		return false;
	if (mkdir(dir, 0700) != 0)
		fail_errno(dir);
	for (size_t i = 0; i < len; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, names[i].text);
		if (*names[i].text)
			build_file(m, names[i].inode, fates, path);
	}
	return true;
}
