#!/bin/sh
# Cancel what this host runs by itself, and wait until it has ended: sealift KIND WORD ID, which is
# jobs runner ID or locks timer ID. Ends with 3 if it does not run.
unset COLUMNS;
folder=${XDG_STATE_HOME:-$HOME/.local/state}/sealift/$1/$3 words="$2 $3";
pid=$(cat "$folder/pid" 2>/dev/null);
# What has ended and was not collected by its parent has lost its words.
runs() {
case $(ps -o args= -p "${pid:-0}" 2>/dev/null) in *"$words"*) true ;; *) false ;; esac;
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
