#!/bin/sh
# Make ready what the build takes from Debian: the programs it runs on this machine, and an apt
# folder of its own for everything that goes into the lab's hosts.
#
# usage: packages.sh SUITE DIRECTORY
#   DIRECTORY/apt.conf     for APT_CONFIG: nothing under /etc/apt or /var/lib/apt is touched
#   DIRECTORY/sources.list, DIRECTORY/preferences
set -eu

suite=$1
directory=$2

# Installed from the machine's own suite, and only if they are missing.
needed='build-essential cpio e2fsprogs fdisk kmod libelf-dev mmdebstrap openssh-client
        qemu-system-x86 util-linux'
missing=
for package in $needed; do
    status=$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null || :)
    [ "$status" = installed ] || missing="$missing $package"
done
if [ -n "$missing" ]; then
    apt-get --quiet update
    # shellcheck disable=SC2086 # a list of package names
    DEBIAN_FRONTEND=noninteractive \
        apt-get --quiet --yes --no-install-recommends install $missing
fi

# The mirror is the one that this machine's main suite comes from.
# shellcheck source=/dev/null
codename=$(. /etc/os-release && printf '%s' "$VERSION_CODENAME")
# shellcheck disable=SC2016 # apt-get fills in $(REPO_URI)
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
    "Codename: $codename" 'Component: main' | head -n 1)
if [ -z "$mirror" ]; then
    echo "packages.sh: this machine's apt has no main component of $codename" >&2
    exit 1
fi

mkdir -p "$directory/state/lists/partial" "$directory/cache/archives/partial"
: >"$directory/status"
for each in "${suite%-backports}" "$suite"; do
    printf 'deb [signed-by=%s] %s %s main contrib\n' \
        /usr/share/keyrings/debian-archive-keyring.gpg "$mirror" "$each"
done | uniq >"$directory/sources.list"
# Of the suite that ZFS comes from, only ZFS.
cat >"$directory/preferences" <<END
Package: src:zfs-linux
Pin: release n=$suite
Pin-Priority: 990
END
cat >"$directory/apt.conf" <<END
Dir::State "$directory/state";
Dir::State::status "$directory/status";
Dir::Cache "$directory/cache";
Dir::Etc::sourcelist "$directory/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "$directory/preferences";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "root";
END
APT_CONFIG=$directory/apt.conf apt-get --quiet update
