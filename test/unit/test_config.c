/*
 * test_config.c - from files to a snapshot, and from one to the next.
 */
#include "config/config.h"

#include "base/mem.h"
#include "base/must.h"
#include "base/str.h"
#include "config/diff.h"
#include "config/load.h"
#include "config/userlist.h"
#include "unit/files.h"

/* Load text as the file "c"; it must be good. */
static struct config *
good(const char *text)
{
	struct err err = {{0}};
	struct config *c;

	files_put("c", text);
	c = config_load("c", &err);
	ck_assert_msg(c != NULL, "%s", err.text);
	return c;
}

START_TEST(debian_sample_loads_without_a_warning)
{
	struct config *c;

	/* What is not a comment in Debian's pgbouncer.ini; its auth_file is
	 * only for the user postgres to read. */
	files_put("userlist.txt", "");
	c = good("[databases]\n[users]\n[pgbouncer]\n"
	    "logfile = /var/log/postgresql/pgbouncer.log\n"
	    "pidfile = /var/run/postgresql/pgbouncer.pid\n"
	    "listen_addr = localhost\n"
	    "listen_port = 6432\n"
	    "unix_socket_dir = /var/run/postgresql\n"
	    "auth_type = md5\n"
	    "auth_file = userlist.txt\n");
	ck_assert_uint_eq(c->nwarnings, 0);
	ck_assert_str_eq(c->unix_socket_dir, "/var/run/postgresql");
	ck_assert_int_eq(c->auth_type, AUTH_TYPE_MD5);
	ck_assert_str_eq(c->conffile, "c");
	ck_assert(c->userlist != NULL);
	config_unref(c);
}
END_TEST

/* As in a sample without its comment signs. */
START_TEST(defaults_spelled_out_give_no_warning)
{
	const struct setting *rows;
	struct text t = {0};
	struct config *c;
	size_t n, i;

	text_puts(&t, "[pgweir]\nservice_name = x\n");
	rows = config_settings(&n);
	for (i = 0; i < n; i++)
		text_printf(&t, "%s%s = %s\n", rows[i].def ? "" : ";",
		    rows[i].name, rows[i].def != NULL ? rows[i].def : "");
	text_puts(&t, "server_tls_sslmode = disable\nauth_user =\n"
	    "[databases]\na = max_db_connections=0\n");
	c = good(t.p);
	ck_assert_uint_eq(c->nwarnings, 0);
	text_fini(&t);
	config_unref(c);
}
END_TEST

/* Our own sample: as it is, and with ";name =" turned into "name =". */
START_TEST(our_sample_loads_without_a_warning)
{
	FILE *f = fopen(TOP_SRCDIR "/etc/pgweir.ini", "r");
	struct text t = {0};
	struct config *c;
	char line[1024];
	bool main_section = false;

	ck_assert(f != NULL);
	files_put("userlist.txt", "");
	while (fgets(line, sizeof line, f) != NULL) {
		if (strcmp(line, "[pgweir]\n") == 0)
			main_section = true;
		if (strncmp(line, "auth_file = ", 12) == 0)
			text_puts(&t, "auth_file = userlist.txt\n");
		else if (_i == 1 && main_section && line[0] == ';' &&
		    line[1] >= 'a' && line[1] <= 'z' &&
		    strncmp(line, ";conffile", 9) != 0)
			text_puts(&t, line + 1);
		else
			text_puts(&t, line);
	}
	fclose(f);
	ck_assert(main_section);
	c = good(t.p);
	ck_assert_uint_eq(c->nwarnings, 0);
	ck_assert_str_eq(c->listen_addr, "localhost");
	text_fini(&t);
	config_unref(c);
}
END_TEST

