#!/usr/bin/env bash
# docs.sh - are the manual and the sample what docgen prints today?
#
# Runs in the build directory, as `make check` does. With --update they are
# written anew.
set -u

top=${srcdir:-$(dirname "$0")/../..}
bad=0

compare() {
	local file=$1 fresh=$2

	if [ "${update-}" ]; then
		cp "$fresh" "$top/$file"
	elif ! diff -u "$top/$file" "$fresh"; then
		echo "$file is stale: run test/lint/docs.sh --update"
		bad=1
	fi
}

[ "${1-}" != --update ] || update=yes
[ -x ./docgen ] || { echo "no ./docgen here"; exit 1; }
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT

./docgen ini >"$tmp/ini" || exit 1
compare etc/pgweir.ini "$tmp/ini"
for template in "$top"/man/*.in; do
	page=${template##*/}
	page=${page%.in}
	./docgen man <"$template" >"$tmp/$page" || exit 1
	compare "man/$page" "$tmp/$page"
done

# A manual that roff complains about is not what was meant.
if command -v man >/dev/null && command -v groff >/dev/null; then
	for page in "$tmp"/*.[1-8] "$top"/man/*.[1-8]; do
		[ -e "$page" ] || continue
		said=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 \
		    man --warnings -E UTF-8 -l -Tutf8 -Z "$page" \
		    2>&1 >/dev/null)
		[ -z "$said" ] || { echo "$page: $said"; bad=1; }
	done
fi
exit $bad
