# shellcheck shell=bash
# sampler.sh - what PostgreSQL itself says of how many connections there are,
# every 20 ms, from outside of pgweir.
#
#	sampler_start
#	mark storm
#	... load ...
#	mark calm
#	peak storm calm				the largest sample in between
#	sampler_stop
#
# PostgreSQL may not have been started; its superuser `postgres` must get in
# where pgweir has all there is (superuser_reserved_connections).
. "${BASH_SOURCE[0]%/*}/lib.sh"

# sampler_start [MSEC]
sampler_start()
{
	rm -f "$T/samples"
	: >"$T/marks"
	touch "$T/sampling"
	talk "$@" <"$E2E/sampler.py" >"$T/sampler" 2>&1 &
	SAMPLER=$!
	wait_for '[ -s "$T/samples" ]'
}

sampler_stop()
{
	rm "$T/sampling"
	wait "$SAMPLER" || fail "the sampler: $(tail -n 5 "$T/sampler")"
}

# mark NAME: something is so from now on.
mark()
{
	echo "$1 $(date +%s.%N)" >>"$T/marks"
}

# between FROM [TO]: the samples that were both asked for and answered
# between two marks.
between()
{
	awk -v from="$1" -v to="${2:-}" '
		NR == FNR { at[$1] = $2; next }
		$1 >= at[from] && (to == "" || $2 <= at[to])' \
		"$T/marks" "$T/samples"
}

# samples FROM [TO]: how many
samples()
{
	between "$@" | wc -l
}

# await_samples FROM N: waits for so many of them.
await_samples()
{
	wait_for "[ \"\$(samples $1)\" -ge $2 ]" $((60 + $2 / 10))
}

# peak FROM [TO]: the largest
peak()
{
	between "$@" | awk '$3 > most { most = $3 } END { print most + 0 }'
}

# peak_of USER FROM [TO]: the most that this user had
peak_of()
{
	local user=$1

	shift
	between "$@" | awk -v user="$user" '
		{
			for (i = 4; i <= NF; i++) {
				split($i, part, "=")
				if (part[1] == user && part[2] > most)
					most = part[2]
			}
		}
		END { print most + 0 }'
}

# how_often FROM [TO]: samples by size, for who reads the log
how_often()
{
	between "$@" | awk '{ n[$3]++; all++ }
		END { for (i in n) print i, n[i], all }' | sort -n |
		awk '{ printf "%s%d:%d", (NR > 1 ? " " : ""), $1, $2 }
			END { print "" }'
}

# refusals: what PostgreSQL turned away because it was full. It counts those
# that log in, too, which pg_stat_activity does not show.
refusals()
{
	grep -hcE 'too many (clients|connections)|connection slots are' \
		"$T/pg-main.log" || true
}
