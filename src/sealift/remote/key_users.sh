#!/bin/sh
# Say which processes use what is mounted: sh -c "$(cat key_users.sh)" sealift MOUNTPOINT...
# Answers lines of uses, pid, program and path, TAB separated, and of below, kind and place of what
# is mounted below and no ZFS; then "unseen" with the number of processes that we may not look at, or
# "unknown" where there is no /proc.
unset COLUMNS;
LC_ALL=C;
export LC_ALL;
test -e /proc/self/fd || { echo unknown; exit 0; };
tab=$(printf '\t');
{
printf 'place %s\n' "$@";
ls -l /proc/[0-9]*/cwd /proc/[0-9]*/root /proc/[0-9]*/fd 2>/dev/null;
} | awk -v tab="$tab" '
$1 == "place" { places[substr($0, 7)] = 1; next }
index($0, "/proc/") == 1 { split($0, parts, "/"); pid = parts[3]; next }
index($0, " -> ") {
at = index($0, " -> ");
path = substr($0, at + 4);
before = substr($0, 1, at);
from = pid;
if (index(before, "/proc/")) { split(substr(before, index(before, "/proc/")), parts, "/"); from = parts[3] };
for (place in places) if (path == place || index(path, place "/") == 1) found[from] = path
}
END { for (pid in found) print pid tab found[pid] }
' | while IFS=$tab read -r pid path; do
printf 'uses\t%s\t%s\t%s\n' "$pid" "$(tr -d '\t\n' 2>/dev/null <"/proc/$pid/comm")" "$path";
done;
{
printf 'place %s\n' "$@";
cat /proc/self/mounts;
} | awk '
BEGIN { space = sprintf("%c040", 92) }
$1 == "place" { places[substr($0, 7)] = 1; next }
$3 == "zfs" { next }
{
path = $2;
while (at = index(path, space)) path = substr(path, 1, at - 1) " " substr(path, at + 4);
for (place in places) if (index(path, place "/") == 1) { printf "below\t%s\t%s\n", $3, path; next }
}
';
unseen=0;
for folder in /proc/[0-9]*/; do
test -r "${folder}fd" || unseen=$((unseen + 1));
done;
printf 'unseen\t%s\n' "$unseen"
