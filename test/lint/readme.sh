#!/usr/bin/env bash
# readme.sh - does what README.md names exist, and are its lines short?
# Runs in the source folder, which srcdir names.
set -u
cd "${srcdir:-.}" || exit 99
bad=0

complain()
{
	echo "README.md: $*"
	bad=1
}

# Tables cannot be wrapped.
wide=$(expand README.md | awk '!/^\|/ && length > 80 { print NR; exit }')
[ -z "$wide" ] || complain "line $wide has more than 80 columns"

# In backquotes: files with their folder, tests with or without it.
while read -r name; do
	compgen -G "$name" >/dev/null || compgen -G "src/$name" >/dev/null ||
		compgen -G "test/e2e/$name" >/dev/null ||
		complain "there is no $name"
done < <(grep -o '`[a-z0-9_./*-]*\.\(c\|h\|sh\|def\|md\)`' README.md |
	tr -d '`' | sort -u)

# Pages of the manual.
while read -r page section; do
	[ -e "man/$page.$section" ] || complain "there is no $page($section)"
done < <(grep -o 'pgweir[a-z.-]*([1-8])' README.md | tr '()' '  ' | sort -u)

# Settings that its examples set, and commands of bootstrap.
while read -r name; do
	grep -q "^X([A-Z_]*, $name," src/config/settings.def ||
		complain "there is no setting $name"
done < <(sed -n 's/^\t\([a-z_]*\) = .*/\1/p' README.md |
	grep -vxE 'app|reports' | sort -u)
while read -r name; do
	grep -q "^$name) shift" bootstrap ||
		complain "bootstrap knows no $name"
done < <(grep -o '^	\./bootstrap [a-z]*' README.md | awk 'NF > 1 { print $2 }')

# run_by COMMAND FILE TEXT: such a command is run there, as the text tells.
commands=0
run_by()
{
	local n

	n=$(grep -cF "	$1" README.md)
	[ "$n" -gt 0 ] || complain "nobody is told to type $1"
	commands=$((commands + n))
	grep -qF -- "$3" "$2" || complain "$1 is not run by $2"
}

run_by './bootstrap demo' .ci/run './bootstrap demo --once'
run_by './bootstrap check' .ci/run './bootstrap check'
run_by './bootstrap && mkdir build' bootstrap 'autoreconf -fi'
run_by 'pgweir postgres://' test/e2e/process.sh 'pgweir_spawn "postgres://'
run_by 'pgweir --check /etc/pgweir' test/packaging/units.sh '--check'
run_by 'pgweir /etc/pgweir' test/packaging/units.sh 'pgweir.ini'
run_by 'pgweir --check /etc/pgbouncer' test/unit/test_differences.c \
	'/etc/pgbouncer/pgbouncer.ini'
run_by 'pgweir /etc/pgbouncer' test/e2e/process.sh 'pgbouncer'
run_by 'psql -h 127.0.0.1 -p 6432 -U admin pgweir' test/e2e/runbook.sh psql
told=$(grep -cE '^	(\./|pgweir |psql |make )' README.md)
[ "$commands" -eq "$told" ] ||
	complain "of $told commands $commands are known to be run by a test"
exit $bad