static const struct {
	const char *why, *file, *want;
} bad[] = {
	{ "nothing", "", "c: expected a section [pgweir] or [pgbouncer]" },
	{ "no main section", "[databases]\na=\n",
	    "c: expected a section [pgweir] or [pgbouncer]" },
	{ "unknown section", "[pgweir]\n\n[database]\n",
	    "c:3: expected [databases], [users], [peers], [hosts], "
	    "[pgweir] or [pgbouncer], found [database]" },
	{ "section in another case", "[PgWeir]\n",
	    "c:1: expected [databases], [users], [peers], [hosts], "
	    "[pgweir] or [pgbouncer], found [PgWeir]" },
	{ "before any section", "pool_mode=session\n[pgweir]\n",
	    "c:1: expected a section like [databases] before \"pool_mode\"" },
	{ "k33 unknown setting", "[pgweir]\npool_mod = session\n",
	    "c:2: expected a known setting, found \"pool_mod\"; "
	    "is \"pool_mode\" meant?" },
	{ "k33 like nothing we know", "[pgweir]\nxyzzy = 1\n",
	    "c:2: expected a known setting, found \"xyzzy\"" },
	{ "bad value", "[pgweir]\nlisten_port = 6432 ; note\n",
	    "c:2: listen_port: expected a number from 1 to 65535, "
	    "found \"6432 ; note\"" },
	{ "h30 no instances", "[pgweir]\napp_instances = 0\n",
	    "c:2: app_instances: expected a number from 1 to 1000000, "
	    "found \"0\"" },
	{ "h31 fewer connections than instances",
	    "[pgweir]\napp_instances = 5\nserver_connections = 3\n",
	    "c:3: expected server_connections of at least 5, one for each of "
	    "app_instances, found 3" },
	{ "h31 on one host", "[hosts]\n\ndb1 = server_connections=3\n"
	    "[pgweir]\napp_instances = 5\n",
	    "c:3: expected server_connections of at least 5, one for each of "
	    "app_instances, found 3" },
	{ "h30 an instance too many",
	    "[pgweir]\napp_instances = 5\ninstance_number = 5\n",
	    "c:3: expected instance_number from 0 to 4, since app_instances "
	    "is 5, found 5" },
	{ "auto is for later", "[pgweir]\nserver_connections = auto\n",
	    "c:2: server_connections: expected a number from 0 to 1000000, "
	    "found \"auto\"" },
	{ "a host without a port", "[hosts]\ndb1: = server_connections=3\n"
	    "[pgweir]\n", "c:2: expected host:port with a port from 1 to "
	    "65535, found \"db1:\"" },
	{ "an IPv6 address without brackets",
	    "[hosts]\n::1:5432 = server_connections=3\n[pgweir]\n",
	    "c:2: expected host:port with an IPv6 address in [brackets], "
	    "found \"::1:5432\"" },
	{ "same_as nothing", "[hosts]\ndb1 = same_as=:5432\n[pgweir]\n",
	    "c:2: host \"db1\": same_as: expected host:port, found "
	    "\":5432\"" },
	{ "an option that is none", "[hosts]\ndb1 = connections=3\n"
	    "[pgweir]\n", "c:2: host \"db1\": expected a known option, "
	    "found \"connections\"" },
	{ "bad word", "[pgweir]\npool_mode = sesion\n", "c:2: pool_mode: "
	    "expected one of: session, transaction, statement" },
	{ "unknown option", "[pgweir]\n[databases]\na = hst=x\n",
	    "c:3: database \"a\": expected a known option, found \"hst\"; "
	    "is \"host\" meant?" },
	{ "bad option", "[pgweir]\n[databases]\na = host=x port=70000\n",
	    "c:3: database \"a\": port: expected a number from 1 to 65535, "
	    "found \"70000\"" },
	{ "broken pairs", "[pgweir]\n[databases]\na = host='x\n",
	    "c:3: database \"a\": expected a closing ' and a blank behind "
	    "the value of host" },
	{ "the * entry is looked at too", "[pgweir]\n[databases]\n* = x\n",
	    "c:3: database \"*\": expected key=value pairs with blanks "
	    "between them" },
	{ "i22 empty host", "[pgweir]\n[databases]\na = host=x,,y\n",
	    "c:3: database \"a\": expected a host between the commas of "
	    "host" },
	{ "no host at all", "[pgweir]\nunix_socket_dir =\n[databases]\na =\n",
	    "c: database \"a\": expected host=, since unix_socket_dir is "
	    "empty" },
	{ "j27 console's name", "[pgweir]\n[databases]\npgbouncer = host=x\n",
	    "c:3: expected another name: database name \"pgbouncer\" is "
	    "reserved" },
	{ "j27 ours", "[pgweir]\n[databases]\n'pgweir' = host=x\n",
	    "c:3: expected another name: database name \"pgweir\" is "
	    "reserved" },
	{ "the console as auth_dbname", "[pgweir]\nauth_dbname=pgbouncer\n",
	    "c:2: auth_dbname: expected a database other than the console" },
	{ "bad user", "[pgweir]\n[users]\nu = pool_mode=x\n",
	    "c:3: user \"u\": pool_mode: expected one of: session, "
	    "transaction, statement" },
	{ "option of a database for a user", "[pgweir]\n[users]\nu=dbname=x\n",
	    "c:3: user \"u\": expected a known option, found \"dbname\"" },
	{ "peer without a host", "[pgweir]\n[peers]\n1 = port=5\n",
	    "c:3: peer 1: expected host=" },
	{ "peer 0", "[pgweir]\n[peers]\n0 = host=x\n",
	    "c:3: peer \"0\": expected an id from 1 to 65535" },
	{ "peer 65536", "[pgweir]\n[peers]\n65536 = host=x\n",
	    "c:3: peer \"65536\": expected an id from 1 to 65535" },
	{ "peer with a name", "[pgweir]\n[peers]\nx = host=x\n",
	    "c:3: peer \"x\": expected an id from 1 to 65535" },
	{ "PAM cannot be ignored", "[pgweir]\nauth_type = pam\n",
	    "c:2: expected auth_type to be one of: any, trust, plain, md5, "
	    "scram-sha-256, cert, hba; other values are not implemented yet "
	    "and cannot be ignored" },
	{ "an auth_file that is not there", "[pgweir]\nauth_file = no\n",
	    "no: expected a readable auth_file: No such file or directory" },
};

