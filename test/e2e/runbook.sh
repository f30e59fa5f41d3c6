#!/usr/bin/env bash
# runbook.sh - types what pgweir-runbook(7) says and expects what it shows.
#
# In the literal blocks of the page, what follows `$ ` is a command (a line
# that ends in \ goes on), and other lines must be in its answer, whatever the
# blanks. What asks the console is asked again until the answer has come.
. "${0%/*}/lib.sh"

page=$E2E/../../man/pgweir-runbook.7

it 'a server, and pgweir as in the demonstration'
pg_start
users postgres '' admin '' stats '' guest ''
pgweir_start "
pool_mode = transaction
max_client_conn = 1000
default_pool_size = 20
[databases]
demo = host=$HOST port=$PG_PORT dbname=postgres"

# The blocks as typed, with our address; a head of a section as "## NAME".
awk '
	/^\.Ss / { print "## " substr($0, 5) }
	/^\.Bd -literal/ { inside = 1; next }
	/^\.Ed/ { inside = 0 }
	inside { gsub(/\\e/, "\\"); print }
' "$page" | sed -e "s/-h 127.0.0.1 -p 6432/-h $HOST -p $PORT/" >"$T/typed"

squeezed()
{
	tr -s ' \t' ' ' <"$1" | sed 's/^ //; s/ $//'
}

# answered LINE: is it in what the last command has printed, or, behind
# `wait`, what those in the background have?
answered()
{
	squeezed "$T/answer" | grep -qF -- "$1"
}

ask()
{
	local to=$T/answer

	case $command in
	*\&) to=$T/background ;;
	*) : >"$T/answer" ;;
	esac
	eval "$command" </dev/null >>"$to" 2>"$T/errors" ||
		fail "this failed: $command: $(cat "$T/errors")"
	[ "$command" != wait ] || cp "$T/background" "$T/answer"
}

await_answer()
{
	local end=$((SECONDS + 15))

	until answered "$1"; do
		[ "$SECONDS" -lt "$end" ] ||
			fail "'$1' is not in the answer to: $command
$(cat "$T/answer")"
		case $command in
		"console 'SHOW "*) ask ;;
		esac
		sleep 0.1
	done
}

# In a shell of its own, since `wait` waits for all that the shell started.
type_all()
(
count=0
command=
while IFS= read -r line <&3; do
	case $line in
	'## '*)
		it "${line#\#\# }"
		: >"$T/background"
		;;
	'$ '*)
		command=${line#\$ }
		while [[ $command == *\\ ]]; do
			IFS= read -r line <&3
			command=${command%\\}$line
		done
		count=$((count + 1))
		ask
		;;
	'' | psql*) ;;
	*)
		await_answer "$(tr -s ' ' <<<"$line")"
		;;
	esac
done 3<"$T/typed"
close_case
[ "$count" -gt 50 ] || fail "only $count commands found"
)

close_case
type_all || { SAID=yes; exit 1; }
