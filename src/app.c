/*
 * app.c - the program around the pooler.
 *
 * Order of the start, which matters: the configuration is read as whoever
 * started us; then we become who we shall be, before any file is made or
 * any byte of a client is read; then the pid file is looked at; then we go
 * to the background; only then there is a loop, because the kernel's event
 * queue does not survive a fork; then we listen; last the pid file is
 * written and whoever waits is told that we are up. With -R the process that
 * runs is asked for its sockets before its pid file is looked at, and told
 * that it may go when nothing can fail any more.
 *
 * What fails on the way ends the program with status 1 and one FATAL line.
 * From "process up" on, only signals and the console end it, with status 0.
 *
 * A reload is all or nothing: the new configuration is read and checked, the
 * log is reopened, and only then the pooler gets it.
 */
#include "app.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/must.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "pgwire/crypto.h"
#include "config/config.h"
#include "config/load.h"
#include "config/userlist.h"
#include "pool/control.h"
#include "pool/pooler.h"
#include "pool/succession.h"
#include "admin/console.h"

#include "daemon.h"
#include "entrance.h"
#include "service.h"

static const int signals[] = {
	SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2
};

struct app {
	const struct options *options;
	struct loop *loop;
	struct entrance entrance;
	struct pooler *pooler;
	struct pidfile pidfile;
	struct background background;
	struct app_signal {
		struct signal_watch watch;
		struct app *app;
	} signals[countof(signals)];
	struct watchdog {       /* the service manager's */
		struct timer timer;
		int64_t every_usec;     /* 0: none */
	} watchdog;
	char *program;          /* our executable file */
	bool succeeded;         /* another process has our place */
	bool drained;           /* nobody is left; see stopped() */
	bool detached;          /* standard error leads nowhere */
};

static bool
has_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/*
 * Configuration and log.
 */

static struct config *
load(const struct options *o, struct err *err)
{
	return o->source_is_url ? config_from_url(o->source, err) :
	    config_load(o->source, err);
}

/* Log what the configuration warns of, unless the one before did so too. */
static void
log_warnings(const struct config *c, const struct config *before)
{
	size_t i, k;

	for (i = 0; i < c->nwarnings; i++) {
		for (k = 0; before != NULL && k < before->nwarnings; k++)
			if (strcmp(c->warnings[i], before->warnings[k]) == 0)
				break;
		if (before == NULL || k == before->nwarnings)
			log_warning(NULL, "%s", c->warnings[i]);
	}
}

static bool
set_up_log(const struct app *app, const struct config *c, struct err *err)
{
	const struct log_setup setup = {
		.file = c->logfile,
		.syslog_ident = c->syslog ? c->syslog_ident : NULL,
		.syslog_facility = c->syslog_facility,
		.verbose = c->verbose > 0 ? c->verbose :
		    app->options->verbose,
		.to_stderr = !app->options->quiet && !app->detached,
	};

	return log_open(&setup, err);
}

static struct listener_options
socket_options(const struct config *c)
{
	return (struct listener_options){
		.backlog = c->listen_backlog,
		.reuseport = c->so_reuseport,
		.defer_accept = c->tcp_defer_accept,
		.keepalive = c->tcp_keepalive,
		.keepidle = c->tcp_keepidle,
		.keepintvl = c->tcp_keepintvl,
		.keepcnt = c->tcp_keepcnt,
		.user_timeout_msec = c->tcp_user_timeout,
		.socket_buffer = c->tcp_socket_buffer,
	};
}

/* struct program_hooks: also for a SET of the console. */
static bool
apply(void *context, const struct config *fresh, struct err *err)
{
	struct app *app = context;
	const struct listener_options o = socket_options(fresh);
	const struct config *old = config_ref(pooler_config(app->pooler));
	bool ok = set_up_log(app, fresh, err);
	struct err ignored;

	if (ok) {
		ok = pooler_reload(app->pooler, fresh, err);
		if (!ok)
			(void)set_up_log(app, old, &ignored);
	}
	if (ok) {
		log_warnings(fresh, old);
		listeners_set_options(&app->entrance.listeners, &o);
	}
	config_unref(old);
	return ok;
}

static bool
take_new_config(struct app *app, struct err *err)
{
	const struct config *old = pooler_config(app->pooler);
	struct config *fresh = config_reload(old, err);
	bool ok = fresh != NULL && apply(app, fresh, err);
	struct err ignored;

	/* The file of the log may have been rotated all the same. */
	if (fresh == NULL)
		(void)set_up_log(app, old, &ignored);
	config_unref(fresh);
	return ok;
}

/* struct program_hooks: a RELOAD of the console, or SIGHUP. */
static bool
reload(void *context, struct err *err)
{
	struct app *app = context;
	bool ok;

	/* After a handover the manager knows another process. */
	if (app->succeeded)
		return take_new_config(app, err);
	service_reloading();
	ok = take_new_config(app, err);
	service_ready();
	return ok;
}

