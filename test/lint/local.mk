# What a compiler does not check.
LINTS = test/lint/includes.sh test/lint/budgets.sh test/lint/symbols.sh \
	test/lint/readme.sh
TESTS += $(LINTS)
EXTRA_DIST += $(LINTS)
