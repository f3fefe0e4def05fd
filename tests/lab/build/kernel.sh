#!/bin/sh
# Debian's cloud kernel, and the ZFS modules compiled for it.
#
# usage: kernel.sh APT DIRECTORY
#   APT                    what packages.sh made
#   DIRECTORY/out/vmlinuz  the kernel
#   DIRECTORY/out/modules  its modules with those of ZFS, a tree that starts at lib/modules
set -eu

export APT_CONFIG="$1/apt.conf"
directory=$2
mkdir -p "$directory/packages" "$directory/tree" "$directory/out/modules"

release=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: linux-image-//p')
(
    cd "$directory/packages"
    apt-get --quiet download "linux-image-$release" "linux-headers-$release" \
        "linux-headers-${release%-cloud-amd64}-common" "linux-kbuild-${release%%.0-*}" zfs-dkms
)
for package in "$directory"/packages/*.deb; do
    dpkg-deb --extract "$package" "$directory/tree"
done

# The headers expect to be installed under /usr/src.
headers=$directory/tree/usr/src/linux-headers-$release
common=$directory/tree/usr/src/linux-headers-${release%-cloud-amd64}-common
sed -i "s#/usr/src/#$directory/tree/usr/src/#" "$headers/Makefile"
cd "$directory"/tree/usr/src/zfs-*
./configure --quiet --with-config=kernel --with-linux="$common" --with-linux-obj="$headers"
make --silent -j"$(nproc)" -C module

cp "$directory/tree/boot/vmlinuz-$release" "$directory/out/vmlinuz"
cp -a "$directory/tree/lib" "$directory/out/modules/lib"
modules=$directory/out/modules/lib/modules/$release/updates
mkdir "$modules"
find module -name '*.ko' -exec cp {} "$modules" \;
strip --strip-debug "$modules"/*.ko # the debug sections are nine tenths of zfs.ko
depmod -b "$directory/out/modules" "$release"