/*
 * Signals.
 */

static void
on_hup(struct app *app)
{
	struct err err;

	log_info(NULL, "got SIGHUP, re-reading config");
	if (!control_reload(app->pooler, &err))
		log_error(NULL, "reload failed, nothing was changed: %s",
		    err.text);
}

static void
on_shutdown_signal(struct app *app, const char *name,
    enum shutdown_mode mode, const char *what)
{
	if (control_state(app->pooler).shutting_down) {
		log_info(NULL, "got %s while shutting down, fast exit", name);
		mode = SHUTDOWN_NOW;
	} else {
		log_info(NULL, "got %s, %s", name, what);
	}
	control_shutdown(app->pooler, mode);
}

static void
on_pause(struct app *app)
{
	const enum control result = control_pause(app->pooler, NULL, NULL);

	if (result == CONTROL_ALREADY)
		log_info(NULL, "got SIGUSR1, but already paused/suspended");
	else if (result == CONTROL_SHUTTING_DOWN)
		log_info(NULL, "got SIGUSR1, but shutting down");
	else
		log_info(NULL, "got SIGUSR1, pausing all activity");
}

static void
on_resume(struct app *app)
{
	if (control_resume(app->pooler, NULL) == CONTROL_DONE)
		log_info(NULL, "got SIGUSR2, continuing from PAUSE");
	else
		log_info(NULL, "got SIGUSR2, but not paused/suspended");
}

static void
on_signal(struct signal_watch *w, int signo)
{
	struct app *app = container_of(w, struct app_signal, watch)->app;

	if (signo == SIGHUP)
		on_hup(app);
	else if (signo == SIGTERM)
		on_shutdown_signal(app, "SIGTERM", SHUTDOWN_WAIT_FOR_CLIENTS,
		    "shutting down, waiting for all clients disconnect");
	else if (signo == SIGINT)
		on_shutdown_signal(app, "SIGINT", SHUTDOWN_WAIT_FOR_SERVERS,
		    "shutting down, waiting for all servers connections to "
		    "be released");
	else if (signo == SIGQUIT)
		on_shutdown_signal(app, "SIGQUIT", SHUTDOWN_NOW, "fast exit");
	else if (signo == SIGUSR1)
		on_pause(app);
	else
		on_resume(app);
}

static void
watch_signals(struct app *app)
{
	size_t i;

	for (i = 0; i < countof(signals); i++) {
		app->signals[i].app = app;
		signal_watch_start(&app->signals[i].watch, app->loop,
		    signals[i], on_signal);
	}
}

/*
 * What the pooler asks of us.
 */

static void
stop_listening(void *context)
{
	struct app *app = context;

	if (app->succeeded)
		return;
	timer_disarm(&app->watchdog.timer);
	service_stopping();
	if (entrance_close(&app->entrance))
		control_let_in(app->pooler);
}

static void
hold_listening(void *context, bool held)
{
	struct app *app = context;

	listeners_hold(&app->entrance.listeners, held);
}

/* Clients of the process before us may still want to cancel: they reach it
 * through us, so we stay as long as it does. */
static void
stopped(void *context)
{
	struct app *app = context;

	app->drained = true;
	if (app->succeeded && control_state(app->pooler).waits_for_clients &&
	    entrance_has_predecessor(&app->entrance))
		return;
	loop_stop(app->loop);
}

static void
on_accept(struct listeners *ls, int fd, const struct addr *peer,
    const struct addr *local)
{
	struct app *app = container_of(ls, struct app, entrance.listeners);

	pooler_accept(app->pooler, fd, peer, local);
}

/*
 * The process before us, and the one after us.
 */

static int
reach_predecessor(void *context)
{
	struct app *app = context;

	return takeover_reach(&app->entrance.takeover);
}

static struct app *
app_of_takeover(struct takeover *t)
{
	return container_of(t, struct app, entrance.takeover);
}

static void
on_predecessor_budget(struct takeover *t, const char *key, uint32_t kept)
{
	succession_withhold(app_of_takeover(t)->pooler, key, kept);
}

static void
on_predecessor_gone(struct takeover *t)
{
	struct app *app = app_of_takeover(t);

	log_info(NULL, "the process before us has ended");
	succession_withhold(app->pooler, NULL, 0);
	if (app->drained)
		loop_stop(app->loop);
}

static void
tell_budget(void *arg, const char *key, uint32_t kept)
{
	handover_budget(arg, key, kept);
}

/* struct handover_hooks, from here on. */
static void
share_budgets(void *context)
{
	struct app *app = context;

	succession_keep(app->pooler, tell_budget, &app->entrance.handover);
}