START_TEST(a_bad_file_is_refused_with_its_place)
{
	struct err err = {{0}};

	files_put("c", bad[_i].file);
	ck_assert_msg(config_load("c", &err) == NULL, "%s", bad[_i].why);
	ck_assert_msg(strcmp(err.text, bad[_i].want) == 0,
	    "%s:\n got %s\nwant %s", bad[_i].why, err.text, bad[_i].want);
}
END_TEST

START_TEST(check_lists_everything)
{
	struct config_report r;

	files_put("c", "[pgbouncer]\nlogin_notify_message = x\npool_mod = y\n"
	    "[databases]\na = port=x\nb = auth_user=y auth_query='select 1'\n"
	    "d = auth_user=z\n[pgweir]\nauth_type = pam\n"
	    "pool_idle_timeout = 5\n");
	ck_assert(!config_check("c", &r));
	ck_assert_uint_eq(r.nerrors, 3);
	ck_assert(strncmp(r.errors[0], "c:3: ", 5) == 0);
	ck_assert(strncmp(r.errors[1], "c:5: ", 5) == 0);
	ck_assert(strncmp(r.errors[2], "c:9: ", 5) == 0);
	ck_assert_uint_eq(r.nwarnings, 2);
	ck_assert_str_eq(r.warnings[0], "c:2: login_notify_message is not "
	    "implemented yet: it has no effect");
	ck_assert_str_eq(r.warnings[1], "c:10: pool_idle_timeout is not "
	    "implemented yet: it has no effect");
	config_report_fini(&r);
	files_put("c", "[pgweir]\n");
	ck_assert(config_check("c", &r));
	ck_assert_uint_eq(r.nerrors + r.nwarnings, 0);
	config_report_fini(&r);
}
END_TEST

/* Without a word an operator would take the budget for kept. */
START_TEST(h31_a_host_that_no_database_names_is_warned_of)
{
	struct config *c;

	files_put("c", "[hosts]\ndb1 = server_connections=3\n"
	    "Db1.:5433 = server_connections=4\ndb2:5433 = same_as=db1:5433\n"
	    "db3 = server_connections=5\ndb4 = same_as=db3\n"
	    "[databases]\na = host=other,DB1 port=5433\n* = host=db4\n"
	    "[pgweir]\n");
	c = config_load("c", &(struct err){{0}});
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_eq(c->nwarnings, 2);
	ck_assert_str_eq(c->warnings[0], "c:2: \"db1:5432\": no database "
	    "names this host and port: it has no effect");
	ck_assert_str_eq(c->warnings[1], "c:4: \"db2:5433\": no database "
	    "names this host and port: it has no effect");
	config_unref(c);
}
END_TEST

