#!/bin/sh
# The root file system of both hosts, the initramfs, and the keys that open them.
#
# usage: image.sh APT KERNEL DIRECTORY
#   APT                           what packages.sh made
#   KERNEL                        what kernel.sh made
#   DIRECTORY/out/vmlinuz, initramfs, root.img
#   DIRECTORY/out/id_ed25519      the operator's key: opens root and op on both hosts
#   DIRECTORY/out/known_hosts     the keys of both hosts, under the names source and dest
set -eu

apt=$1
kernel=$2
directory=$3
here=$(cd "$(dirname "$0")" && pwd)
root=$directory/root
out=$directory/out
mkdir -p "$out" "$directory/packages" "$directory/initramfs/modules"

# The suite has to be named, though the sources list names its own.
suite=$(sed -n '1s/.* \([^ ]*\) main contrib$/\1/p' "$apt/sources.list")
mmdebstrap --mode=root --variant=essential --aptopt='APT::Sandbox::User "root"' \
    --setup-hook="cp '$apt/preferences' \"\$1/etc/apt/preferences\"" \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include='fdisk iproute2 kmod mbuffer mount openssh-server passwd procps pv sudo zstd' \
    --include='zfsutils-linux sanoid' \
    "$suite" "$root" "$apt/sources.list"

cp -a "$kernel/modules/lib/modules" "$root/usr/lib/modules"
install -m 755 "$here/init.sh" "$root/sbin/lab-init"
rm -f "$root/etc/resolv.conf" "$root"/etc/ssh/ssh_host_*
echo '10.77.0.1 source
10.77.0.2 dest
127.0.0.1 localhost' >"$root/etc/hosts"
chroot "$root" useradd --uid 1000 --create-home --shell /bin/bash op
# sudoers names the host: the same file gives op nothing on dest.
echo 'op source = (ALL:ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/op"
chmod 440 "$root/etc/sudoers.d/op"

# new_key FILE: a key of its own for this image.
new_key() {
    ssh-keygen -q -t ed25519 -N '' -C "$(basename "$1")" -f "$1"
}
new_key "$out/id_ed25519"
new_key "$directory/id_ed25519" # between the hosts
for host in source dest; do
    new_key "$root/etc/ssh/ssh_host_ed25519_key_$host"
    printf '%s ' "$host"
    cat "$root/etc/ssh/ssh_host_ed25519_key_$host.pub"
done >"$out/known_hosts"
cp "$out/known_hosts" "$root/etc/ssh/ssh_known_hosts"
for user in root op; do
    home=$(chroot "$root" sh -c "echo ~$user")
    install -d -m 700 "$root$home/.ssh"
    install -m 600 "$directory/id_ed25519" "$root$home/.ssh/id_ed25519"
    cat "$out/id_ed25519.pub" "$directory/id_ed25519.pub" >"$root$home/.ssh/authorized_keys"
    chroot "$root" chown -R "$user:" "$home/.ssh"
done

# No journal: every start is from the same image, and what a host writes to it is forgotten.
truncate --size 2G "$out/root.img"
mke2fs -q -t ext4 -O ^has_journal -d "$root" "$out/root.img"

(
    cd "$directory/packages"
    APT_CONFIG=$apt/apt.conf apt-get --quiet download busybox-static
    dpkg-deb --fsys-tarfile busybox-static_*.deb | tar -x -C "$directory/initramfs" ./bin/busybox
)
install -m 755 "$here/initramfs.sh" "$directory/initramfs/init"
release=$(ls "$kernel/modules/lib/modules")
position=10 # the modules are loaded in the order of their names
modprobe --dirname "$kernel/modules" --set-version "$release" --all --show-depends \
    virtio_pci virtio_blk | awk '!seen[$2]++ { print $2 }' |
    while read -r module; do
        cp "$module" "$directory/initramfs/modules/$position-$(basename "$module")"
        position=$((position + 1))
    done
(cd "$directory/initramfs" && find . | cpio --quiet -o -H newc) >"$out/initramfs"
cp "$kernel/vmlinuz" "$out/vmlinuz"
chmod 700 "$out" # the image is full of private keys