static void
keep_budgets(void *context)
{
	struct app *app = context;

	succession_undo(app->pooler);
}

static void
on_client_of_ours(void *context, int fd)
{
	struct app *app = context;
	const struct addr a = { .family = AF_UNIX, .port =
		(uint16_t)pooler_config(app->pooler)->listen_port };

	pooler_accept(app->pooler, fd, &a, &a);
}

static void
on_succeeded(void *context, pid_t pid)
{
	struct app *app = context;

	log_info(NULL, "process %ld accepts clients from now on; we end when "
	    "our last one has left", (long)pid);
	app->succeeded = true;
	pidfile_forget(&app->pidfile);
	timer_disarm(&app->watchdog.timer);
	control_hand_over(app->pooler);
}

/* The same command line, but for -R in place of -d and -u. */
static pid_t
start_successor(void *context)
{
	struct app *app = context;
	const struct options *o = app->options;
	char reboot[] = "-R", quiet[] = "-q", verbose[] = "-v", *argv[7];
	char *source;
	pid_t pid;
	int n = 0;

	if (app->program == NULL)
		return -1;
	source = mem_strdup(o->source);
	argv[n++] = app->program;
	argv[n++] = reboot;
	if (o->quiet || app->detached)
		argv[n++] = quiet;
	if (o->verbose > 0)
		argv[n++] = verbose;
	if (o->verbose > 1)
		argv[n++] = verbose;
	argv[n++] = source;
	argv[n] = NULL;
	pid = daemon_spawn(argv);
	mem_free(source);
	return pid;
}

/*
 * Start.
 */

/* As many descriptors as may be needed if everybody comes. */
static uint64_t
expected_fds(const struct config *c)
{
	uint64_t users = c->userlist != NULL ?
	    userlist_count(c->userlist) : 0, sum;
	const struct config_database *db;
	const struct config_user *u;
	size_t i;

	sum = (uint64_t)c->max_client_conn + 10;
	for (i = 0; i < c->ndatabases; i++) {
		db = &c->databases[i];
		u = db->user != NULL ? config_user(c, db->user) : NULL;
		sum += (uint64_t)config_pool_size(c, db, u) *
		    (db->user != NULL || users == 0 ? 1 : users);
	}
	return sum;
}

static void
raise_fd_limit(const struct config *c)
{
	uint64_t hard, soft = daemon_raise_fd_limit(&hard);
	uint64_t need = expected_fds(c);

	log_info(NULL, "kernel file descriptor limit: %" PRIu64 " (hard: %"
	    PRIu64 "); max_client_conn: %d, max expected fd use: %" PRIu64,
	    soft, hard, c->max_client_conn, need);
	if (soft < (uint64_t)c->max_client_conn)
		log_warning(NULL, "max_client_conn is %d, but only %" PRIu64
		    " descriptors are allowed", c->max_client_conn, soft);
}

static bool
start_pooler(struct app *app, const struct config *c, struct err *err)
{
	const struct program_hooks hooks = {
		.context = app,
		.reload = reload,
		.apply = apply,
		.hold_listening = hold_listening,
		.stop_listening = stop_listening,
		.reach_predecessor = reach_predecessor,
		.stopped = stopped,
	};

	app->pooler = pooler_create(app->loop, c, err);
	if (app->pooler == NULL)
		return false;
	pooler_set_program(app->pooler, &hooks);
	console_attach(app->pooler);
	pooler_watch_hosts(app->pooler);
	return true;
}

/* Become the process that we shall be. */
static bool
become(struct app *app, const struct config *c, struct err *err)
{
	const char *user = app->options->user != NULL ? app->options->user :
	    c->user;

	daemon_ignore_signals();
	if (has_text(user) && !daemon_switch_user(user, err))
		return false;
	if (!daemon_refuse_root(err) || !set_up_log(app, c, err))
		return false;
	log_warnings(c, NULL);
	if (app->options->reboot && !entrance_claim(&app->entrance, c, err))
		return false;
	if (has_text(c->pidfile) && !app->entrance.claimed &&
	    !pidfile_check(c->pidfile, err))
		return false;
	if (!app->options->daemonize)
		return true;
	if (!has_text(c->pidfile))
		return err_set(err, "daemon needs pidfile configured");
	return background_enter(&app->background, err);
}

static void
log_up(void)
{
	char loop[64], resolver[64], crypto[64];

	loop_library(loop, sizeof loop);
	resolver_library(resolver, sizeof resolver);
	crypto_library(crypto, sizeof crypto);
	log_info(NULL, "process up: pgweir %s, %s, adns: %s, tls: %s",
	    PACKAGE_VERSION, loop, resolver, crypto);
}

