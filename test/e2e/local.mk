# End to end: pgweir between psql, pgbench and raw sockets on one side and
# PostgreSQL on the other. The long ones first.
E2E_TESTS = \
	test/long/soak.sh \
	test/e2e/pgbench.sh \
	test/e2e/budget_storm.sh \
	test/e2e/budget_starve.sh \
	test/e2e/budget_instances.sh \
	test/e2e/failover.sh \
	test/e2e/failover_crash.sh \
	test/e2e/replica_lost.sh \
	test/e2e/degraded.sh \
	test/e2e/budget_replicas.sh \
	test/e2e/replica_lag.sh \
	test/e2e/balance.sh \
	test/e2e/split_brain.sh \
	test/e2e/routing.sh \
	test/e2e/swap.sh \
	test/e2e/faults.sh \
	test/e2e/sqlsmith.sh \
	test/e2e/syscalls.sh \
	test/e2e/pgbench_1000.sh \
	test/e2e/half.sh \
	test/e2e/process.sh \
	test/e2e/restart.sh \
	test/e2e/migrate.sh \
	test/e2e/service.sh \
	test/e2e/crowd.sh \
	test/e2e/fault_clients.sh \
	test/e2e/fault_crowds.sh \
	test/e2e/fault_drips.sh \
	test/e2e/fault_server.sh \
	test/e2e/prepared.sh \
	test/e2e/prepared_sql.sh \
	test/e2e/fault_restart.sh \
	test/e2e/fault_log.sh \
	test/e2e/fault_config.sh \
	test/e2e/fault_clock.sh \
	test/e2e/settings.sh \
	test/e2e/timeouts.sh \
	test/e2e/limits.sh \
	test/e2e/fairness.sh \
	test/e2e/dump.sh \
	test/e2e/departures.sh \
	test/e2e/auth.sh \
	test/e2e/tls.sh \
	test/e2e/tls_server.sh \
	test/e2e/hba.sh \
	test/e2e/authquery.sh \
	test/e2e/matrix.sh \
	test/e2e/identity.sh \
	test/e2e/tls_auth.sh \
	test/e2e/console.sh \
	test/e2e/console2.sh \
	test/e2e/cancel.sh \
	test/e2e/hosts.sh \
	test/e2e/logs.sh \
	test/e2e/runbook.sh \
	test/e2e/params.sh \
	test/e2e/modes.sh
TESTS += $(E2E_TESTS)
EXTRA_DIST += $(E2E_TESTS) test/e2e/lib.sh test/e2e/talk.py \
	test/README.md test/e2e/rest.sh test/e2e/numbers.py test/e2e/wrong_clock.c \
	test/e2e/sampler.sh test/e2e/sampler.py test/e2e/cluster.sh \
	test/e2e/mixed.py
CLEANFILES += test/e2e/template.tar test/e2e/template.tar.lock
