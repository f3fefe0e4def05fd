#!/bin/sh
# Carry a job through on its coordinator, whoever watches: setsid sh ./runner ID, in its folder.
#
# The folder (0700) holds what `replication/job_files.py` wrote:
#   settings          key, tries, pause, elevate
#   harmless          messages after which the same may be tried again, one a line
#   steps/NNN/step    kind (single, package or repair), fresh (no: look first), into, target, first
#                     (what `send` brings last: the target, or the first of many), and functions:
#   steps/NNN/chain   what arrives: a line each of guid, guid in hex, name; first where it starts
#                     (guid and name are - if nothing is there; of a clone the hex is its origin's)
#   steps/NNN/brings  of a package: the same for all its datasets, and fourth where it arrives
#   steps/NNN/expect  what has to be there at the end: a line each of dataset@name, TAB, guid
#   steps/NNN/stays   what clones start from there, a line each: not let go on the way
# The functions of a step are whole command lines, quoted by sealift:
#   send, continue_from NAME, resume TOKEN   the senders; receive NAME: takes in, holds that one
#   decode TOKEN      what the source reads in a token (`zfs send -nvP -t`)
#   look SECONDS      what the destination has; ends a receive of ours that is younger than that
#   settle            confirm the targets by guid and, there, release the former ones
#   keep, let_go      hold or release there what stdin names (dataset@name), as xargs reads it
#   settle_source     release the former ones and keep bookmarks, on the source
# It writes here: pid, boot, state, and log: lines of `sealift-KEY EPOCH EVENT`, between them what
# `zfs send` says. What a host says cannot pass for an event: no host is told the key.
#
# A receive is never given a token but one that was read when no receive ran any more, and that the
# source says is raw and for the very snapshot that is due, from the very base that is there.
umask 077
LC_ALL=C
export LC_ALL
cd "$(dirname "$0")" || exit 1
key='' tries=20 pause=5 elevate='' # and then as the job has them:
# shellcheck source=/dev/null
. ./settings
kind='' fresh='' into='' target='' first='' # of the step that runs
exec </dev/null >>log 2>&1
tab=$(printf '\t')
chatter="^[0-9][0-9]:[0-9][0-9]:[0-9][0-9]$tab|^(full|incremental|size)$tab"
chatter="$chatter|^skipping snapshot .* because it was created after |^resume token contents:|^nvlist version:|^${tab}[a-z_]+ = |^ *\$"

# Into the log wherever stdout goes: the trap may run in the midst of a reading.
say() {
	printf 'sealift-%s %s %s\n' "$key" "$(date -u +%s)" "$*" >>log
}

state() {
	printf '%s\n' "$*" >state.new && mv state.new state
}

# What was said in the file $1, as events.
say_all() {
	head -n 40 "$1" | cut -c 1-1000 | while IFS= read -r line; do say said "$line"; done
}

# A host may have ended in mid-line; the next event begins a line all the same.
end_line() {
	[ "$(tail -c 1 log | wc -l)" -eq 1 ] || echo >>log
}

finish() {
	trap '' TERM INT HUP
	state "$1"
	say end "$@"
	exit 0
}

# shellcheck disable=SC2329 # the trap calls it
cancelled() {
	trap '' TERM INT HUP
	# Again and again: a stage that is just being started may miss one.
	(
		while kill -0 "$$" && ! grep -q -x cancelled state; do
			kill -TERM 0
			[ -z "$elevate" ] || $elevate kill -TERM -- "-$$"
			sleep 1
		done &
	) 2>/dev/null
	wait
	end_line
	finish cancelled
}

# One pipeline, which ends with the snapshot `arriving`. The pair of exit codes is left in `sent`
# and `received`, what the stages said in the files `send.said` and `receive.said`; of the
# receiver's only the beginning. In the background, so that the trap need not wait; a stage waits
# for its program even when it is told to end, so that `wait` is the end of all.
attempt() {
	rm -f sent received
	before=$(($(wc -c <log)))
	began=$(date -u +%s)
	{
		trap : TERM
		{ trap : TERM; "$@" 2>>log; echo $? >sent; } |
			{ trap : TERM; receive "$arriving" 2>&1; echo $? >received; } |
			{ trap '' TERM; head -c 65536 >receive.said; exec cat >/dev/null; }
	} &
	wait $!
	end_line
	sent=$(cat sent 2>/dev/null)
	received=$(cat received 2>/dev/null)
	tail -c "+$((before + 1))" log | grep -v -E "$chatter" | head -c 65536 >send.said
	say_all receive.said
	say "exit" "$number" "${sent:-none}" "${received:-none}"
	[ "$sent" = 0 ] && [ "$received" = 0 ]
}

# Run a reading function in the background, so that the trap is not kept waiting. A host that never
# stops talking is cut off.
reading() {
	rm -f code
	{ { "$@"; echo $? >code; } | head -c 268435456; } &
	wait $!
	code=$(cat code 2>/dev/null)
	return "${code:-1}"
}

