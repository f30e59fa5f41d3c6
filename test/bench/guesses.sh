#!/usr/bin/env bash
# guesses.sh - does the time of a refusal tell whether a user exists (b11)?
#
#	cd build && bash ../test/bench/guesses.sh [LOGINS]
#
# 500 logins with a wrong password and as many of users who do not exist, in
# turn, by each method and for each kind of secret. Medians in microseconds:
# of the whole login, and of its last step alone, which is when the secret is
# looked at. Status 1 if a pair of medians lies more than 10 % apart. Not in
# make check: on a machine that has other things to do times tell nothing.
. "${0%/*}/../e2e/lib.sh"

logins=${1:-500}
pg_start
pg "create role asker login; create role asked login password 'secret'"
pg 'grant pg_read_all_data to asker'
pg "create table secrets as select rolname as name, rolpassword as secret
	from pg_authid where rolname = 'asked'; grant select on secrets to asker"
scram=$(pg "select rolpassword from pg_authid where rolname = 'asked'")
md5=md5$(printf 'secretmd5' | md5sum | cut -d ' ' -f 1)
users plain secret md5 "$md5" scram "$scram" asker '' admin secret

# Who asks the database takes longer to say anything about those who are not
# in the file, whether the database has them or not: they are compared with
# each other.
for run in plain md5 scram-sha-256 plain+query scram-sha-256+query; do
	method=${run%+query}
	asking=
	[ "$run" = "$method" ] || asking="auth_user = asker
auth_query = select name, secret from public.secrets where name = \$1
auth_query_cache = 0"
	[ ! -f "$T/pids/pgweir" ] || pgweir_stop
	pgweir_start "auth_type = $method
$asking
log_connections = 0
log_disconnections = 0
log_pooler_errors = 0"
	for user in plain md5 scram asked; do
		# No MD5 hash proves anything by SCRAM, and the other way round
		# the method is changed, as PostgreSQL does.
		case $run:$user in
		*+query:asked) ;;
		*:asked | *+query:* | scram-sha-256:md5 | md5:scram) continue ;;
		esac
		talk "$logins" "$method" "$user" <<'PY'
count, method, known = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Guess(Client):
    def send(self, *parts):
        self.sent = time.perf_counter_ns()
        super().send(*parts)


def guess(user):
    """Microseconds of a login that fails, and of its last step."""
    c = Guess(user, 'postgres', 'wrong', login=False)
    begin = time.perf_counter_ns()
    ours = 0
    c.send(c.hello())
    while True:
        kind, body = c.read()
        came = time.perf_counter_ns()
        if kind == 'E':
            same('code', PgError(body).code, '28P01')
            c.sock.close()
            return (came - begin - ours) / 1000, (came - c.sent) / 1000
        # What we compute is not counted.
        c.answer(struct.unpack('!I', body[:4])[0], body[4:])
        ours += c.sent - came


def talk_about(name, a, b):
    a, b = sorted(a)[len(a) // 2], sorted(b)[len(b) // 2]
    apart = abs(a - b) / max(a, b) * 100
    print('%-14s %-6s %-9s %8.1f %8.1f %6.1f %%%s'
          % (method, known, name, a, b, apart,
             '' if apart <= 10 else '  MORE THAN 10 %'), flush=True)
    if apart > 10:
        open(T + '/apart', 'w').close()


for user in known, 'nobody':
    for _ in range(20):
        guess(user)
pairs = [(guess(known), guess('nobody%d' % (i % 7))) for i in range(count)]
for i, name in enumerate(('login', 'last step')):
    talk_about(name, [a[i] for a, _ in pairs], [b[i] for _, b in pairs])
PY
	done
done
[ ! -e "$T/apart" ] || fail 'times that tell'
