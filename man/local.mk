# The manual. Pages with a template beside them (.in) are printed by docgen
# and committed; test/lint/docs.sh fails when one is stale.
dist_man_MANS = man/pgweir.1 man/pgweir.ini.5 man/pgweir-budget.7 \
	man/pgweir-console.7 man/pgweir-migrate.7 man/pgweir-routing.7 \
	man/pgweir-runbook.7
TESTS += test/lint/docs.sh
EXTRA_DIST += man/pgweir.ini.5.in man/pgweir-console.7.in \
	test/lint/docs.sh etc/pgweir.ini etc/pgweir-minimal.ini \
	etc/userlist.txt
