#!/bin/bash
# The updates of the update test, made of an image that is built: its root with little changed.
#
# bundles.sh IMAGE DIR QUEUE
#   IMAGE  of the flavour `test`, built in the same $WORK with keys for tests
#   DIR    gets bundles.img, a disk (ext4) with
#            next.raucb      the next version
#            stranger.raucb  the same, signed by another authority
#            tampered.raucb  the same, one bit of its payload changed
#            newer.raucb     a version that brings the queue to a newer schema
#            broken.raucb    the same, and its kiosk ends at once
#            root.img, boot.img   what next.raucb writes, to be written by dd
#            queue/          a queue with as many submissions as a kiosk keeps
#          and made-of, of what image and program; while that fits nothing is made anew
#   QUEUE  the program of crates/outbox/examples/queue.rs: fills that queue, changes its schema
. "$(dirname "$0")/../settings.sh"
image=$(realpath "$1") out=$(realpath -m "$2") program=$(realpath "$3")
keys=$WORK/test-keys stranger=$WORK/stranger-keys
grep -q ttyS0 "$image/cmdline-A" || die "$image is not of the flavour test"
made_of=$(cat "$image/root.hash"; sha256sum <"$program")
[ "$made_of" != "$(cat "$out/made-of" 2>/dev/null)" ] || exit 0

exec 9>"$WORK/lock"
flock -n 9 || die "another build uses $WORK"
"$HERE/tools.sh"
[ -e "$keys/update.crt" ] || die "$WORK holds no keys for tests: the image is of another folder"
"$HERE/keys.sh" "${stranger##*/}"

say "root of $image"
start=$(partx --noheadings --show --output NAME,START "$image/disk.img" | awk '$1 == "root-A" {print $2}')
dd if="$image/disk.img" of="$WORK/root.img" bs=1M iflag=skip_bytes,count_bytes skip=$((start * 512)) count="${ROOT_MIB}M" status=none
rm -rf --one-file-system "$WORK/root" "$WORK/bundles"
mkdir "$WORK/bundles"
tool unsquashfs -no-progress -quiet -d /build/root /build/root.img >&2
version=$(sed -n 's/^VERSION_ID=//p' "$WORK/root/usr/lib/os-release")

# Root, UKIs and bundle of what lies in $WORK/root: name of the version.
next_version() {
    sed -i "s/^VERSION_ID=.*/VERSION_ID=$version+$1/" "$WORK/root/usr/lib/os-release"
    "$HERE/seal.sh" 3
    "$HERE/boot.sh" test "$version+$1" "$keys"
    "$HERE/bundle.sh" "$version+$1" "$keys"
    mv "$WORK/update.raucb" "$WORK/bundles/$1.raucb"
}

next_version next
"$HERE/bundle.sh" "$version+next" "$stranger"
mv "$WORK/update.raucb" "$WORK/bundles/stranger.raucb"
cp --sparse=always "$WORK/root.img" "$WORK/boot.img" "$WORK/bundles/"
tampered=$WORK/bundles/tampered.raucb
cp "$WORK/bundles/next.raucb" "$tampered"
at=$(($(stat -c %s "$tampered") / 2))
byte=$(od -An -tu1 -j "$at" -N 1 "$tampered")
printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$tampered" bs=1 seek="$at" conv=notrunc status=none

say "full queue"
most=$(inside "$WORK/root" kiosk config check /usr/share/qoltanba/kiosk.toml --json | tr -d ' ,' | sed -n 's/^"most_waiting"://p')
# In memory: each submission is synced many times.
unshare --mount bash -euc 'mount -t tmpfs -o mode=700 tmpfs "$1"; "$2" full "$1/outbox" "$3"; cp -r "$1/outbox" "$4/queue"' \
    bash "$TOOLS/tmp" "$program" "$most" "$WORK/bundles"

install -m 755 "$program" "$WORK/root/usr/bin/queue"
tool strip /build/root/usr/bin/queue
unit=$WORK/root/usr/lib/systemd/system/qoltanba-kiosk.service.d
mkdir -p "$unit"
printf '[Service]\nExecStartPre=/usr/bin/queue newer /var/lib/qoltanba/outbox\n' >"$unit/newer.conf"
next_version newer
printf '#!/bin/sh\nexit 1\n' >"$WORK/root/usr/bin/kiosk"
next_version broken

say "disk of the bundles"
mkdir -p "$out"
rm -f "$out"/{bundles.img,made-of}
mib=$(($(du -sm --apparent-size "$WORK/bundles" | cut -f1) + 64))
tool mke2fs -q -F -t ext4 -m 0 -L bundles -d /build/bundles /build/bundles.img "${mib}M"
mv "$WORK/bundles.img" "$out/"
echo "$made_of" >"$out/made-of"
rm -f "$WORK"/{root,boot}.img "$WORK"/qoltanba-{A,B}.efi "$WORK"/{grub.efi,BOOTX64.EFI,vmlinuz,initrd.img}
rm -rf --one-file-system "$WORK/root" "$WORK/bundles"
