#!/usr/bin/env bash
# fault_config.sh - a broken configuration: at the start one line that says
# where and what was expected, and status 1; at RELOAD the same words on the
# console, and everything stays as it was. More of this in process.sh.
. "${0%/*}/rest.sh"

if is_pgbouncer; then
	skip 'PgBouncer has words of its own'
fi

pg_start
settings="pool_mode = transaction
default_pool_size = 7
[databases]
main = host=$HOST port=$PG_PORT dbname=postgres"

# What may be wrong: a name, the text that replaces default_pool_size, and
# what must be said of it.
cases=(
	'an unknown key' 'default_pool_sise = 7'
	'pgweir\.ini:[0-9]+: .*default_pool_sise.*default_pool_size'
	'no number' 'default_pool_size = seven'
	'pgweir\.ini:[0-9]+: .*default_pool_size: expected a number.*seven'
	'a number with a tail' 'default_pool_size = 7x'
	'pgweir\.ini:[0-9]+: .*default_pool_size.*7x'
	'a number out of bounds' 'listen_port = 70000'
	'pgweir\.ini:[0-9]+: .*listen_port.*65535'
	'a word that is none of the choices' 'pool_mode = transactional'
	'pgweir\.ini:[0-9]+: .*pool_mode.*session.*transaction.*statement'
	'no file of users' "auth_file = $T/absent.txt"
	'absent\.txt.*No such file'
	'a file that is missing' "%include $T/absent.ini"
	'absent\.ini'
	'a line that is no setting' 'pool size seven'
	'pgweir\.ini:[0-9]+: '
	'a section that there is not' '[database]
main = host=x'
	'pgweir\.ini:[0-9]+: .*database'
)

# break_file TEXT: into the configuration, in the place of a good line.
break_file()
{
	pgweir_ini "$settings"
	awk -v text="$1" '/^default_pool_size/ { print text; next } { print }' \
		"$T/pgweir.ini" >"$T/broken.ini"
	cat "$T/broken.ini" >"$T/pgweir.ini"
}

# start_fails WHY REGEX
start_fails()
{
	: >"$T/pgweir.log"
	pgweir_spawn "$T/pgweir.ini"
	await_pid pgweir
	expect "$1: status" "$STATUS" 1
	expect_match "$1" "$(cat "$T/pgweir.log")" "$2"
	expect "$1: lines" "$(grep -c . "$T/pgweir.log")" 1
}

it 'k33 a broken file at the start: status 1, and one line'
for ((i = 0; i < ${#cases[@]}; i += 3)); do
	break_file "${cases[i + 1]}"
	start_fails "${cases[i]}" "${cases[i + 2]}"
done
pgweir_ini "$settings"
if [ -n "${as_user[*]}" ]; then
	chmod 600 "$T/users.txt"
	chown root "$T/users.txt"
	start_fails 'unreadable users' 'users\.txt.*Permission denied'
	rm "$T/users.txt"
	users postgres '' admin '' stats ''
fi

it 'k08 the port is in use: status 1, and the address'
pgweir_start "$settings"
sed '/^pidfile/d; /^unix_socket_dir/d; 2i unix_socket_dir =' \
	"$T/pgweir.ini" >"$T/second.ini"
DAEMON=pgweir-second pgweir_spawn "$T/second.ini"
await_pid pgweir-second
expect 'status' "$STATUS" 1
expect_match 'it says' "$(cat "$T/pgweir-second.log")" \
	"$HOST:$PORT.*in use"
expect 'the first goes on' "$(query 'select 1' main)" 1

it 'j19 a broken file at RELOAD: F0000 with the line, nothing changes'

NUMBERS_DB=main numbers_start 5
baseline_of=$(show CONFIG value | sort | cksum)
databases_before=$(show DATABASES name)
for ((i = 0; i < ${#cases[@]}; i += 3)); do
	break_file "${cases[i + 1]}"
	why=${cases[i]} regex=${cases[i + 2]} talk <<'PY'
import re

c = Client('admin', 'pgbouncer')
why, regex = os.environ['why'], os.environ['regex']
e = refused(why, lambda: c.query('RELOAD'), 'F0000')
words = e.text + ' ' + e.fields.get('D', '')
assert re.search(regex, words), '%s: %s' % (why, e.fields)
assert 'D' in e.fields, '%s: no detail: %s' % (why, e.fields)
same('the console lives', len(c.query('SHOW VERSION')), 1)
PY
	expect "${cases[i]}: settings" "$(show CONFIG value | sort | cksum)" \
		"$baseline_of"
	expect "${cases[i]}: databases" "$(show DATABASES name)" \
		"$databases_before"
done
pgweir_ini "$settings"
sed -i 's/^default_pool_size.*/default_pool_size = 8/' "$T/pgweir.ini"
console RELOAD >/dev/null
expect 'a good one at last' "$(show CONFIG value key=default_pool_size)" 8
numbers_stop
expect 'errors of those who worked meanwhile' "$ERRORS" 0

it 'b32 users that cannot be read at RELOAD: the old ones stay'
mv "$T/users.txt" "$T/users.away"
expect_failure 'RELOAD' 'users.txt' console RELOAD
expect 'still known' "$(query 'select 1' main)" 1
mv "$T/users.away" "$T/users.txt"
console RELOAD >/dev/null
expect 'and now' "$(query 'select 1' main)" 1
