#!/bin/bash
# The root file system: packages, modules, overlay, units, programs; then one squashfs with
# its dm-verity hashes behind it. The same input gives the same bytes.
#
# root.sh FLAVOUR PROGRAMS VERSION KEYS
. "$(dirname "$0")/settings.sh"
flavour=$1 programs=$2 version=$3 keys=$4
root=$WORK/root
programs_in_image=(kiosk kiosk-worker qoltanba-fallback qoltanba-steward)

say "root of $SUITE, flavour $flavour"
rm -rf --one-file-system "$root"
lists=("$HERE/packages.list")
[ "$flavour" = release ] || lists+=("$HERE/packages-test.list")
debian_tree "$root" essential <(cat "${lists[@]}")

# For the bill of materials; the root itself needs no package database.
cp "$root/var/lib/dpkg/status" "$WORK/dpkg-status"

say "what the root does not need"
(
    cd "$root"
    # Nothing is installed here any more.
    rm -rf etc/apt etc/dpkg usr/lib/dpkg usr/share/dpkg usr/bin/dpkg* usr/bin/update-alternatives usr/sbin/start-stop-daemon
    # Perl came with Debian's essential packages; no program here is written in it.
    rm -rf usr/bin/*perl* usr/lib/x86_64-linux-gnu/perl* usr/share/perl*
    # The programs bring their font; boot loader files lie on the ESP.
    rm -rf usr/share/fonts usr/share/grub usr/lib/grub etc/grub.d usr/share/lintian usr/share/bug usr/share/menu
    rm -rf usr/share/doc usr/share/man usr/share/info usr/share/locale usr/share/debianutils usr/share/pixmaps
    # pcscd asks polkit for leave where it runs; here the socket's group decides. Without its daemon no
    # file of it is left to be called over D-Bus.
    rm -f usr/lib/polkit-1/polkitd usr/bin/pk* usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service
    rm -f usr/lib/systemd/system/polkit.service
    # It gives the TPM to a user of its own; here root asks it, without the right to pass over owners, and the kiosk.
    rm -f usr/lib/udev/rules.d/60-tpm-udev.rules
    # Privileges by file: no program of this image needs them.
    find . -xdev -type f -perm /6000 -exec chmod ug-s {} +
    # Nothing that asks for a name and a password, in either flavour.
    rm -f usr/sbin/{agetty,getty,sulogin} usr/bin/{login,su,passwd,chsh,chfn,newgrp,sg,gpasswd} usr/lib/systemd/systemd-sulogin-shell
    # grub-common keeps count in its own way, rauc in another: the health unit decides alone.
    rm -f usr/lib/systemd/system/grub-common.service usr/lib/systemd/system/rauc-mark-good.service
    rm -f usr/lib/systemd/system/{e2scrub*,dpkg-db-backup*,apt-daily*}
    rm -rf etc/systemd/system/*.wants etc/systemd/system/*.service etc/init.d etc/rc?.d etc/cron.* etc/default/grub*
)

say "modules of $(cat "$TOOLS.kernel")"
add_modules "$root" "$HERE/modules.omit"

say "overlay, units, programs"
cp -r "$HERE/overlay/." "$root/"
[ "$flavour" = release ] || cp -r "$HERE/overlay-test/." "$root/"
"$REPOSITORY/systemd/install" "$root"
install -m 644 "$keys/update-ca.crt" "$root/etc/rauc/keyring.pem"
install -D -m 644 "$keys/recovery.pub" "$root/usr/share/qoltanba/recovery.pem"
for program in "${programs_in_image[@]}"; do
    install -m 755 "$programs/$program" "$root/usr/bin/$program"
    tool strip "/build/root/usr/bin/$program"
done
# Feeding a watchdog that the program does not know of would be killing it.
if grep -q WATCHDOG_USEC "$root/usr/bin/kiosk"; then
    install -D -m 644 "$REPOSITORY/systemd/kiosk/watchdog.conf" \
        "$root/usr/lib/systemd/system/qoltanba-kiosk.service.d/watchdog.conf"
fi
install -m 644 "$REPOSITORY/LICENSE" "$root/usr/share/qoltanba/LICENSE"

cat >"$root/usr/lib/os-release" <<END
ID=qoltanba
ID_LIKE=debian
NAME="Qoltanba kiosk"
PRETTY_NAME="Qoltanba kiosk $version"
VERSION_ID=$version
VARIANT_ID=$flavour
END
printf '' >"$root/etc/machine-id"
echo kiosk >"$root/etc/hostname"
printf '127.0.0.1 localhost kiosk\n::1 localhost kiosk\n' >"$root/etc/hosts"
ln -sf ../run/systemd/resolve/stub-resolv.conf "$root/etc/resolv.conf"
ln -sfn /var/lib/qoltanba-local "$root/etc/qoltanba"
# What the steward wrote of the network comes behind what the image says.
rm -rf "$root/etc/systemd/network"
ln -sfn /var/lib/qoltanba-network "$root/etc/systemd/network"
mkdir -p "$root/efi"

say "users, units that start"
inside "$root" systemd-sysusers
# Nobody logs in: no password is right, and there is no shell to get.
sed -i 's/^\([^:]*\):[^:]*:/\1:!*:/' "$root/etc/shadow"
sed -i 's#:[^:]*$#:/usr/sbin/nologin#' "$root/etc/passwd"
# Made only where it is missing, with the day it was made in it.
sed -i 's/^\([^:]*:[^:]*\):[^:]*:/\1:1:/' "$root/etc/shadow"
rm -f "$root/etc/"{passwd,group,shadow,gshadow,subuid,subgid}- "$root/etc/.pwd.lock"
units=(qoltanba-kiosk qoltanba-health qoltanba-wipe systemd-networkd systemd-resolved systemd-timesyncd)
[ "$flavour" = release ] || units+=(qoltanba-test-console)
inside "$root" systemctl --quiet enable "${units[@]/%/.service}" pcscd.socket qoltanba-{steward,worker}.socket
# No login, no seat, nothing that stops the machine from its keyboard.
inside "$root" systemctl --quiet mask getty@.service autovt@.service serial-getty@.service console-getty.service \
    container-getty@.service debug-shell.service rescue.service ctrl-alt-del.target \
    systemd-logind.service systemd-hostnamed.socket getty.target sleep.target suspend.target hibernate.target systemd-machine-id-commit.service
inside "$root" systemctl --quiet set-default multi-user.target
"$REPOSITORY/systemd/check" "$root" >&2 || die "a unit has more exposure than it may have"
# What is looked up at each start is looked up now, as the root cannot be written.
inside "$root" systemd-hwdb --usr update
inside "$root" ldconfig
inside "$root" /usr/bin/kiosk config check /usr/share/qoltanba/kiosk.toml >/dev/null || die "the image's configuration is refused by the kiosk"
for program in "${programs_in_image[@]}"; do
    if inside "$root" ldd "/usr/bin/$program" | grep 'not found'; then die "$program lacks a library"; fi
done
for way_in in usr/sbin/{agetty,sulogin,sshd} usr/bin/{login,su} etc/systemd/system/getty.target.wants; do
    [ ! -e "$root/$way_in" ] || die "nobody logs in, but there is $way_in"
done
[ "$flavour" != release ] || [ ! -e "$root/usr/lib/systemd/system/qoltanba-test-console.service" ] || die "a release with a test's shell"

rm -rf "$root/var" "$root/run" "$root/tmp" "$root/boot" "$root/home" "$root/root/".??*
mkdir -p "$root/var" "$root/run" "$root/home"
mkdir -m 1777 "$root/tmp"
rm -f "$root/usr/lib/systemd/system/var-lib-machines.mount" "$root/etc/ld.so.cache~"

if [ "$flavour" = release ]; then "$HERE/seal.sh"; else "$HERE/seal.sh" 3; fi
