#!/bin/sh
# List the lock timers of this host: a line each of TAB separated id, how it fares (alive, gone or
# rebooted), state, when it is due, what the clock here says, and what sealift wrote about it.
unset COLUMNS;
locks=${XDG_STATE_HOME:-$HOME/.local/state}/sealift/locks;
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime);
for folder in "$locks"/*/; do
folder=${folder%/};
# One that is just being started has no date yet, nor has one that a full disk cut short.
test -s "$folder/about" && test -s "$folder/due" || continue;
id=$(basename "$folder");
fares=gone;
test "$boot" = "$(cat "$folder/boot" 2>/dev/null)" || fares=rebooted;
pid=$(cat "$folder/pid" 2>/dev/null);
case $(ps -o args= -p "${pid:-0}" 2>/dev/null) in *"timer $id "*) fares=alive ;; esac;
# Read after that: one that ends meanwhile has written its last word before.
state=$(cat "$folder/state" 2>/dev/null);
printf '%s\t%s\t%s\t%s\t%s\t' "$id" "$fares" "$state" "$(cat "$folder/due")" "$(date -u +%s)";
head -n 1 "$folder/about";
done;
true