START_TEST(a_second_header_continues_the_section)
{
	struct config *c = good("[pgbouncer]\nlisten_port = 1\n"
	    "pool_mode = transaction\n[databases]\n[pgweir]\n"
	    "listen_port = 2\n");

	ck_assert_int_eq(c->listen_port, 2);
	ck_assert_int_eq(c->pool_mode, POOL_TRANSACTION);
	config_unref(c);
}
END_TEST

START_TEST(databases_have_what_was_written)
{
	struct config *c = good("[pgweir]\n[databases]\n"
	    "* = host=fallback pool_size=3\n"
	    "plain =\n"
	    "b = host=old\n"
	    "full = host=h1,[::1] port=65000 dbname=d user=u password='p w' "
	    "connect_query='select 1; x' client_encoding=UTF8 datestyle=ISO "
	    "timezone=UTC application_name=n pool_mode=statement "
	    "reserve_pool=4 load_balance_hosts=disable\n"
	    "b = host=new\n");
	const struct config_database *db;

	ck_assert_uint_eq(c->ndatabases, 4);
	db = config_database(c, "full");
	ck_assert_uint_eq(db->nhosts, 2);
	ck_assert_str_eq(db->hosts[1].name, "::1");
	ck_assert_uint_eq(db->hosts[1].port, 65000);
	ck_assert_str_eq(db->user, "u");
	ck_assert_str_eq(db->password, "p w");
	ck_assert_str_eq(db->connect_query, "select 1; x");
	ck_assert_int_eq(db->over.reserve_pool_size, 4);
	ck_assert_int_eq(db->load_balance_hosts, LOAD_BALANCE_DISABLE);
	ck_assert_str_eq(config_dbname(db, "full"), "d");
	db = config_database(c, "plain");
	ck_assert_uint_eq(db->nhosts, 1);
	ck_assert_str_eq(db->hosts[0].name, "/tmp");
	ck_assert_uint_eq(db->hosts[0].port, 5432);
	ck_assert_ptr_null(db->user);
	ck_assert_str_eq(config_dbname(db, "plain"), "plain");
	ck_assert_str_eq(config_database(c, "b")->hosts[0].name, "new");
	db = config_database(c, "any other");
	ck_assert_str_eq(db->name, "*");
	ck_assert_str_eq(config_dbname(db, "any other"), "any other");
	config_unref(c);
	c = good("[pgweir]\n[databases]\na=\n");
	ck_assert_ptr_null(config_database(c, "b"));
	config_unref(c);
}
END_TEST

START_TEST(h11_levels_are_resolved)
{
	struct config *c = good("[pgweir]\ndefault_pool_size = 20\n"
	    "query_wait_timeout = 120\nserver_lifetime = 3600\n"
	    "[databases]\n"
	    "unset = pool_size=-1 query_wait_timeout=-1\n"
	    "zero = pool_size=0 server_lifetime=0 query_wait_timeout=0\n"
	    "set = pool_size=5 server_lifetime=60 query_wait_timeout=7 "
	    "pool_mode=transaction min_pool_size=2\n"
	    "[users]\nzero = pool_size=0 query_wait_timeout=0\n"
	    "set = pool_size=9 pool_mode=statement query_wait_timeout=500ms "
	    "reserve_pool_size=1\n"
	    "unset = pool_size=-1\n");
	const struct config_database *none = config_database(c, "unset");
	const struct config_database *zero = config_database(c, "zero");
	const struct config_database *set = config_database(c, "set");
	const struct config_user *u0 = config_user(c, "zero");
	const struct config_user *u = config_user(c, "set");
	const struct config_user *unset = config_user(c, "unset");

	ck_assert_int_eq(config_pool_size(c, NULL, NULL), 20);
	ck_assert_int_eq(config_pool_size(c, none, unset), 20);
	ck_assert_int_eq(config_pool_size(c, zero, unset), 0);
	ck_assert_int_eq(config_pool_size(c, set, NULL), 5);
	ck_assert_int_eq(config_pool_size(c, set, u), 9);
	ck_assert_int_eq(config_pool_size(c, set, u0), 0);
	ck_assert_int_eq(config_min_pool_size(c, set, u), 2);
	ck_assert_int_eq(config_reserve_pool_size(c, set, u), 1);
	ck_assert_int_eq(config_pool_mode(c, none, NULL), POOL_SESSION);
	ck_assert_int_eq(config_pool_mode(c, set, NULL), POOL_TRANSACTION);
	ck_assert_int_eq(config_pool_mode(c, set, u), POOL_STATEMENT);
	/* 0 inherits here ... */
	ck_assert_int_eq(config_server_lifetime(c, zero, NULL) / USEC_PER_SEC,
	    3600);
	ck_assert_int_eq(config_server_lifetime(c, set, NULL) / USEC_PER_SEC,
	    60);
	/* ... and turns off there. */
	ck_assert_int_eq(config_query_wait_timeout(c, none, NULL) /
	    USEC_PER_SEC, 120);
	ck_assert_int_eq(config_query_wait_timeout(c, zero, NULL), 0);
	ck_assert_int_eq(config_query_wait_timeout(c, set, u0), 0);
	ck_assert_int_eq(config_query_wait_timeout(c, zero, u), 500000);
	ck_assert_int_eq(config_max_user_connections(c, set, u), 0);
	ck_assert_ptr_null(config_user(c, "nobody"));
	config_unref(c);
}
END_TEST

