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
exit $bad
