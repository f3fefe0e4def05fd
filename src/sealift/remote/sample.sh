#!/bin/sh
# Say what a host's pipelines wait for, once a second: sh -s -- SECONDS POOL
# Reads, and writes nothing but its answer. What it says is cut into parts by lines `== NAME`:
#   ps       pid, parent, age, args of what may be part of a pipeline
#   shapers  what `tc` says of the interfaces
#   stat cpu net tcp tx uptime   the counters, at the beginning and again at the end
#   tick     a line of `zpool iostat`, and of each of those processes what it waits for and its stat
#   txgs     the newest transaction groups of the pool
# A file that is not there, or not for us to read, is left out: whoever reads this says "unknown".
# `zpool iostat` is the clock, and the shell itself reads what it can: starting a program every
# second would disturb what is measured.
LC_ALL=C PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
unset COLUMNS
seconds=$1 pool=$2
kstat=/proc/spl/kstat/zfs

part() {
	echo "== $1"
	shift
	"$@" 2>/dev/null
}

# Kernel threads have their name in brackets.
pipelines() {
	ps -A -o pid= -o ppid= -o etimes= -o args= | awk '
		{ name = $4; sub(/.*\//, "", name); sub(/:$/, "", name) }
		name ~ /^(zfs|ssh|sshd|sshd-session|mbuffer|pv|sudo|doas|socat|nc)$/ { print; next }
		name ~ /^(p?bzip2|gzip|zcat|lz4|lzop|pigz|plzip|p?zstd|unzstd|zstd(cat|mt)|xz)$/ { print }
		$4 ~ /^\[(txg_sync|send_|receive_)/ { print }'
}

counters() {
	part stat cat /proc/[0-9]*/stat
	part cpu cat /proc/stat
	part net cat /proc/net/dev
	part tcp ss -tinH state established
	part tx cat "$kstat/dmu_tx"
	read -r line </proc/uptime
	echo "== uptime
$line"
}

tick() {
	echo '== tick'
	echo "iostat $1"
	for pid in $pids; do
		line='' wait=''
		{
			read -r line </proc/"$pid"/stat
			read -r wait </proc/"$pid"/wchan
		} 2>/dev/null
		[ -z "$line" ] || echo "${wait:-0} $line"
	done
	if [ -r /proc/pressure/io ] && read -r line </proc/pressure/io; then echo "io $line"; fi
}

found=$(pipelines 2>/dev/null)
pids=$(echo "$found" | awk '{ print $1 }')
part ps echo "$found"
part shapers tc qdisc show
counters
read -r begin rest </proc/uptime
zpool iostat -Hplqy "$pool" 1 "$seconds" 2>/dev/null | while read -r line; do
	tick "$line"
	# A host that has no CPU left is slow to say even this.
	read -r now rest </proc/uptime
	[ $((${now%.*} - ${begin%.*})) -le "$seconds" ] || break
done
counters
part txgs cat "$kstat/$pool/txgs"
echo '== end'