START_TEST(waiting_clients_and_fairness)
{
	struct config *c = good("[pgweir]\nmax_waiting_clients = 500\n"
	    "fair_by = client_addr\n[databases]\n"
	    "own = max_waiting_clients=20\nunset =\n"
	    "zero = max_waiting_clients=0\n");

	ck_assert_int_eq(c->fair_by, FAIR_BY_CLIENT_ADDR);
	ck_assert_int_eq(config_max_waiting_clients(c, config_database(c,
	    "own"), NULL), 20);
	ck_assert_int_eq(config_max_waiting_clients(c, config_database(c,
	    "unset"), NULL), 500);
	ck_assert_int_eq(config_max_waiting_clients(c, config_database(c,
	    "zero"), NULL), 500);
	config_unref(c);
	c = good("[pgweir]\n[databases]\na=\n");
	ck_assert_int_eq(c->fair_by, FAIR_BY_OFF);
	ck_assert_int_eq(config_max_waiting_clients(c, config_database(c,
	    "a"), NULL), 0);
	config_unref(c);
}
END_TEST

START_TEST(peers_are_found_by_number)
{
	struct config *c = good("[pgweir]\npeer_id = 1\n[peers]\n"
	    "20 = host=b port=7\n3 = host=/dir\n3 = host=a pool_size=2\n");

	ck_assert_uint_eq(c->npeers, 2);
	ck_assert_str_eq(config_peer(c, 3)->host, "a");
	ck_assert_int_eq(config_peer(c, 3)->port, 6432);
	ck_assert_int_eq(config_peer(c, 3)->pool_size, 2);
	ck_assert_int_eq(config_peer(c, 20)->port, 7);
	ck_assert_int_eq(config_peer(c, 20)->pool_size, -1);
	ck_assert_ptr_null(config_peer(c, 4));
	config_unref(c);
}
END_TEST

/* The list of differences, one word each. */
static struct text
diff(const struct config *was, const struct config *now)
{
	static const char *const words[] = {
		[CHANGE_SETTING] = "set", [CHANGE_DATABASE_ADDED] = "db+",
		[CHANGE_DATABASE_REMOVED] = "db-",
		[CHANGE_DATABASE_CONNECTION] = "conn",
		[CHANGE_DATABASE_LIMITS] = "limits", [CHANGE_USER] = "user",
		[CHANGE_PEER_ADDED] = "peer+",
		[CHANGE_PEER_REMOVED] = "peer-",
		[CHANGE_PEER_CHANGED] = "peer",
		[CHANGE_SECRET_ADDED] = "secret+",
		[CHANGE_SECRET_REMOVED] = "secret-",
		[CHANGE_SECRET_CHANGED] = "secret",
	};
	struct config_diff d;
	struct text t = {0};
	size_t i;

	config_diff(&d, was, now);
	text_puts(&t, "");
	for (i = 0; i < d.n; i++) {
		text_printf(&t, "%s:", words[d.items[i].kind]);
		if (d.items[i].name != NULL)
			text_printf(&t, "%s ", d.items[i].name);
		else
			text_printf(&t, "%d ", d.items[i].peer);
		ck_assert((d.items[i].setting != NULL) ==
		    (d.items[i].kind == CHANGE_SETTING));
	}
	config_diff_fini(&d);
	return t;
}

