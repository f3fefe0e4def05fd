#!/bin/sh
# Unpack a job (a tar on stdin) and start it: sealift ID INTO [NEEDED...]
# INTO is where it writes to: no second job of this coordinator may. NEEDED are programs without
# which it could not run. Ends with 4 if such a job runs (its id is on stdout), with 5 if a program
# is missing (its name is on stdout). The folder is on stdout otherwise.
id=$1 into=$2;
shift 2;
unset COLUMNS;
umask 077;
for program in setsid flock tar awk "$@"; do
command -v "$program" >/dev/null || { echo "$program"; exit 5; };
done;
jobs=${XDG_STATE_HOME:-$HOME/.local/state}/sealift/jobs;
mkdir -p "$jobs" || exit 1;
# One start at a time. The kernel lets go of the lock when we are killed.
exec 9>"$jobs/.lock";
flock 9 || exit 1;
for folder in "$jobs"/*/; do
case $(cat "$folder/state" 2>/dev/null) in running | waiting) ;; *) continue ;; esac;
other=$(cat "$folder/into" 2>/dev/null);
case $other/ in "$into"/*) ;; *) case $into/ in "$other"/*) ;; *) continue ;; esac ;; esac;
pid=$(cat "$folder/pid" 2>/dev/null);
name=$(basename "$folder");
case $(ps -o args= -p "${pid:-0}" 2>/dev/null) in *"runner $name"*) echo "$name"; exit 4 ;; esac;
done;
folder=$jobs/$id;
mkdir "$folder" && cd "$folder" || exit 1;
give_up() {
cd "$jobs" && rm -r "$folder";
exit 1;
};
# A tar ends with two blocks of zeros; without them it was cut off on its way here.
cat >archive 9>&-;
test "$(tail -c 1024 archive | tr -d '\000' | wc -c)" -eq 0 || give_up;
tar -xf archive || give_up;
rm archive;
printf %s "$into" >into;
setsid sh ./runner "$id" </dev/null >/dev/null 2>&1 9>&- &
turn=0;
until [ -s pid ] || [ "$turn" -ge 100 ]; do
turn=$((turn + 1));
sleep 0.1 2>/dev/null || sleep 1;
done;
# One that starts so late finds the note, or we find it.
test -s pid || { : >given_up; kill "$(cat pid)" 2>/dev/null; exit 1; };
echo "$folder"
