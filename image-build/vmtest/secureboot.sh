#!/bin/bash
# What the test of Secure Boot needs beside the image.
#
# secureboot.sh IMAGE DIR
#   IMAGE  built in the same $WORK with keys for tests
#   DIR    gets variables.fd, a firmware's variables with these keys as PK, KEK and db and nobody else's, and recovery.key
. "$(dirname "$0")/../settings.sh"
image=$(realpath "$1") out=$(realpath -m "$2")
keys=$WORK/test-keys
# Whoever made the keys signs himself.
owner=716f6c74-616e-4261-8000-6b6579730000

exec 9>"$WORK/lock"
flock -n 9 || die "another build uses $WORK"
"$HERE/tools.sh"
[ -e "$keys/secureboot.crt" ] || die "$WORK holds no keys for tests: the image is of another folder"
install -m 644 "$keys/secureboot.crt" "$WORK/secureboot.crt"
cp "$image/qoltanba-A.efi" "$WORK/signed.efi"
tool sbverify --cert /build/secureboot.crt /build/signed.efi >/dev/null 2>&1 || die "$image is not signed with the keys in $keys"

say "a firmware's variables"
mkdir -p "$out"
cp "$keys"/{platform,exchange}.crt "$WORK/"
cp /usr/share/OVMF/OVMF_VARS_4M.fd "$WORK/variables.fd"
tool virt-fw-vars --inplace /build/variables.fd --set-pk $owner /build/platform.crt --add-kek $owner /build/exchange.crt \
    --add-db $owner /build/secureboot.crt --secure-boot >"$WORK/virt-fw-vars.log" 2>&1 || die "virt-fw-vars: $(tail -5 "$WORK/virt-fw-vars.log")"
mv "$WORK/variables.fd" "$out/"
# The test itself needs no root; a key for tests is no secret.
install -m 644 "$keys/recovery.key" "$out/"
rm -f "$WORK"/{platform,exchange,secureboot}.crt "$WORK/signed.efi"
