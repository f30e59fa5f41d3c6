# The drivers, side by side.
DRIVER_TESTS = \
	test/drivers/asyncpg.sh \
	test/drivers/psycopg3.sh \
	test/drivers/psycopg2.sh \
	test/drivers/pgjdbc.sh \
	test/drivers/node-postgres.sh \
	test/drivers/postgres.js.sh
TESTS += $(DRIVER_TESTS)
EXTRA_DIST += $(DRIVER_TESTS) test/drivers/run test/drivers/setup.sql \
	test/drivers/checks.py test/drivers/checks.js \
	test/drivers/test_psycopg3.py test/drivers/test_psycopg2.py \
	test/drivers/test_asyncpg.py test/drivers/TestPgjdbc.java \
	test/drivers/test_node_postgres.js test/drivers/test_postgres_js.js \
	test/drivers/package.json test/drivers/package-lock.json \
	test/drivers/.npmrc
