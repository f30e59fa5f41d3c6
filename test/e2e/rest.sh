# shellcheck shell=bash
# rest.sh - is pgweir what it was before? For tests that make trouble.
#
#	baseline			what is so now is how it should be again
#	... trouble ...
#	rests				counters, descriptors, memory are back
#
# numbers_start N [SECONDS] and numbers_stop are clients beside the trouble;
# each asks for numbers of its own and checks what it gets.
. "${BASH_SOURCE[0]%/*}/lib.sh"

descriptors()
{
	find "/proc/$(pgweir_pid)/fd" -type l 2>/dev/null | wc -l
}

# What it has of its own, in KB.
memory()
{
	awk '/^VmRSS/ { print $2 }' "/proc/$(pgweir_pid)/status"
}

# The sum over all rows.
sum_of()
{
	show "$@" | awk '{ n += $1 } END { print n + 0 }'
}

# nobody_works: no client works or waits, no server is in use or on its way.
nobody_works()
{
	console 'SHOW POOLS' | awk -F '|' '$1 != "pgbouncer" && $1 != "pgweir" {
		for (i = 3; i <= 9; i++) n += $i
		n += $13
	} END { exit n > 0 }'
}

# So many descriptors are for other things than servers.
spare_descriptors()
{
	local servers

	servers=$(console 'SHOW SERVERS' | wc -l)
	echo $(($(descriptors) - servers))
}

# baseline: remembers descriptors and memory. Somebody should have worked
# before, so that what is allocated once is allocated.
baseline()
{
	wait_for nobody_works 60
	FDS=$(spare_descriptors)
	MEMORY=$(memory)
}

# rests [KB]: everything comes back to what it was; memory may have grown by
# so much, for what malloc keeps.
rests()
{
	local grown

	pgweir_lives || fail 'it is gone'
	wait_for nobody_works 60
	wait_for '[ "$(show LISTS items list=login_clients)" = 0 ]' 60
	wait_for '[ "$(spare_descriptors)" -le "$FDS" ]' 60
	grown=$(($(memory) - MEMORY))
	is_sanitized || expect_at_most 'memory in KB' "$grown" "${1:-4096}"
}

# numbers_start N: N clients in the background, until numbers_stop. What is
# said on the way of this database: $NUMBERS_DB.
numbers_start()
{
	rm -f "$T/enough" "$T/under_way"
	talk "$1" "${NUMBERS_DB:-postgres}" <"$E2E/numbers.py" \
		>"$T/numbers" 2>&1 &
	NUMBERS=$!
	wait_for '[ -e "$T/under_way" ] || ! kill -0 "$NUMBERS"'
	[ -e "$T/under_way" ] || fail "no numbers: $(cat "$T/numbers")"
}

# numbers_stop: ends them. How many answers there were goes to $ANSWERS, how
# many clients heard an error or lost their connection to $ERRORS.
numbers_stop()
{
	touch "$T/enough"
	wait "$NUMBERS" ||
		fail "numbers: $(grep -v '^20..-' "$T/numbers" | head -n 20)"
	read -r ANSWERS ERRORS <"$T/numbers"
	[ "$ANSWERS" -gt 0 ] || fail 'no numbers were asked for'
}
