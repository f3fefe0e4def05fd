#!/bin/sh
# The first process of a lab host. LAB_HOST (source or dest) comes from the kernel's command line.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C

mount -t proc proc /proc
mount -t sysfs sys /sys
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs tmp /tmp
mkdir -p /run/sshd
ln -s /proc/self/fd /dev/fd # this and the next three are udev's elsewhere
ln -s /proc/self/fd/0 /dev/stdin
ln -s /proc/self/fd/1 /dev/stdout
ln -s /proc/self/fd/2 /dev/stderr

case $LAB_HOST in
    source) number=1 ;;
    dest) number=2 ;;
esac
hostname "$LAB_HOST"
zgenhostid -f "0000000$number"

# eth0 is the operator's way in, eth1 the cable to the other host, eth2 the test harness's.
modprobe virtio_net
ip link set lo up
ip address add 10.0.2.15/24 dev eth0
ip address add "10.77.0.$number/24" dev eth1
ip address add 10.0.3.15/24 dev eth2
for interface in eth0 eth1 eth2; do
    ip link set "$interface" up
done

modprobe -a zfs tcp_diag sch_tbf sch_netem
chmod 666 /dev/zfs # udev would; `zfs allow` is nothing without it
if [ -b /dev/vdb1 ]; then
    timeout 60 zpool import -a -d /dev/vdb1
fi

/usr/sbin/sshd -D -h "/etc/ssh/ssh_host_ed25519_key_$LAB_HOST" &
until [ -n "$(ss -Hltn 'sport = :22')" ]; do
    sleep 0.1
done
echo 'sealift-lab: ready'
wait # reaps the orphans too; should sshd end, this ends, the kernel panics, the emulator is gone
