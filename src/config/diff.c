/*
 * diff.c - compares two snapshots; see diff.h.
 *
 * All tables are sorted, so each is one merge. The rows say how values
 * compare; only which options mean "another server" is written here, and it
 * is PgBouncer's list.
 */
#include "config/diff.h"

#include <string.h>

#include "base/mem.h"
#include "config/userlist.h"

/* Options after whose change a server connection must be replaced. */
static const char connection_options[] =
    "host port dbname user connect_query auth_dbname auth_query "
    "load_balance_hosts";

static void
add(struct config_diff *d, struct config_change change)
{
	if ((d->n & (d->n - 1)) == 0)
		d->items = mem_resize(d->items,
		    (d->n == 0 ? 1 : d->n * 2) * sizeof *d->items);
	d->items[d->n++] = change;
}

static void
add_name(struct config_diff *d, enum config_change_kind kind,
    const char *name)
{
	add(d, (struct config_change){ .kind = kind, .name = name });
}

static void
diff_settings(struct config_diff *d, const struct config *was,
    const struct config *now)
{
	const struct setting *rows;
	size_t n, i;

	rows = config_settings(&n);
	for (i = 0; i < n; i++) {
		if (setting_same(&rows[i], was, now))
			continue;
		add(d, (struct config_change){
			.kind = CHANGE_SETTING,
			.name = rows[i].name,
			.setting = &rows[i],
		});
	}
}

/* The hosts may differ where host= does not: unix_socket_dir. */
static bool
same_hosts(const struct config_database *a, const struct config_database *b)
{
	size_t i;

	if (a->nhosts != b->nhosts)
		return false;
	for (i = 0; i < a->nhosts; i++)
		if (a->hosts[i].port != b->hosts[i].port ||
		    strcmp(a->hosts[i].name, b->hosts[i].name) != 0)
			return false;
	return true;
}

static void
diff_database(struct config_diff *d, const struct config_database *was,
    const struct config_database *now)
{
	bool connection = !same_hosts(was, now), limits = false;
	const struct setting *rows;
	size_t n, i;

	rows = config_database_options(&n);
	for (i = 0; i < n; i++) {
		if (setting_same(&rows[i], was, now))
			continue;
		if (str_has_word(connection_options, rows[i].name))
			connection = true;
		else
			limits = true;
	}
	if (connection)
		add_name(d, CHANGE_DATABASE_CONNECTION, now->name);
	if (limits)
		add_name(d, CHANGE_DATABASE_LIMITS, now->name);
}

/* One step of a merge: which side has the lesser name? 0: both have it. */
static int
side(const char *a, const char *b)
{
	if (a == NULL)
		return 1;
	if (b == NULL)
		return -1;
	return strcmp(a, b);
}

static void
diff_databases(struct config_diff *d, const struct config *was,
    const struct config *now)
{
	size_t i = 0, k = 0;

	while (i < was->ndatabases || k < now->ndatabases) {
		const struct config_database *a = i < was->ndatabases ?
		    &was->databases[i] : NULL;
		const struct config_database *b = k < now->ndatabases ?
		    &now->databases[k] : NULL;
		int s = side(a != NULL ? a->name : NULL,
		    b != NULL ? b->name : NULL);

		if (s < 0)
			add_name(d, CHANGE_DATABASE_REMOVED, a->name);
		else if (s > 0)
			add_name(d, CHANGE_DATABASE_ADDED, b->name);
		else
			diff_database(d, a, b);
		i += s <= 0;
		k += s >= 0;
	}
}

static bool
same_values(const struct setting *rows, size_t n, const void *a,
    const void *b)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!setting_same(&rows[i], a, b))
			return false;
	return true;
}

static void
diff_users(struct config_diff *d, const struct config *was,
    const struct config *now)
{
	const struct setting *rows;
	size_t i = 0, k = 0, n;

	rows = config_user_options(&n);
	while (i < was->nusers || k < now->nusers) {
		const struct config_user *a = i < was->nusers ?
		    &was->users[i] : NULL;
		const struct config_user *b = k < now->nusers ?
		    &now->users[k] : NULL;
		int s = side(a != NULL ? a->name : NULL,
		    b != NULL ? b->name : NULL);

		if (s != 0 || !same_values(rows, n, a, b))
			add_name(d, CHANGE_USER, s <= 0 ? a->name : b->name);
		i += s <= 0;
		k += s >= 0;
	}
}

static void
diff_peers(struct config_diff *d, const struct config *was,
    const struct config *now)
{
	const struct setting *rows;
	size_t i = 0, k = 0, n;

	rows = config_peer_options(&n);
	while (i < was->npeers || k < now->npeers) {
		const struct config_peer *a = i < was->npeers ?
		    &was->peers[i] : NULL;
		const struct config_peer *b = k < now->npeers ?
		    &now->peers[k] : NULL;
		struct config_change change = { .kind = CHANGE_PEER_CHANGED };
		bool old = a != NULL && (b == NULL || a->id <= b->id);
		bool new = b != NULL && (a == NULL || b->id <= a->id);

		change.peer = old ? a->id : b->id;
		if (!new)
			change.kind = CHANGE_PEER_REMOVED;
		else if (!old)
			change.kind = CHANGE_PEER_ADDED;
		if (!new || !old || !same_values(rows, n, a, b))
			add(d, change);
		i += old;
		k += new;
	}
}

static void
diff_secrets(struct config_diff *d, const struct userlist *was,
    const struct userlist *now)
{
	size_t i = 0, k = 0;
	size_t n = was != NULL ? userlist_count(was) : 0;
	size_t m = now != NULL ? userlist_count(now) : 0;

	while (i < n || k < m) {
		const char *a = i < n ? userlist_name(was, i) : NULL;
		const char *b = k < m ? userlist_name(now, k) : NULL;
		int s = side(a, b);

		if (s < 0)
			add_name(d, CHANGE_SECRET_REMOVED, a);
		else if (s > 0)
			add_name(d, CHANGE_SECRET_ADDED, b);
		else if (strcmp(userlist_secret_at(was, i),
		    userlist_secret_at(now, k)) != 0)
			add_name(d, CHANGE_SECRET_CHANGED, b);
		i += s <= 0;
		k += s >= 0;
	}
}

void
config_diff(struct config_diff *d, const struct config *was,
    const struct config *now)
{
	*d = (struct config_diff){0};
	diff_settings(d, was, now);
	diff_databases(d, was, now);
	diff_users(d, was, now);
	diff_peers(d, was, now);
	if (was->userlist != now->userlist)
		diff_secrets(d, was->userlist, now->userlist);
}

void
config_diff_fini(struct config_diff *d)
{
	mem_free(d->items);
	*d = (struct config_diff){0};
}
