#!/bin/sh
# Build what the lab's hosts boot from, unless it is in the cache, and print where it is.
#
# usage: build.sh [SUITE]
#   SUITE  the Debian suite that ZFS comes from: bookworm-backports (2.3, the default) or
#          bookworm (2.1). Everything else in the hosts comes from bookworm in both cases.
#
# The cache is $SEALIFT_LAB_CACHE, by default ~/.cache/sealift-lab. The kernel with its ZFS
# modules (minutes) and the image (one minute) are kept apart, each under a hash of what it is
# made from. A directory gets its final name only when it is whole.
set -eu
umask 022

suite=${1:-bookworm-backports}
here=$(cd "$(dirname "$0")" && pwd)
cache=${SEALIFT_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/sealift-lab}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)

# key SCRIPT...: a hash of the suite and of what these scripts say.
key() {
    { printf '%s\n' "$suite" && cat "$@"; } | sha256sum | cut -c 1-16
}

kernel=$cache/kernel-$(key "$here/packages.sh" "$here/kernel.sh")
image=$cache/$(key "$here"/*.sh)

if [ ! -d "$image" ]; then
    exec 9>"$cache/lock"
    flock 9 # another build may be making the same image: wait, then look again
fi
if [ ! -d "$image" ]; then
    work=$(mktemp -d "$cache/building.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 1' HUP INT TERM
    {
        "$here/packages.sh" "$suite" "$work/apt"
        if [ ! -d "$kernel" ]; then
            "$here/kernel.sh" "$work/apt" "$work/kernel"
            mv "$work/kernel/out" "$kernel"
        fi
        "$here/image.sh" "$work/apt" "$kernel" "$work/image"
        mv "$work/image/out" "$image"
    } >&2
fi
printf '%s\n' "$image"
