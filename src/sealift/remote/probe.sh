#!/bin/sh
# Say who we are here and what ZFS there is: lines of "sealift", a word and its value. Reads only.
# The first line is empty, so that what a login shell prints before us stays on a line of its own.
say() { printf 'sealift %s\n' "$*"; };
echo;
say user "$(id -un)";
say uid "$(id -u)";
say host "$(uname -n)";
say system "$(uname -s)";
say epoch "$(date -u +%s)";
zfs=$(command -v zfs) && say zfs "$zfs";
PATH=${LOGIN_PATH:-$PATH} command -v zfs >/dev/null && say onpath yes;
zfs version 2>&1 | while read -r line; do say version "$line"; done;
if [ "$(id -u)" -ne 0 ] && [ -n "$zfs" ]; then
sudo -n -l "$zfs" receive >/dev/null 2>&1 && say sudo yes;
doas -n "$zfs" version >/dev/null 2>&1 && say doas yes;
fi;
true
