/*
 * test_params.c - a client's parameters on whatever server it gets
 * (pitfalls e).
 */
#include "base/must.h"
#include "conversation/play.h"
#include "conversation/world.h"

#define TRANSACTION "pool_mode = transaction\ndefault_pool_size = 1\n"
#define SEARCH_PATH TRANSACTION "track_extra_parameters = search_path\n"

static const struct play cases[] = {
	{ "e01: two clients in turn on one server", NULL, {
		"client 1 joins TimeZone=Europe/Berlin",
		"client 2 joins TimeZone=Asia/Tokyo&DateStyle=ISO, DMY",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Europe/Berlin';",
		"client 1 <",
		"server 1: C SET / S TimeZone=Europe/Berlin / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q SET DateStyle='ISO, DMY';"
		    "SET TimeZone='Asia/Tokyo';",
		"server 1: C SET / S DateStyle=ISO, DMY / C SET / "
		    "S TimeZone=Asia/Tokyo / Z I",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I",
		"client 1: Q SELECT 3",
		"server 1 < Q SET DateStyle='ISO, MDY';"
		    "SET TimeZone='Europe/Berlin';" } },
	{ "e01: the same client again needs no SET", NULL, {
		"client 1 joins TimeZone=Europe/Berlin",
		"client 1: Q SELECT 1",
		"server 1: C SET / S TimeZone=Europe/Berlin / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e01: what a client sets itself follows it", NULL, {
		"client 1: Q SET TimeZone TO 'Asia/Tokyo'",
		"server 1: C SET / S TimeZone=Asia/Tokyo / Z I",
		"client 1 < C SET / S TimeZone=Asia/Tokyo / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q SET TimeZone='UTC';",
		"server 1: C SET / S TimeZone=UTC / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Asia/Tokyo';" } },
	{ "e03: what the server does not report is undone as well",
	    SEARCH_PATH, {
		"client 1 joins search_path=a",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT pg_catalog.set_config('search_path',"
		    "'a',false);",
		"server 1: T / D a / C SELECT 1 / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q RESET search_path;",
		"server 1: C RESET / Z I",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I",
		"client 1: Q SELECT 3",
		"server 1 < Q SELECT pg_catalog.set_config('search_path',"
		    "'a',false);" } },
	{ "e04: another case is no other value", NULL, {
		"client 1 joins client_encoding=utf8&TimeZone=utc",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1" } },
	{ "e04: another spelling is set once", NULL, {
		"client 1 joins DateStyle=ISO",
		"client 1: Q SELECT 1",
		"server 1 < Q SET DateStyle='ISO';",
		"server 1: C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e05: a value that the server cut is set once", NULL, {
		"client 1 joins application_name=a long name",
		"client 1: Q SELECT 1",
		"server 1: C SET / S application_name=a long / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e06: the empty string is a value", NULL, {
		"client 1 joins application_name=one",
		"client 2 joins application_name=",
		"client 1: Q SELECT 1",
		"server 1: C SET / S application_name=one / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q SET application_name='';" } },
	{ "e07: who has set nothing gets the default", NULL, {
		"client 1 joins DateStyle=German, DMY",
		"client 2 joins",
		"client 1: Q SELECT 1",
		"server 1: C SET / S DateStyle=German, DMY / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q SET DateStyle='ISO, MDY';" } },
	{ "e08: quotes", NULL, {
		"client 1 joins application_name=it's",
		"client 1: Q SELECT 1",
		"server 1 < Q SET application_name='it''s';" } },
	{ "e09: a list keeps its quotes", SEARCH_PATH, {
		"client 1 joins search_path=a, \"B c\"",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT pg_catalog.set_config('search_path',"
		    "'a, \"B c\"',false);",
		"server 1: T / D x / C SELECT 1 / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e15: DISCARD ALL leads back to what was asked for", NULL, {
		"resets by hand",
		"client 1 joins TimeZone=Mars",
		"client 1: Q DISCARD ALL",
		"server 1: S TimeZone=Mars / C SET / Z I",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / S TimeZone=UTC / Z I",
		"client 1 < C DISCARD ALL / S TimeZone=UTC / Z I / "
		    "S TimeZone=Mars",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Mars';" } },
	{ "e15: so does RESET of what changes", NULL, {
		"client 1 joins TimeZone=Mars",
		"client 1: Q RESET TimeZone",
		"server 1: S TimeZone=Mars / C SET / Z I",
		"server 1: C RESET / S TimeZone=UTC / Z I",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Mars';" } },
	{ "e10: the server refuses a value", NULL, {
		"client 1 joins TimeZone=Nowhere",
		"client 1: Q SELECT 1",
		"server 1: E 22023 invalid value / Z I",
		"client 1 < E 22023 / Z I",
		"client 1 is here",
		"owner 1 = pool",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I" } },
	{ "e11: the server dies while it is being dressed", NULL, {
		"client 1 joins TimeZone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"server 1 dies",
		"server 2 < Q SET TimeZone='Asia/Tokyo';",
		"server 2: C SET / S TimeZone=Asia/Tokyo / Z I",
		"server 2 < Q SELECT 1",
		"server 2: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I" } },
	{ "e11: one server after the other dies so", NULL, {
		"client 1 joins TimeZone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"server 1 dies",
		"server 2 dies",
		"server 3 dies",
		"client 1 < E FATAL 08006",
		"client 1 is gone" } },
	{ "e12: SET in a transaction that is rolled back", NULL, {
		"client 1: Q BEGIN",
		"server 1: C BEGIN / Z T",
		"client 1: Q SET TimeZone TO 'Asia/Tokyo'",
		"server 1: C SET / S TimeZone=Asia/Tokyo / Z T",
		"client 1: Q ROLLBACK",
		"server 1: C ROLLBACK / S TimeZone=UTC / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1" } },
	{ "e18: what nobody can set is no startup parameter", NULL, {
		"client 1 comes server_version=9",
		"client 1 < E FATAL 55P02 parameter \"server_version\" cannot",
		"client 1 is gone" } },
	{ "e18: not even when it is to be tracked",
	    TRANSACTION "track_extra_parameters = is_superuser\n"
	    "ignore_startup_parameters = is_superuser\n", {
		"client 1 joins is_superuser=on",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT 1" } },
	{ "e01, e02: two clients with extras, and one without", NULL, {
		"client 1 joins search_path=a, \"B c\"&Statement_Timeout=5s",
		"client 2 joins options=-c search_path=b -c App.tenant=7",
		"client 3 joins",
		"client 1: Q SELECT 1",
		"server 1 < Q SELECT pg_catalog.set_config('search_path',"
		    "'a, \"B c\"',false);SET \"statement_timeout\"='5s';",
		"server 1: T / D a / C SELECT 1 / C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q RESET \"statement_timeout\";"
		    "RESET \"search_path\";"
		    "SET \"app\".\"tenant\"='7';"
		    "SELECT pg_catalog.set_config('search_path','b',false);",
		"server 1: C RESET / C RESET / C SET / T / D b / C SELECT 1 / "
		    "Z I",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I",
		"client 3: Q SELECT 3",
		"server 1 < Q RESET \"search_path\";"
		    "RESET \"app\".\"tenant\";",
		"server 1: C RESET / C RESET / Z I",
		"server 1 < Q SELECT 3",
		"server 1: C SELECT 1 / Z I",
		"client 3 < C SELECT 1 / Z I" } },
	{ "e01: equal extras, whoever asked for them, need no SET", NULL, {
		"client 1 joins extra_float_digits=3&jit=off",
		"client 2 joins options=--jit=off --extra-float-digits=3",
		"client 1: Q SELECT 1",
		"server 1 < Q SET \"extra_float_digits\"='3';"
		    "SET \"jit\"='off';",
		"server 1: C SET / C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q SELECT 3",
		"server 1 < Q SELECT 3" } },
	{ "e02: a new server has none", NULL, {
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1 < Q SET \"jit\"='off';",
		"server 1: C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"server 1 dies",
		"client 1: Q SELECT 2",
		"server 2 < Q SET \"jit\"='off';",
		"server 2: C SET / Z I",
		"server 2 < Q SELECT 2" } },
	{ "e10: the server refuses an extra", NULL, {
		"client 1 joins work_mem=lots",
		"client 1: Q SELECT 1",
		"server 1 < Q SET \"work_mem\"='lots';",
		"server 1: E 22023 invalid value for work_mem / Z I",
		"client 1 < E 22023 invalid value for work_mem / Z I",
		"client 1 is here",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I" } },
	{ "e10: one who comes behind another", NULL, {
		"client 1 joins jit=off",
		"client 2 joins work_mem=lots",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q RESET \"jit\";SET \"work_mem\"='lots';",
		"server 1: C RESET / E 22023 invalid value / Z I",
		"server 1 < Q RESET \"jit\";",
		"server 1: C RESET / Z I",
		"server 1 < Q SET \"work_mem\"='lots';",
		"server 1: E 22023 invalid value / Z I",
		"client 2 < E 22023 invalid value / Z I",
		"client 2 is here",
		"client 3: Q SELECT 3",
		"server 1 < Q SELECT 3" } },
	{ "e10: what cannot be taken off costs the server, not the next one",
	    NULL, {
		"client 1 joins seed.less=1",
		"client 2 joins",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q RESET \"seed\".\"less\";",
		"server 1: E 55P02 cannot be reset / Z I",
		"server 1 < Q RESET \"seed\".\"less\";",
		"server 1: E 55P02 cannot be reset / Z I",
		"server 2 < Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I" } },
	{ "e11: the client leaves while the one before it is taken off", NULL, {
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2 joins work_mem=lots",
		"client 2: Q SELECT 2",
		"server 1: C RESET / E 22023 invalid value / Z I",
		"server 1 < Q RESET \"jit\";",
		"client 2 leaves",
		"client 3: Q SELECT 3",
		"server 2 < Q SELECT 3" } },
	{ "e11: the server dies while the one before is taken off", NULL, {
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 2: Q SELECT 2",
		"server 1 < Q RESET \"jit\";",
		"server 1 dies",
		"server 2 < Q SELECT 2",
		"server 2: C SELECT 1 / Z I",
		"client 2 < C SELECT 1 / Z I" } },
	{ "e15: DISCARD ALL takes them off, RESET leaves a doubt", NULL, {
		"resets by hand",
		"client 1 joins jit=off",
		"client 1: Q DISCARD ALL",
		"server 1: C SET / Z I",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / Z I",
		"client 1 < C DISCARD ALL / Z I",
		"client 1: Q RESET ALL",
		"server 1 < Q SET \"jit\"='off';",
		"server 1: C SET / Z I",
		"server 1 < Q RESET ALL",
		"server 1: C RESET / Z I",
		"client 1 < C RESET / Z I",
		"client 1: Q SELECT 1",
		"server 1 < Q RESET \"jit\";SET \"jit\"='off';",
		"server 1: C RESET / C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e15: what follows in the same write has them again", NULL, {
		"resets by hand",
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q DISCARD ALL / Q SELECT 2 / Q RESET ALL /"
		    " Q SELECT 3",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / Z I",
		"server 1 < Q SET \"jit\"='off';",
		"server 1: C SET / Z I",
		"server 1 < Q SELECT 2 / Q RESET ALL",
		"server 1: C SELECT 2 / Z I / C RESET / Z I",
		"server 1 < Q RESET \"jit\";SET \"jit\"='off';",
		"server 1: C RESET / C SET / Z I",
		"server 1 < Q SELECT 3" } },
	{ "e15: also in the extended protocol", NULL, {
		"resets by hand",
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1 < Q SELECT 1",
		"server 1: C SELECT 1 / Z I",
		"client 1: P - RESET ALL / B - - / E - 0 / S / Q SELECT 2",
		"server 1 < P - RESET ALL / B - - / E - 0 / S",
		"server 1: 1 / 2 / C RESET / Z I",
		"server 1 < Q RESET \"jit\";SET \"jit\"='off';",
		"server 1: C RESET / C SET / Z I",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I" } },
	{ "e15: what follows in a transaction only waits", NULL, {
		"client 1 joins jit=off",
		"client 1: Q BEGIN / Q RESET jit / Q COMMIT / Q SELECT 2",
		"server 1: C SET / Z I",
		"server 1 < Q BEGIN / Q RESET jit",
		"server 1: C BEGIN / Z T",
		"server 1: C RESET / Z T",
		"server 1 < Q COMMIT / Q SELECT 2" } },
	{ "e15: in session pooling they are put on again at once",
	    "default_pool_size = 1\n", {
		"resets by hand",
		"client 1 joins jit=off&TimeZone=Mars",
		"client 1: Q SELECT 1",
		"server 1: S TimeZone=Mars / C SET / C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1: Q DISCARD ALL",
		"client 1 < C SELECT 1 / Z I",
		"server 1: C DISCARD ALL / S TimeZone=UTC / Z I",
		"client 1 < C DISCARD ALL / S TimeZone=UTC / Z I / "
		    "S TimeZone=Mars",
		"server 1 < Q SET TimeZone='Mars';SET \"jit\"='off';",
		"client 1: Q SELECT 2",
		"server 1 <",
		"server 1: S TimeZone=Mars / C SET / C SET / Z I",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 2 / Z I",
		"client 1 < C SELECT 2 / Z I",
		"client 1: Q SET search_path = b",
		"server 1: C SET / Z I",
		"client 1: Q RESET x",
		"server 1 < Q RESET x",
		"server 1: C RESET / Z I",
		"server 1 <" } },
	{ "e15: in session pooling nothing waits",
	    "default_pool_size = 1\n", {
		"resets by hand",
		"client 1: Q DISCARD ALL / Q SELECT 2",
		"server 1 < Q DISCARD ALL / Q SELECT 2" } },
	{ "e15: in session pooling the reset query takes them off",
	    "default_pool_size = 1\n", {
		"resets by hand",
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1 < Q SET \"jit\"='off';",
		"server 1: C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 1: Q SELECT 2",
		"server 1 < Q SELECT 2",
		"server 1: C SELECT 1 / Z I",
		"client 1 < C SELECT 1 / Z I",
		"client 1 leaves",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / Z I",
		"client 2 joins",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
	{ "e15: a reset query that does not, does not",
	    "default_pool_size = 1\nserver_reset_query = UNLISTEN *\n", {
		"resets by hand",
		"client 1 joins jit=off",
		"client 1: Q SELECT 1",
		"server 1: C SET / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 leaves",
		"server 1 < Q UNLISTEN *",
		"server 1: C UNLISTEN / Z I",
		"client 2 joins",
		"client 2: Q SELECT 2",
		"server 1 < Q RESET \"jit\";",
		"server 1: C RESET / Z I",
		"server 1 < Q SELECT 2" } },
	{ "e20: names in any case", NULL, {
		"client 1 joins timezone=Asia/Tokyo&DATESTYLE=ISO, DMY",
		"client 1: Q SELECT 1",
		"server 1 < Q SET DateStyle='ISO, DMY';"
		    "SET TimeZone='Asia/Tokyo';" } },
	{ "a33: parameters in options", NULL, {
		"client 1 joins options=-c timezone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"server 1 < Q SET TimeZone='Asia/Tokyo';" } },
	{ "e15: what a reset changes is reported, and put right",
	    "default_pool_size = 1\n", {
		"resets by hand",
		"client 1 joins TimeZone=Asia/Tokyo",
		"client 1: Q SELECT 1",
		"server 1: C SET / S TimeZone=Asia/Tokyo / Z I",
		"server 1: C SELECT 1 / Z I",
		"client 1 leaves",
		"server 1 < Q DISCARD ALL",
		"server 1: C DISCARD ALL / S TimeZone=UTC / Z I",
		"client 2 joins",
		"client 2: Q SELECT 2",
		"server 1 < Q SELECT 2" } },
};

START_TEST(parameters_follow_their_client)
{
	play(&cases[_i], TRANSACTION);
}
END_TEST

START_TEST(e19_values_reach_the_client_unchanged)
{
	struct world *w = world_start(TRANSACTION);

	servers_report(w, "server_version=16.1 (Debian 16.1-1)");
	servers_report(w, "something.new=a\"b'c");
	client_joins(w, 1, "");
	ck_assert_str_eq(client_param(w, 1, "server_version"),
	    "16.1 (Debian 16.1-1)");
	ck_assert_str_eq(client_param(w, 1, "something.new"), "a\"b'c");
	ck_assert_str_eq(client_param(w, 1, "TimeZone"), "UTC");
	ck_assert_str_eq(client_param(w, 1, "application_name"), "");
	client_joins(w, 2, "timezone=Asia/Tokyo");
	ck_assert_str_eq(client_param(w, 2, "TimeZone"), "Asia/Tokyo");
	world_stop(w);
}
END_TEST

/* e08: a backslash means something else in other settings and encodings. */
START_TEST(e08_backslashes_are_dollar_quoted)
{
	struct world *w = world_start(TRANSACTION);
	struct text line = { 0 };

	client_joins(w, 1, "application_name=a\\'b");
	client_sends(w, 1, "Q SELECT 1");
	server_next(w, 1, &line);
	ck_assert(strncmp(line.p, "Q SET application_name=$q", 25) == 0);
	ck_assert(strstr(line.p, "$a\\'b$") != NULL);
	text_fini(&line);
	world_stop(w);
}
END_TEST

/* e08: 64 KB, through every buffer on the way. */
START_TEST(e08_long_values)
{
	struct world *w = world_start(TRANSACTION);
	struct text params = { 0 }, line = { 0 };
	size_t i;

	text_puts(&params, "application_name=");
	for (i = 0; i < 9000; i++)
		text_puts(&params, "x");
	client_joins(w, 1, params.p);
	client_sends(w, 1, "Q SELECT 1");
	server_next(w, 1, &line);
	ck_assert_uint_eq(line.n, strlen("Q SET application_name='';") + 9000);
	text_fini(&params);
	text_fini(&line);
	world_stop(w);
}
END_TEST

START_TEST(m_there_is_a_limit_of_settings)
{
	struct world *w = world_start(TRANSACTION);
	struct text params = { 0 };
	int i;

	for (i = 0; i < 65; i++)
		text_printf(&params, "%smy.n%d=1", i > 0 ? "&" : "", i);
	client_comes(w, 1, params.p);
	client_gets(w, 1, "E FATAL 53400 too many startup parameters");
	text_clear(&params);
	for (i = 0; i < 64; i++)
		text_puts(&params, "n");
	text_puts(&params, "=1");
	client_comes(w, 2, params.p);
	client_gets(w, 2, "E FATAL 42602 invalid configuration parameter");
	text_fini(&params);
	world_stop(w);
}
END_TEST

START_TEST(e23_application_name_add_host)
{
	struct world *w = world_start(TRANSACTION
	    "application_name_add_host = 1\n");

	client_joins(w, 7, "application_name=shop");
	ck_assert_str_eq(client_param(w, 7, "application_name"),
	    "shop - 10.0.0.1:7");
	client_joins(w, 8, "");
	ck_assert_str_eq(client_param(w, 8, "application_name"),
	    "app - 10.0.0.1:8");
	world_stop(w);
}
END_TEST

/* a37: a server of another version, and its news for new clients only. */
START_TEST(a37_new_clients_see_the_new_server)
{
	struct world *w = world_start(TRANSACTION);

	client_joins(w, 1, "");
	servers_report(w, "server_version=17.0");
	control_reconnect(w->pooler, NULL);
	client_sends(w, 1, "Q SELECT 1");
	server_replies(w, 2, "C SELECT 1", "Z I");
	client_joins(w, 2, "");
	ck_assert_str_eq(client_param(w, 1, "server_version"), "15.4");
	ck_assert_str_eq(client_param(w, 2, "server_version"), "17.0");
	world_stop(w);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("params");
	TCase *t = tcase_create("params");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, parameters_follow_their_client, 0,
	    (int)countof(cases));
	tcase_add_test(t, e19_values_reach_the_client_unchanged);
	tcase_add_test(t, e08_backslashes_are_dollar_quoted);
	tcase_add_test(t, e08_long_values);
	tcase_add_test(t, m_there_is_a_limit_of_settings);
	tcase_add_test(t, e23_application_name_add_host);
	tcase_add_test(t, a37_new_clients_see_the_new_server);
	suite_add_tcase(s, t);
	return world_run(s);
}
