# work.sh OUTPUT TICKS JOURNAL: works for so many tenths of a second, below zero until JOURNAL.go is there, and tells in the journal that
# it does.
stamp() { echo "$SAMEPATH_ATTEMPT $1 $(date +%s%N) $output" >>"$journal"; }
output=$1 journal=$3 left=$2
stamp begin
# One in two leaves something behind that has gone its own way.
[ $((left % 2)) = 0 ] || setsid sh -c 'trap "" INT TERM HUP; sleep 1000 & exec sleep 1000' >/dev/null 2>&1 &
while [ "$left" -gt 0 ] || { [ "$left" -lt 0 ] && [ ! -e "$journal.go" ]; }; do
    [ "$left" -lt 0 ] || left=$((left - 1))
    echo "$left left"
    sleep 0.1
    stamp tick
done
echo "$SAMEPATH_ATTEMPT" >"$output/result"
stamp end
echo done