# Whether all that was said is known to do no harm when the same is tried again.
harmless() {
	grep -v -i -F -f harmless "$1" | grep -q . && return 1
	return 0
}

# Whether the last attempt broke off on the way, rather than being refused by one of the two.
broke_off() {
	only_lost "$sent" send.said && only_lost "$received" receive.said
}

# 255 is ssh's own.
only_lost() {
	[ "$1" = 0 ] || [ "$1" = 255 ] || harmless "$2"
}

# Whether a login was refused: to try that again and again gets an address banned.
refused() {
	grep -q -i -E 'permission denied \(|host key verification failed|too many authentication' "$@"
}

# Wait before the next try; give up after too many that moved nothing.
again() {
	[ -z "$stopped" ] || finish failed stopped
	count=$((count + 1))
	# After an interruption the next look tells first whether something moved.
	[ "$count" -le "$tries" ] || [ "$1" = interrupted ] || finish failed gave-up "$1"
	seconds=$pause
	doubled=1
	while [ "$doubled" -lt "$count" ] && [ "$seconds" -lt 300 ]; do
		seconds=$((seconds * 2))
		doubled=$((doubled + 1))
	done
	[ "$seconds" -lt 300 ] || seconds=300
	state waiting
	say pause "$seconds" "$count" "$1"
	sleep "$seconds" &
	wait $!
	state running
}

# Look at the destination: `tokens` and `snapshots` are what it has. No other receive runs then.
have_looked() {
	age=0
	[ -z "$began" ] || age=$(($(date -u +%s) - began + 5))
	if ! reading look "$age" >looked 2>look.said || ! grep -q -x end looked; then
		say_all look.said
		refused look.said && finish failed stopped
		again unreachable
		return 1
	fi
	sed -n '/^tokens$/,/^snapshots$/p' looked | grep "$tab" >tokens
	sed -n '/^snapshots$/,/^end$/p' looked | grep "$tab" >snapshots
	if ! grep -q -x 'receiving 0' looked; then
		[ -n "$began" ] || finish failed busy
		again busy
		return 1
	fi
	return 0
}

# What is there of the chain: the newest that arrived, and the next that is due.
measure() {
	awk -F '\t' '
		FILENAME == "snapshots" { have[$2] = 1; next }
		FNR == 1 { last = $0; next }
		$1 in have { last = $0; due = ""; next }
		due == "" { due = $0 }
		END { print last; print due }
	' snapshots "$step/chain" >measured
	{
		IFS=$tab read -r last last_hex last_name
		IFS=$tab read -r due due_hex due_name
	} <measured
	start=$(head -n 1 "$step/chain" | cut -f 1)
}

# Hold there what is in the file `newest`: what came last of what is not through. Until then, or
# until something of the next snapshot is saved, anybody may destroy it, and what follows could not
# be received any more. `kept` are those that this step has held on its way.
keep_newest() {
	awk 'FILENAME == "kept" { known[$0] = 1; next } !($0 in known)' kept newest >names
	[ -s names ] || return 0
	reading from names keep 2>keep.said
	note_all keep.said
	[ "$code" = 255 ] || cat names >>kept
}

# Run the function $2 with the lines of the file $1 on its stdin, as xargs reads them.
# shellcheck disable=SC2329 # `reading` calls it
from() {
	sed 's/ /\\ /g' "$1" | "$2"
}

# Decide how a single dataset goes on: `how` is arrived, resume, continue_from or send.
decide() {
	have_looked || return 1
	measure
	if [ -n "$due" ] && [ "$last" != "$start" ]; then
		printf '%s@%s\n' "$into" "$last_name" >newest
		keep_newest
	fi
	token=$(awk -F '\t' -v into="$into" '$1 == into { print $2 }' tokens)
	[ -z "$stood" ] || [ "$last $token" = "$stood" ] || count=0
	stood="$last $token"
	[ -z "$stopped" ] || [ "$last" != "$former" ] || finish failed stopped
	even_so
	if [ -z "$due" ]; then
		how=arrived
	elif [ "${token:--}" != - ]; then
		case $token in *[!0-9a-f-]*) finish failed dead-token ;; esac
		check_token || return 1
		how=resume word=$token arriving=$due_name
	elif [ "$last" = "$start" ]; then
		how=send word='' arriving=$first
	else
		how=continue_from word=$last_name arriving=$target
	fi
	return 0
}

