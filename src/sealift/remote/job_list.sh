#!/bin/sh
# List the jobs of this coordinator: a line each of TAB separated id, how its runner fares (alive,
# gone or rebooted), state, bytes of log, folder, and what sealift wrote about it (JSON).
unset COLUMNS;
jobs=${XDG_STATE_HOME:-$HOME/.local/state}/sealift/jobs;
boot=$(cat /proc/sys/kernel/random/boot_id 2>/dev/null || sysctl -n kern.boottime);
for folder in "$jobs"/*/; do
folder=${folder%/};
test -f "$folder/about" || continue;
id=$(basename "$folder");
fares=gone;
state=$(cat "$folder/state" 2>/dev/null);
case $state in running | waiting)
test "$boot" = "$(cat "$folder/boot" 2>/dev/null)" || fares=rebooted;
pid=$(cat "$folder/pid" 2>/dev/null);
case $(ps -o args= -p "${pid:-0}" 2>/dev/null) in *"runner $id"*) fares=alive ;; esac ;;
esac;
size=$(wc -c 2>/dev/null <"$folder/log");
printf '%s\t%s\t%s\t%s\t%s\t' "$id" "$fares" "$state" "$((${size:-0}))" "$folder";
head -n 1 "$folder/about";
done;
true
