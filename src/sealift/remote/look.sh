#!/bin/sh
# Say what a destination has of a tree: sh -c "$(cat look.sh)" sealift SECONDS DEPTH DATASET ZFS...
# A receive into DATASET, started at most SECONDS ago by a pipeline that has lost us, is ended first:
# its sshd has not noticed yet, and what it has saved cannot be read while it runs. One that runs as
# root only ends with its session: "sshd: USER@notty", and never the sshd that listens, whose process
# may be the next one above. 0 SECONDS end none. DEPTH is -r or -d1. ZFS... run zfs here.
seconds=$1 depth=$2 into=$3;
shift 3;
unset COLUMNS;
turn=0;
# All grow older while we wait here, a fifth of a second a turn.
receiving() {
ps -A -o pid=,ppid=,etimes=,args= | while read -r pid parent age words; do
case $words in *"zfs receive -s -u $into") echo "$pid $parent $((age - turn / 5))" ;; esac;
done;
};
ours() {
receiving | while read -r pid parent age; do
test "$age" -gt "$seconds" || echo "$pid $parent";
done;
};
while [ "$seconds" -gt 0 ] && [ "$turn" -lt 50 ]; do
found=$(ours);
test -n "$found" || break;
echo "$found" | while read -r pid parent; do
for _ in 1 2 3 4; do
case $(ps -o args= -p "$parent") in
sshd*": "*@*) kill "$parent"; break ;;
sshd*) break ;;
esac;
parent=$(($(ps -o ppid= -p "$parent") + 0));
done;
kill "$pid";
done 2>/dev/null;
turn=$((turn + 1));
sleep 0.2 2>/dev/null || sleep 1;
done;
echo "receiving $(receiving | grep -c .)";
pool=${into%%/*};
"$@" list -H -o name "$pool" >/dev/null || exit 1;
echo tokens;
"$@" get -Hp "$depth" -t filesystem,volume -o name,value receive_resume_token "$into" 2>/dev/null;
echo snapshots;
"$@" list -Hp "$depth" -t snapshot -o name,guid "$into" 2>/dev/null;
echo end