static const struct {
	const char *why, *was, *now, *want;
} reloads[] = {
	{ "nothing", "[databases]\na=host=x\n", "[databases]\na=host=x\n",
	    "" },
	{ "the same in other words", "pool_mode=Transaction\nsyslog=no\n"
	    "[databases]\na=host=x port=5432\nb=\n",
	    "[databases]\nb=\na = port=0x1538 host='x'\n[pgweir]\n"
	    "pool_mode=transaction\nsyslog=0\n", "" },
	{ "settings", "pool_mode=transaction\nserver_lifetime=2h\n",
	    "default_pool_size=1\n", "set:pool_mode set:default_pool_size "
	    "set:server_lifetime " },
	{ "databases come and go", "[databases]\na=\nb=\n",
	    "[databases]\nb=\nc=\n", "db-:a db+:c " },
	{ "all go", "[databases]\na=\nb=\n", "", "db-:a db-:b " },
	{ "all come", "", "[databases]\na=\nb=\n", "db+:a db+:b " },
	{ "connection", "[databases]\na=host=x\nb=host=x\nc=user=u\nd=\n",
	    "[databases]\na=host=y\nb=host=x port=1\nc=\nd=dbname=e\n",
	    "conn:a conn:b conn:c conn:d " },
	{ "connect_query", "[databases]\na=connect_query='x'\n",
	    "[databases]\na=connect_query='y'\n", "conn:a " },
	{ "limits only", "[databases]\na=host=x pool_size=1\nb=user=u "
	    "password=p\n", "[databases]\na=host=x pool_size=2\nb=user=u "
	    "password=q\n", "limits:a limits:b " },
	{ "both", "[databases]\na=host=x pool_size=1\n",
	    "[databases]\na=host=y\n", "conn:a limits:a " },
	{ "j21 the * entry", "[databases]\n* = host=x\n",
	    "[databases]\n* = host=y\n", "conn:* " },
	{ "users", "[users]\na=pool_size=1\nb=pool_size=1\nc=\n",
	    "[users]\nb=pool_size=2\nc=\nd=\n", "user:a user:b user:d " },
	{ "peers", "[peers]\n1=host=x\n2=host=x\n5=host=x\n",
	    "[peers]\n2=host=y\n3=host=x\n5=host=x\n",
	    "peer-:1 peer:2 peer+:3 " },
};

START_TEST(a_reload_is_a_list_of_differences)
{
	struct err err = {{0}};
	struct config *was, *now;
	struct text t = {0};

	text_printf(&t, "[pgweir]\n%s", reloads[_i].was);
	was = good(t.p);
	text_clear(&t);
	text_printf(&t, "[pgweir]\n%s", reloads[_i].now);
	files_put("c", t.p);
	text_fini(&t);
	now = config_reload(was, &err);
	ck_assert_msg(now != NULL, "%s", err.text);
	t = diff(was, now);
	ck_assert_msg(strcmp(t.p, reloads[_i].want) == 0,
	    "%s:\n got %s\nwant %s", reloads[_i].why, t.p, reloads[_i].want);
	text_fini(&t);
	config_unref(was);
	config_unref(now);
}
END_TEST

