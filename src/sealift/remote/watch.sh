#!/bin/sh
# Run one command and end it when nobody waits for it any more.
#   sh -c "$(cat watch.sh)" sealift LIMIT SIZE ELEVATE COMMAND [WORD...]
# LIMIT is in seconds (0: none). SIZE is how many bytes of stdin are the command's (0: it has none).
# ELEVATE is how to become root, "sudo -n" say, or empty: a command that runs as root can only be
# ended by root.
# Our side keeps stdin open for as long as it waits. End of file there means that it gave up, was
# killed or lost the connection: the command's process group is then ended. An ssh client that only
# hangs up leaves the command running, for minutes if it is slow. The watchers start first, so that
# there is no moment in which the command runs without them.
LOGIN_PATH=$PATH PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin LC_ALL=C;
export LOGIN_PATH PATH LC_ALL;
unset ZFS_COLOR COLUMNS;
limit=$1 size=$2 elevate=$3;
shift 3;
end_all() {
trap '' TERM;
kill -TERM 0;
$elevate kill -TERM 0;
sleep 1;
$elevate kill -KILL 0;
kill -KILL 0;
};
exec 3<&0 </dev/null;
if [ "$limit" -gt 0 ]; then
( exec 3<&-; sleep "$limit"; end_all ) >/dev/null 2>&1 &
fi;
if [ "$size" -gt 0 ]; then
exec 4>&2 2>/dev/null;
trap : TERM;
( head -c "$size" <&3; exec >/dev/null; cat <&3; end_all ) |
(
( exec 2>&4 3<&- 4>&-; "$@" );
code=$?;
trap '' TERM;
kill -TERM 0;
( sleep 1; kill -TERM 0 ) >/dev/null 2>&1 3<&- 4>&- &
exit "$code"
);
exit "$?";
fi;
# Nothing comes: a shell's own read waits as well as a program, which would have to be started.
( while read -r line; do : "$line"; done <&3; end_all ) >/dev/null 2>&1 &
exec 3<&-;
"$@";
code=$?;
trap '' TERM;
kill -TERM 0;
exit "$code"
