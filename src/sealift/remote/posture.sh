#!/bin/sh
# Say what on this host would load keys or mount at boot: sh -s -- DATASET
# It reads, and writes nothing but its answer: lines of "sealift", a word and its value, the last of
# them "end".
#   init, generator   process 1; the generator of units for zfs-list.cache, if there is one
#   unit STATE PATH   whether a unit is started at boot, idle, masked, or replaced by one in /etc
#   line PATH TEXT    what loads keys or mounts (TAB in between), comments and all
#   cached            of DATASET's tree in zfs-list.cache: path:name, mountpoint, canmount,
#                     encryption root, keylocation, org.openzfs.systemd:ignore, parted by TABs
#   sudo              that sudo lets the one who asks load keys without a password
#   unread            what is there, and not for this user to read
# POSTURE_ROOT stands before every path, for hosts that live in a directory of another one.
# shellcheck disable=SC2231
LC_ALL=C PATH=${PATH:-/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin
export LC_ALL PATH
unset COLUMNS
dataset=$1
root=${POSTURE_ROOT-}
tab=$(printf '\t')
loads="load-key|pam_zfs_key|zfs +mount|zpool +import[^;|]* -[A-Za-z]*l|zfskeys_enable=.?[Yy]"
loads="$loads|ZPOOL_IMPORT_OPTS=.*-[A-Za-z]*l"

say() {
	printf 'sealift %s\n' "$*"
}

# Run a command on every file that is looked into at boot, or every so often.
boot() {
	set -- "$@" "$root"/etc/systemd/system/*.service "$root"/etc/systemd/system/*.service.d/* \
		"$root"/run/systemd/system/*.service "$root"/run/systemd/generator*/*.service \
		"$root"/usr/local/lib/systemd/system/*.service "$root"/usr/lib/systemd/system/*.service
	[ -h "$root/lib" ] || set -- "$@" "$root"/lib/systemd/system/*.service
	"$@" "$root"/etc/crontab "$root"/etc/anacrontab "$root"/etc/cron.*/* \
		"$root"/var/spool/cron/* "$root"/var/spool/cron/crontabs/* \
		"$root"/etc/rc.local "$root"/etc/rc.d/rc.local "$root"/etc/rc.conf \
		"$root"/etc/init.d/* "$root"/etc/local.d/* "$root"/etc/pam.d/* \
		"$root"/etc/initramfs-tools/hooks/* "$root"/etc/initramfs-tools/scripts/* \
		"$root"/etc/initramfs-tools/scripts/*/* "$root"/etc/dracut.conf.d/* \
		"$root"/etc/network/if-up.d/* \
		"$root"/etc/zfs/zed.d/* "$root"/etc/default/zfs "$root"/etc/sysconfig/zfs
}

unread() {
	for each; do
		if [ -e "$each" ] && [ ! -r "$each" ]; then
			say unread "${each#"$root"}"
		fi
	done
}

# Whether something that is started at boot wants a unit, by a link or by naming it.
started() {
	name=${1%.service}
	case $name in *@) name="$name*" ;; esac
	for each in "$root"/etc/systemd/system/*.[wru]*s/$name.[pst]* \
		"$root"/run/systemd/*/*.[wru]*s/$name.[pst]* \
		"$root"/usr/lib/systemd/system/*.[wru]*s/$name.[pst]*; do
		[ -h "$each" ] && return 0
	done
	grep -Fhs -e "$1" "$root"/etc/systemd/system/*.[wru]*s/* "$root"/run/systemd/*/*.[wru]*s/* |
		grep -Eq '^(Wants|Requires|BindsTo|Upholds|Unit)='
}

unit() {
	case $1 in
	*/systemd/*.service) ;;
	*) return ;;
	esac
	name=$(basename "$1")
	own=$root/etc/systemd/system/$name
	if [ -c "$own" ]; then
		state=masked
	elif [ -e "$own" ] && [ "$own" != "$1" ]; then
		state=replaced
	elif started "$name"; then
		state=started
	else
		state=idle
	fi
	say unit "$state ${1#"$root"}"
}

# Lines on stdin, a few of them and cut short, as those of a file.
lines_of() {
	head -n 10 | cut -c 1-400 | while IFS= read -r line; do
		say line "${1#"$root"}$tab$line"
	done
}

say init "$(cat "$root/proc/1/comm" 2>/dev/null)"
for each in "$root"/usr/lib/systemd/system-generators "$root"/lib/systemd/system-generators; do
	if [ -x "$each/zfs-mount-generator" ]; then
		say generator "${each#"$root"}/zfs-mount-generator"
		break
	fi
done

boot grep -Els -e "$loads" | head -n 50 | while IFS= read -r path; do
	unit "$path"
	grep -Es -e "$loads" "$path" | lines_of "$path"
done

# Scripts that do it count where something at boot names them. (head -c 3 tells them from programs.)
for path in "$root"/usr/local/sbin/* "$root"/usr/local/bin/* "$root"/root/* "$root"/root/bin/*; do
	[ -f "$path" ] && [ -r "$path" ] || continue
	case $(head -c 3 "$path" 2>/dev/null | tr -d '\0') in '#!'*) ;; *) continue ;; esac
	does=$(grep -Es -e "$loads" "$path" | head -n 1)
	[ -n "$does" ] || continue
	caller=$(boot grep -Fls -e "${path#"$root"}" | head -n 1)
	[ -n "$caller" ] || continue
	unit "$caller"
	echo "${path#"$root"}: $does" | lines_of "$caller"
done

grep -FsH -e "$dataset" "$root"/etc/zfs/zfs-list.cache/* | cut -f 1,2,3,11,12,20 | head -n 500 |
	while IFS= read -r line; do
		say cached "${line#"$root"}"
	done

boot unread | head -n 40
unread "$root"/etc/zfs/zfs-list.cache "$root"/etc/zfs/zfs-list.cache/* \
	"$root"/etc/systemd/system "$root"/etc/cron.* "$root"/etc/initramfs-tools \
	"$root"/var/spool/cron "$root"/var/spool/cron/crontabs | head -n 40

zfs=$(command -v zfs)
if command -v sudo >/dev/null; then
	if [ "$(id -u)" -ne 0 ]; then
		sudo -n -l "$zfs" load-key "$dataset" >/dev/null 2>&1 && say sudo load-key
	elif [ -n "${SUDO_USER-}" ] && [ "$SUDO_USER" != root ]; then
		sudo -n -l -U "$SUDO_USER" "$zfs" load-key "$dataset" >/dev/null 2>&1 && say sudo load-key
	fi
fi
say end