START_TEST(b32_reload_follows_the_userlist)
{
	struct config *was, *now;
	struct err err = {{0}};
	struct text t;

	files_put("u", "\"gone\" \"x\"\n\"kept\" \"x\"\n\"new\" \"x\"\n");
	was = good("[pgweir]\nauth_file = u\n");
	ck_assert_str_eq(config_secret(was, "gone"), "x");
	ck_assert_ptr_null(config_secret(was, "nobody"));
	files_put("u", "\"kept\" \"x\"\n\"new\" \"y\"\n\"added\" \"z\"\n");
	now = config_reload(was, &err);
	ck_assert_ptr_null(config_secret(now, "gone"));
	ck_assert_str_eq(config_secret(now, "new"), "y");
	t = diff(was, now);
	ck_assert_str_eq(t.p, "secret+:added secret-:gone secret:new ");
	text_fini(&t);
	config_unref(now);
	/* A bad line changes nothing at all. */
	files_put("u", "\"kept\" \"x\"\nbroken\n");
	ck_assert(config_reload(was, &err) == NULL);
	ck_assert(strncmp(err.text, "u:2: ", 5) == 0);
	ck_assert_str_eq(config_secret(was, "gone"), "x");
	config_unref(was);
}
END_TEST

START_TEST(j19_a_failed_reload_leaves_the_old_one)
{
	struct config *was = good("[pgweir]\ndefault_pool_size = 7\n"
	    "[databases]\na=host=x\n[peers]\n1=host=x\n");
	struct err err;

	files_put("c", "[pgweir]\ndefault_pool_size = 8\nlisten_port = x\n");
	ck_assert(config_reload(was, &err) == NULL);
	ck_assert(strncmp(err.text, "c:3: listen_port: ", 18) == 0);
	ck_assert_int_eq(was->default_pool_size, 7);
	ck_assert_uint_eq(was->ndatabases, 1);
	ck_assert_uint_eq(was->npeers, 1);
	unlink("c");
	ck_assert(config_reload(was, &err) == NULL);
	config_unref(was);
}
END_TEST

START_TEST(j20_back_and_forth_ends_where_it_began)
{
	static const char a[] = "[pgweir]\npool_mode=transaction\n"
	    "admin_users=x\n[databases]\na=host=x pool_size=3\n*=host=y\n";
	struct config *one = good(a), *two, *three;
	struct err err;
	struct text t;

	files_put("c", "[pgweir]\n[databases]\nb=\n");
	two = config_reload(one, &err);
	files_put("c", a);
	three = config_reload(two, &err);
	t = diff(one, three);
	ck_assert_str_eq(t.p, "");
	text_fini(&t);
	t = diff(one, two);
	ck_assert_str_eq(t.p, "set:pool_mode set:admin_users db-:* db-:a "
	    "db+:b ");
	text_fini(&t);
	config_unref(one);
	config_unref(two);
	config_unref(three);
}
END_TEST

START_TEST(j24_what_needs_a_restart_stays)
{
	struct config *was = good("[pgweir]\nlisten_port = 7000\n"
	    "unix_socket_dir = /a\n[databases]\nd=\n"), *now;
	struct err err;

	files_put("c", "[pgweir]\nlisten_port = 7001\njob_name=x\n"
	    "[databases]\nd=\n");
	now = config_reload(was, &err);
	ck_assert_int_eq(now->listen_port, 7000);
	ck_assert_str_eq(now->unix_socket_dir, "/a");
	ck_assert_str_eq(config_database(now, "d")->hosts[0].name, "/a");
	ck_assert_uint_eq(now->nwarnings, 2);
	ck_assert_str_eq(now->warnings[0], "c:2: listen_port = \"7001\" "
	    "needs a restart; \"7000\" stays in effect");
	ck_assert_str_eq(now->warnings[1], "c: unix_socket_dir = \"/tmp\" "
	    "needs a restart; \"/a\" stays in effect");
	config_unref(was);
	config_unref(now);
}
END_TEST

START_TEST(reload_reads_what_conffile_says)
{
	struct config *was = good("[pgweir]\nconffile = other\n"), *now;
	struct err err;

	files_put("other", "[pgweir]\ndefault_pool_size = 3\n");
	now = config_reload(was, &err);
	ck_assert_int_eq(now->default_pool_size, 3);
	ck_assert_str_eq(now->conffile, "other");
	config_unref(was);
	config_unref(now);
}
END_TEST

