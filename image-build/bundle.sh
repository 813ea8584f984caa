#!/bin/bash
# The update: what a kiosk writes into its other slot.
#
# bundle.sh VERSION KEYS
. "$(dirname "$0")/settings.sh"
version=$1 keys=$2

say "bundle"
rm -rf "$WORK/bundle" "$WORK/update.raucb"
mkdir "$WORK/bundle"
ln "$WORK/root.img" "$WORK/boot.img" "$WORK/bundle/"
cat >"$WORK/bundle/manifest.raucm" <<END
[update]
compatible=qoltanba-kiosk
version=$version

[bundle]
format=verity

[image.root]
filename=root.img

[image.boot]
filename=boot.img
END
for file in update.key update.crt update-ca.crt; do install -m 600 "$keys/$file" "$WORK/$file"; done
trap 'rm -f "$WORK/update.key"' EXIT
# The kiosk's own settings: what it would refuse is not made.
sed 's#^path=.*#path=/build/update-ca.crt#' "$HERE/overlay/etc/rauc/system.conf" >"$WORK/rauc.conf"
# Its contents are compressed already: once more saves half a per cent. It is read from the beginning to the end: in large pieces.
tool rauc --cert=/build/update.crt --key=/build/update.key --conf=/build/rauc.conf \
    --mksquashfs-args='-b 1M -noI -noD -noF -noX' bundle /build/bundle /build/update.raucb >"$WORK/rauc.log" 2>&1 ||
    die "rauc: $(tail -5 "$WORK/rauc.log")"
rm -rf "$WORK/bundle"
