#!/usr/bin/env bash
# driver.sh - runs one test program for `make check`.
#
# Bounds its time, and ends its log with a line that says how long it took;
# .ci/run lists the slowest from those lines.
set -u

# Check's own limit of 4 s is for quiet machines.
export CK_DEFAULT_TIMEOUT=${CK_DEFAULT_TIMEOUT:-60}
limit=${PGWEIR_TEST_LIMIT:-420}
name=$1
case $1 in *.sh) set -- bash "$@" ;; esac

timeout -k 20 "$limit" "$@" </dev/null &
child=$!
trap 'kill "$child" 2>/dev/null' INT TERM HUP
start=${EPOCHREALTIME/[.,]/}
wait "$child"
status=$?
stop=${EPOCHREALTIME/[.,]/}

[ "$status" -ne 124 ] || echo "stopped: it took longer than $limit s"
printf 'took %d.%02d s: %s\n' $(((stop - start) / 1000000)) \
	$(((stop - start) % 1000000 / 10000)) "${name##*/}"
exit "$status"
