#!/bin/bash
# What a kiosk's start is measured against: a bare image of the same packages, with a login prompt.
#
# poweron.sh IMAGE DIR
#   IMAGE  of the flavour `test`, built in the same $WORK with keys for tests
#   DIR    gets disk.img: firmware, GRUB, UKI, kernel, modules, dm-verity and partitions as IMAGE; the root is what Debian makes of
#          packages.list, without a program, a unit or a setting of ours, and /var is there. Also packages.hash, of what it is made
#          of: while that fits nothing is made anew
. "$(dirname "$0")/../settings.sh"
image=$(realpath "$1") out=$(realpath -m "$2")
keys=$WORK/test-keys root=$WORK/root
grep -q ttyS0 "$image/cmdline-A" || die "$image is not of the flavour test"
hash=$(cat "$HERE"/{packages.list,modules.omit,boot.sh,disk.sh,seal.sh,grub.cfg,vmtest/poweron.sh} "$image/vmlinuz" | sha256sum)
[ "$(cat "$out/packages.hash" 2>/dev/null)" != "$hash" ] || exit 0

exec 9>"$WORK/lock"
flock -n 9 || die "another build uses $WORK"
"$HERE/tools.sh"
[ -e "$keys/secureboot.crt" ] || die "$WORK holds no keys for tests: the image is of another folder"

say "bare root of $SUITE"
rm -rf --one-file-system "$root"
debian_tree "$root" essential "$HERE/packages.list"
add_modules "$root" "$HERE/modules.omit"
# They would fail and be started anew until /var is mounted, which is no fair beginning.
cp -r "$HERE"/overlay/usr/lib/systemd/system/systemd-{resolved,timesyncd}.service.d "$root/usr/lib/systemd/system/"
cat >"$root/etc/fstab" <<END
/dev/disk/by-partlabel/data /var ext4 noatime 0 2
END
printf '' >"$root/etc/machine-id"
echo bare >"$root/etc/hostname"
mkdir -p "$WORK/bare"
rm -rf "$WORK/bare/var"
cp -a "$root/var" "$WORK/bare/var"
rm -rf "$root/var" "$root/run" "$root/tmp" "$root/boot"
mkdir -p "$root/var" "$root/run" "$root/boot"
mkdir -m 1777 "$root/tmp"
"$HERE/seal.sh" 3
"$HERE/boot.sh" test bare "$keys"
"$HERE/disk.sh"
read -r start sectors < <(partx --noheadings --show --output NAME,START,SECTORS "$WORK/disk.img" | awk '$1 == "data" {print $2, $3}')
tool mke2fs -q -F -t ext4 -m 0 -L data -d /build/bare/var -E "offset=$((start * 512)),root_owner=0:0,lazy_itable_init=0" \
    /build/disk.img "$((sectors / 2))k"

mkdir -p "$out"
mv "$WORK/disk.img" "$out/"
echo "$hash" >"$out/packages.hash"
rm -f "$WORK"/{root,boot,esp,data}.img "$WORK"/qoltanba-{A,B}.efi "$WORK"/{grub.efi,BOOTX64.EFI,vmlinuz,initrd.img}
rm -rf --one-file-system "$root" "$WORK/bare"
