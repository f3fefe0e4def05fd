#!/bin/sh
# Start a lock timer, whose script comes on stdin: sealift ID SIZE ABOUT SECONDS ELEVATE ZFS ROOT...
# SIZE is how many bytes the script has, ABOUT a line that sealift wrote about it. Ends with 5 if a
# program is missing (its name is on stdout). Timers that are over are cleared away.
id=$1 size=$2 about=$3;
shift 3;
unset COLUMNS;
umask 077;
for program in setsid awk; do
command -v "$program" >/dev/null || { echo "$program"; exit 5; };
done;
locks=${XDG_STATE_HOME:-$HOME/.local/state}/sealift/locks;
mkdir -p "$locks" || exit 1;
for folder in "$locks"/*/; do
case $(cat "$folder/state" 2>/dev/null) in locked | cancelled) rm -r "$folder" ;; esac;
done;
folder=$locks/$id;
mkdir "$folder" && cd "$folder" || exit 1;
cat >timer;
test "$(wc -c <timer)" -eq "$size" || { cd "$locks" && rm -r "$folder"; exit 1; };
printf '%s\n' "$about" >about;
setsid sh ./timer "$id" "$@" </dev/null >/dev/null 2>&1 &
turn=0;
until [ -s pid ] || [ "$turn" -ge 100 ]; do
turn=$((turn + 1));
sleep 0.1 2>/dev/null || sleep 1;
done;
# One that starts so late finds the note, or we find it.
test -s pid || { : >given_up; kill "$(cat pid)" 2>/dev/null; exit 1; };
cat due
