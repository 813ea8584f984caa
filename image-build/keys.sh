#!/bin/bash
# Keys for a test build, made once and kept in $WORK/NAME. A release brings a directory of its own
# with these files:
#   update.key update.crt   sign bundles; the certificate is for code signing
#   update-ca.crt           goes into the image: whose bundles it takes
#   secureboot.key .crt     sign what the firmware starts
#   platform.crt exchange.crt   Secure Boot's PK and KEK; a firmware that has them takes new keys by their owners only
#   pcr.key pcr.pub         sign the PCR 11 of each UKI: what may open the data of a kiosk with a TPM
#   recovery.pub            (its private half stays away) opens the data where the TPM is lost
#
# keys.sh [NAME]; test-keys when not given
. "$(dirname "$0")/settings.sh"
name=${1:-test-keys}
keys=$WORK/$name
[ ! -e "$keys/update.crt" ] || [ ! -e "$keys/recovery.pub" ] || exit 0

say "keys for tests only, in $keys"
rm -rf "$keys"
mkdir -p -m 700 "$keys"
cat >"$keys/make" <<'END'
set -eu
cd "$(dirname "$0")"
umask 077
new="-newkey rsa:3072 -nodes -days 3650"
openssl req -x509 $new -subj "/O=Qoltanba TEST/CN=TEST updates: not for kiosks in the field" -keyout update-ca.key -out update-ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -x509 $new -subj "/O=Qoltanba TEST/CN=TEST update signer" -keyout update.key -out update.new \
    -CA update-ca.crt -CAkey update-ca.key \
    -addext basicConstraints=critical,CA:FALSE -addext keyUsage=critical,digitalSignature -addext extendedKeyUsage=critical,codeSigning
openssl req -x509 $new -subj "/O=Qoltanba TEST/CN=TEST Secure Boot" -keyout secureboot.key -out secureboot.crt
openssl req -x509 $new -subj "/O=Qoltanba TEST/CN=TEST Secure Boot PK" -keyout platform.key -out platform.crt
openssl req -x509 $new -subj "/O=Qoltanba TEST/CN=TEST Secure Boot KEK" -keyout exchange.key -out exchange.crt
for name in pcr recovery; do
    openssl genrsa -out $name.key 3072
    openssl rsa -in $name.key -pubout -out $name.pub
done
# Last: with it the set is whole.
mv update.new update.crt
END
tool sh "/build/$name/make" >"$keys/log" 2>&1 || die "openssl: $(tail -5 "$keys/log")"
rm "$keys/make" "$keys/log"
