#!/usr/bin/env bash
# symbols.sh - no name of ours is one of libpg_query's, nor of another library
# that we link: libpg_query exports thousands of plain names (list_concat,
# palloc, XXH64), and where two are alike the program's own wins, in the
# library too. Runs in the build folder.
set -u
bad=0

libraries=$(ldd pgweir test_parse 2>/dev/null |
    sed -n 's/.*=> \(\/[^ ]*\).*/\1/p' | sort -u)
[ -n "$libraries" ] || { echo "no libraries found"; exit 99; }
grammar=$(grep '/libpg_query\.' <<< "$libraries") ||
    { echo "test_parse is not linked with libpg_query"; exit 99; }

exported()
{
	nm -D --defined-only "$1" |
	    awk '$2 != "A" { sub(/@.*/, "", $3); print $3 }' |
	    grep -v '^_' | sort -u
}

ours=$(nm -g --defined-only lib*.a 2>/dev/null |
    awk 'NF == 3 { print $3 }' | grep -v '^_' | sort -u)
names=$(exported "$grammar")

both=$(comm -12 <(echo "$ours") <(echo "$names"))
if [ -n "$both" ]; then
	printf 'names of ours that libpg_query has too:\n%s\n' "$both"
	bad=1
fi
# The C library and the sanitizers bring names that everybody may replace;
# pg_utf_mblen is the same function in libpq.
for library in $libraries; do
	case $library in
	*/libpg_query.* | */libc.so* | */libm.so* | */lib*san.so*) continue ;;
	esac
	both=$(comm -12 <(exported "$library") <(echo "$names") |
	    grep -vx pg_utf_mblen)
	if [ -n "$both" ]; then
		printf 'names of libpg_query that %s has too:\n%s\n' \
		    "$library" "$both"
		bad=1
	fi
done
[ "$bad" = 0 ] && echo "symbols: $(echo "$ours" | wc -l) names of ours," \
    "$(echo "$names" | wc -l) of libpg_query, none alike"
exit $bad