static void
set_up_entrance(struct app *app, const struct config *c)
{
	const struct listener_options o = socket_options(c);
	const struct handover_hooks hooks = {
		.context = app,
		.start = start_successor,
		.budgets = share_budgets,
		.gone = keep_budgets,
		.taken = on_succeeded,
		.client = on_client_of_ours,
	};

	entrance_set_up(&app->entrance, app->loop, &o, on_accept, &hooks);
	app->entrance.takeover.on_budget = on_predecessor_budget;
	app->entrance.takeover.on_gone = on_predecessor_gone;
}

static bool
write_pidfile(struct app *app, const struct config *c, struct err *err)
{
	if (!has_text(c->pidfile))
		return true;
	return app->entrance.claimed ?
	    pidfile_replace(&app->pidfile, c->pidfile, err) :
	    pidfile_write(&app->pidfile, c->pidfile, err);
}

static void
on_watchdog(struct timer *t)
{
	struct watchdog *w = container_of(t, struct watchdog, timer);

	service_alive();
	timer_arm(t, mono_after(loop_now(t->loop), w->every_usec));
}

static bool
start(struct app *app, const struct config *c, struct err *err)
{
	if (!become(app, c, err))
		return false;
	raise_fd_limit(c);
	app->loop = loop_create(LOOP_REAL);
	timer_init(&app->watchdog.timer, app->loop, on_watchdog);
	set_up_entrance(app, c);
	watch_signals(app);
	if (!start_pooler(app, c, err) ||
	    !entrance_open(&app->entrance, c, err) ||
	    !write_pidfile(app, c, err))
		return false;
	log_up();
	/* The manager must know us before the process before us ends. */
	service_ready();
	entrance_commit(&app->entrance, app->loop);
	if (app->watchdog.every_usec > 0)
		on_watchdog(&app->watchdog.timer);
	if (app->options->daemonize) {
		background_ready(&app->background);
		app->detached = true;
		return set_up_log(app, c, err);
	}
	return true;
}

static void
tear_down(struct app *app)
{
	size_t i;

	pidfile_remove(&app->pidfile);
	mem_free(app->program);
	entrance_fini(&app->entrance);
	if (app->loop == NULL)
		return;
	timer_disarm(&app->watchdog.timer);
	if (app->pooler != NULL)
		pooler_destroy(app->pooler);
	for (i = 0; i < countof(signals); i++)
		signal_watch_stop(&app->signals[i].watch);
	loop_destroy(app->loop);
}

int
app_run(const struct options *o)
{
	struct app app = { .options = o, .background.report = -1,
		.watchdog.every_usec = service_watchdog(o->reboot),
		.program = daemon_program() };
	struct config *c;
	struct err err;
	bool ok;

	entrance_init(&app.entrance, service_sockets());
	c = load(o, &err);
	if (c == NULL) {
		log_fatal(NULL, "%s", err.text);
		mem_free(app.program);
		return EXIT_FAILURE;
	}
	ok = start(&app, c, &err);
	/* From now on the pooler has it, or a newer one. */
	config_unref(c);
	if (ok)
		loop_run(app.loop);
	else
		log_fatal(NULL, "%s", err.text);
	tear_down(&app);
	log_close();
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

int
app_restart(const char *path)
{
	struct config *c;
	struct err err;
	char *socket;
	bool ok;

	c = config_load(path, &err);
	ok = c != NULL;
	if (ok && !has_text(c->unix_socket_dir))
		ok = err_set(&err, "no unix_socket_dir, where the running "
		    "process is found");
	if (ok) {
		socket = handover_path(c->unix_socket_dir, c->listen_port);
		ok = takeover_ask_restart(socket, &err);
		mem_free(socket);
	}
	config_unref(c);
	if (!ok)
		fprintf(stderr, "pgweir: %s\n", err.text);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The files that a configuration names, beyond those it consists of. */
static bool
check_files(const char *path, struct err *err)
{
	struct config *c = config_load(path, err);
	bool ok = c != NULL && pooler_check(c, err);

	config_unref(c);
	return ok;
}

int
app_check(const char *path)
{
	struct config_report r;
	bool ok = config_check(path, &r);
	struct err err;
	size_t i;

	config_differences(path, &r);
	for (i = 0; i < r.ndifferences; i++)
		printf("differs: %s\n", r.differences[i]);
	for (i = 0; i < r.nwarnings; i++)
		printf("warning: %s\n", r.warnings[i]);
	for (i = 0; i < r.nerrors; i++)
		fprintf(stderr, "error: %s\n", r.errors[i]);
	if (ok && !check_files(path, &err)) {
		fprintf(stderr, "error: %s\n", err.text);
		ok = false;
	}
	if (ok && r.ndifferences > 0)
		printf("pgweir-migrate(7) has what differs in any case\n");
	if (ok)
		printf("%s: ok\n", path);
	config_report_fini(&r);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