static const struct {
	const char *why, *key, *value, *want; /* want: NULL if it is taken */
} sets[] = {
	{ "plain", "default_pool_size", "5", NULL },
	{ "j25 empty text", "server_reset_query", "", NULL },
	{ "j25 unit", "query_wait_timeout", "5min", NULL },
	{ "j25 out of range", "default_pool_size", "-1", "default_pool_size: "
	    "expected a number from 0 to 1000000, found \"-1\"" },
	{ "j25 empty number", "default_pool_size", "", "default_pool_size: "
	    "expected a number from 0 to 1000000, found \"\"" },
	{ "unknown", "pool_mod", "session", "expected a known setting, found "
	    "\"pool_mod\"; is \"pool_mode\" meant?" },
	{ "needs a restart", "listen_port", "5", "listen_port can be changed "
	    "by a restart only" },
	{ "not implemented", "auth_type", "pam", "expected auth_type to be "
	    "one of: any, trust, plain, md5, scram-sha-256, cert, hba; other "
	    "values are not implemented yet and cannot be ignored" },
	{ "the console", "auth_dbname", "pgweir", "auth_dbname: expected a "
	    "database other than the console" },
};

START_TEST(set_makes_a_checked_copy)
{
	struct config *was, *now;
	struct err err = {{0}};
	struct text t;

	files_put("u", "\"a\" \"x\"\n");
	was = good("[pgweir]\nauth_file=u\n[databases]\na=host=x,y user=u "
	    "password=p\n*=pool_size=3\n[users]\nu=pool_size=1\n"
	    "[peers]\n1=host=x\n");
	now = config_set(was, sets[_i].key, sets[_i].value, &err);
	if (sets[_i].want != NULL) {
		ck_assert_msg(now == NULL, "%s", sets[_i].why);
		ck_assert_str_eq(err.text, sets[_i].want);
	} else {
		ck_assert_msg(now != NULL, "%s: %s", sets[_i].why, err.text);
		t = diff(was, now);
		ck_assert(strncmp(t.p, "set:", 4) == 0);
		ck_assert_str_eq(strchr(t.p, ' '), " ");
		text_fini(&t);
		ck_assert_str_eq(config_secret(now, "a"), "x");
		ck_assert_str_eq(config_database(now, "a")->hosts[1].name,
		    "y");
	}
	config_unref(was);
	config_unref(now);
}
END_TEST

START_TEST(set_warns_of_what_has_no_effect)
{
	struct config *was = good("[pgweir]\n"), *now;
	struct err err;

	now = config_set(was, "pool_idle_timeout", "5", &err);
	ck_assert_uint_eq(now->nwarnings, 1);
	config_unref(now);
	config_unref(was);
}
END_TEST

START_TEST(references_are_counted)
{
	struct config *c = good("[pgweir]\n"), *again = config_ref(c);

	ck_assert_ptr_eq(c, again);
	config_unref(c);
	ck_assert_int_eq(again->listen_port, 6432);
	config_unref(again);
	config_unref(NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("config");
	TCase *tc = tcase_create("files");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, files_start, files_stop);
	tcase_add_test(tc, debian_sample_loads_without_a_warning);
	tcase_add_test(tc, defaults_spelled_out_give_no_warning);
	tcase_add_loop_test(tc, our_sample_loads_without_a_warning, 0, 2);
	tcase_add_loop_test(tc, a_bad_file_is_refused_with_its_place, 0,
	    (int)countof(bad));
	tcase_add_test(tc, check_lists_everything);
	tcase_add_test(tc, h31_a_host_that_no_database_names_is_warned_of);
	tcase_add_test(tc, a_second_header_continues_the_section);
	tcase_add_test(tc, databases_have_what_was_written);
	tcase_add_test(tc, h11_levels_are_resolved);
	tcase_add_test(tc, waiting_clients_and_fairness);
	tcase_add_test(tc, peers_are_found_by_number);
	tcase_add_loop_test(tc, a_reload_is_a_list_of_differences, 0,
	    (int)countof(reloads));
	tcase_add_test(tc, b32_reload_follows_the_userlist);
	tcase_add_test(tc, j19_a_failed_reload_leaves_the_old_one);
	tcase_add_test(tc, j20_back_and_forth_ends_where_it_began);
	tcase_add_test(tc, j24_what_needs_a_restart_stays);
	tcase_add_test(tc, reload_reads_what_conffile_says);
	tcase_add_loop_test(tc, set_makes_a_checked_copy, 0,
	    (int)countof(sets));
	tcase_add_test(tc, set_warns_of_what_has_no_effect);
	tcase_add_test(tc, references_are_counted);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