check_token() {
	if ! reading decode "$token" >decoded 2>decode.said; then
		say_all decode.said
		refused decode.said && finish failed stopped
		if [ "$code" != 255 ] && ! harmless decode.said; then
			grep -q -i 'cannot resume send' decode.said && finish failed dead-token
			finish failed stopped
		fi
		again unreachable
		return 1
	fi
	has rawok 1 || finish failed not-raw
	has toguid "$due_hex" || finish failed foreign-token
	if [ "$last_hex" = - ]; then
		grep -q -E "^${tab}fromguid = |^incremental$tab" decoded && finish failed foreign-token
	else
		has fromguid "$last_hex" || finish failed foreign-token
		grep -q "^full$tab" decoded && finish failed foreign-token
	fi
	return 0
}

# Whether a token says this, and says it once: a name in it may hold lines that look like more.
has() {
	[ "$(grep -c "^$tab$1 = " decoded)" -eq 1 ] && grep -q -x -F "$tab$1 = $2" decoded
}

# Decide how a package goes on: arrived, send (nothing of it came) or repair (dataset by dataset).
decide_package() {
	have_looked || return 1
	word=
	if [ "$(grep -c -x -F -f "$step/expect" snapshots)" -eq "$(grep -c . "$step/expect")" ]; then
		even_so
		how=arrived
		return 0
	fi
	awk -F '\t' '
		FILENAME == "snapshots" { have[$2] = 1; next }
		$1 in have { newest[$4] = $3 }
		END { for (dataset in newest) print dataset "@" newest[dataset] }
	' snapshots "$step/brings" >newest
	keep_newest
	if [ -n "$stopped" ]; then
		finish failed stopped
	elif awk -F '\t' '
		FILENAME == "snapshots" { have[$2] = 1; next }
		FILENAME == "tokens" { if ($2 != "-") found = 1; next }
		$1 in have && $1 != "-" { found = 1 }
		END { exit found ? 1 : 0 }
	' snapshots tokens "$step/brings"; then
		how=send
	else
		how=repair
	fi
	return 0
}

carry() {
	count=0 stood='' due='' began='' received='' stopped='' how=send word='' arriving=$first
	: >kept
	: >snapshots
	[ "$kind" = package ] || measure
	while :; do
		if [ "$fresh" = yes ]; then
			fresh=no
		elif [ "$kind" = package ]; then
			decide_package || continue
		else
			decide || continue
		fi
		case $how in
		arrived) settled && return ;;
		repair) repair=yes && return ;;
		*)
			[ "$count" -le "$tries" ] || finish failed gave-up interrupted
			say step "$number" "$how" "$word"
			if attempt "$how" "$word"; then
				if [ "$arriving" = "$target" ]; then settled && return; fi
				# What comes after one of many is seen there.
				printf '%s@%s\n' "$into" "$arriving" >>kept
			elif refused send.said receive.said; then
				finish failed stopped
			elif broke_off; then
				again interrupted
			else
				# A look tells whether the snapshot arrived even so.
				stopped=yes former=$last
			fi
			;;
		esac
	done
}

# After a failure, when what was sent has arrived all the same. Without the right to hold or to set
# a property a receive ends with an error though all is there, and some end with 1 and no word.
even_so() {
	if [ -n "$stopped" ]; then
		note_all receive.said
		note_all send.said
	elif [ -z "$due" ] && [ "${received:-0}" != 0 ]; then
		say note "everything arrived, though the receiving side ended with $received"
	fi
	stopped=''
}

# The targets are there by guid, held there, and the former ones are let go on both sides.
settled() {
	received=''
	reading settle >settled 2>settle.said
	found=$(grep -x -F -f "$step/expect" settled | sort -u | grep -c .)
	if [ "$code" = 255 ] || [ "$found" -ne "$(grep -c . "$step/expect")" ]; then
		say_all settle.said
		refused settle.said && finish failed stopped
		if [ "$code" = 255 ]; then again unreachable; else again unconfirmed; fi
		return 1
	fi
	say arrived "$number"
	note_all settle.said
	cat "$step/expect" "$step/stays" 2>/dev/null |
		awk -F '\t' 'FILENAME != "kept" { stays[$1] = 1; next } !($0 in stays)' - kept >names
	if [ -s names ]; then
		reading from names let_go 2>settle.said
		note_all settle.said
	fi
	reading settle_source >settled.source 2>settle.said
	note_all settle.said
	return 0
}

note_all() {
	grep -v -i -e 'tag already exists' -e 'no such tag' -e 'bookmark exists' "$1" | head -n 20 |
		cut -c 1-1000 | while IFS= read -r line; do say note "$line"; done
}

trap cancelled TERM INT HUP
{ cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime; } >boot
state running
say started
echo $$ >pid.new && mv pid.new pid # the last: who waits for it finds the others
[ ! -e given_up ] || finish cancelled
repair=no
for step in steps/*/; do
	step=${step%/}
	number=${step#steps/}
	# shellcheck source=/dev/null
	. "./$step/step"
	if [ "$kind" = repair ]; then
		[ "$repair" = yes ] || continue
		fresh=no
	else
		repair=no
	fi
	carry
done
finish "done"
