#!/bin/sh
# Lock encryption roots again when their time is over, whoever watches; in its folder:
#   setsid sh ./timer ID SECONDS ELEVATE ZFS ROOT...
# ELEVATE is how to become root ("sudo -n") or empty, ZFS the word that starts zfs. What uses a
# dataset is not ended: it is tried again every half minute until all is locked, or TERM comes.
# It writes here: pid, boot, due (seconds since 1970), state (waiting, busy, locked or cancelled),
# and log, what zfs said. No key ever comes here: taking one away needs none.
umask 077
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")" || exit 1
elevate=$3 zfs=$4
due=$(($(date -u +%s) + $2))
shift 4
exec </dev/null >>log 2>&1
pause=30
sleeping=''

say() {
	printf '%s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*"
}

state() {
	printf '%s\n' "$*" >state.new && mv state.new state
}

finish() {
	trap '' TERM INT HUP
	state "$1"
	say "$1"
	exit 0
}

# shellcheck disable=SC2329 # the trap calls it
cancelled() {
	[ -z "$sleeping" ] || kill "$sleeping"
	finish cancelled
}

# In the background, so that the trap is not kept waiting.
rest() {
	sleep "$1" &
	sleeping=$!
	wait "$sleeping"
	sleeping=''
}

run() {
	# shellcheck disable=SC2086 # two words: sudo -n
	$elevate "$zfs" "$@"
}

# Of a dataset that is gone no key is left, nor of one that was made anew without encryption.
locked() {
	status=$(run get -H -o value keystatus "$1" 2>&1)
	case $status in unavailable | - | none | *'does not exist'*) true ;; *) false ;; esac
}

mounted() {
	run list -H -r -t filesystem -o name,mounted,encryptionroot "$1" |
		awk -F '\t' -v root="$1" '$2 == "yes" && $3 == root { print $1 }' | sort -r
}

# Whether all is locked; what is in the way stands in the log.
lock() {
	left=no
	for root in "$@"; do
		locked "$root" && continue
		mounted "$root" | while IFS= read -r dataset; do
			# Above it one may have taken it along.
			[ "$(run get -H -o value mounted "$dataset")" != yes ] || run unmount "$dataset"
		done
		run unload-key "$root"
		locked "$root" || left=yes
	done
	[ "$left" = no ]
}

trap cancelled TERM INT HUP
{ cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime; } >boot
echo "$due" >due
state waiting
say waiting until "$due" for "$@"
echo $$ >pid.new && mv pid.new pid # the last: who waits for it finds the others
[ ! -e given_up ] || finish cancelled
while :; do
	left=$((due - $(date -u +%s)))
	[ "$left" -gt 0 ] || break
	# A machine that slept, or a clock that was set, is noticed soon.
	[ "$left" -lt "$pause" ] || left=$pause
	rest "$left"
done
until lock "$@"; do
	state busy
	rest "$pause"
done
finish locked
