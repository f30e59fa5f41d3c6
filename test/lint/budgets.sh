#!/usr/bin/env bash
# budgets.sh - lengths that a reader can hold: source files up to 700 lines,
# headers up to 150, functions up to 100, lines up to 80 columns. A file with
# a comment that begins "Over budget:" has said why, and is only reported.
set -u
cd "${srcdir:-.}" || exit 99
bad=0

over()
{
	if grep -q 'Over budget:' "${1%%:*}"; then
		echo "excused: $*"
	else
		echo "over budget: $*"
		bad=1
	fi
}

for file in $(find src test -name '*.[ch]' | sort); do
	n=$(wc -l < "$file")
	case $file in
	*.h)	[ "$n" -le 150 ] || over "$file: $n lines" ;;
	test/*)	;;
	*)	[ "$n" -le 700 ] || over "$file: $n lines" ;;
	esac
	wide=$(expand "$file" | awk 'length > 80 { print NR; exit }')
	[ -z "$wide" ] || over "$file:$wide: more than 80 columns"
done

# A function is what stands between braces in the first column.
functions=$(find src -name '*.c' -exec awk '
	/^\{/ { start = FNR }
	/^\}/ && start { print FNR - start - 1, FILENAME ":" start; start = 0 }
' {} +)
while read -r n where; do
	[ "${n:-0}" -le 100 ] || over "$where: a function of $n lines"
done <<< "$functions"

echo "$functions" | awk '
	{ all++; if ($1 > 60) long++; sum += $1 }
	END {
		printf "functions: %d, mean %.1f lines, %.1f %% up to 60\n",
		    all, sum / all, 100 * (all - long) / all
	}'
find src -name '*.c' -exec wc -l {} + | grep -v total | sort -n | awk '
	{ n[NR] = $1 } END { print "median source file:", n[int((NR + 1) / 2)] }'
exit $bad
