#!/bin/bash
# One squashfs of $WORK/root with its dm-verity hashes behind it: root.img, root.hash, root.hash-offset.
#
# seal.sh [LEVEL]
#   LEVEL  of zstd; 19 when not given. What only a test starts takes a quicker one
. "$(dirname "$0")/settings.sh"
level=${1:-19}

say "squashfs and dm-verity"
rm -f "$WORK/root.img"
# It takes the time from one place only.
tool env -u SOURCE_DATE_EPOCH mksquashfs /build/root /build/root.img -comp zstd -Xcompression-level "$level" -b 256K -noappend -no-progress -quiet \
    -mkfs-time "$SOURCE_DATE_EPOCH" -all-time "$SOURCE_DATE_EPOCH" -all-root >&2
size=$(stat -c %s "$WORK/root.img")
# Salt and UUID would be random, and with them the root hash.
salt=$(echo qoltanba-root | sha256sum | cut -c1-64)
uuid=716f6c74-616e-4261-8000-726f6f740000
tool veritysetup format /build/root.img /build/root.img --hash-offset="$size" --salt="$salt" --uuid="$uuid" >"$WORK/verity"
sed -n 's/^Root hash:[[:space:]]*//p' "$WORK/verity" >"$WORK/root.hash"
echo "$size" >"$WORK/root.hash-offset"
[ "$(wc -c <"$WORK/root.hash")" = 65 ] || die "no root hash: $(cat "$WORK/verity")"

total=$(stat -c %s "$WORK/root.img")
say "root $((total / 1000000)) MB, root hash $(cat "$WORK/root.hash")"
# What a slow line has to carry at each update.
[ "$total" -le 220000000 ] || die "the root may have 220 MB"
