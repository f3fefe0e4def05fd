#!/bin/sh
# Cancel a lock timer and wait until it has ended: sealift ID. Ends with 3 if it does not run.
unset COLUMNS;
folder=${XDG_STATE_HOME:-$HOME/.local/state}/sealift/locks/$1 id=$1;
pid=$(cat "$folder/pid" 2>/dev/null);
runs() {
case $(ps -o args= -p "${pid:-0}" 2>/dev/null) in *"timer $id "*) true ;; *) false ;; esac;
};
runs || exit 3;
kill -TERM "$pid" || exit 1;
turn=0;
while runs; do
turn=$((turn + 1));
test "$turn" -lt 250 || exit 1;
sleep 0.1 2>/dev/null || sleep 1;
done;
true
