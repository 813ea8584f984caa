#!/bin/bash
# Keys for a test build, made once and kept. A release brings a directory of its own with these files:
#   update.key update.crt   sign bundles; the certificate is for code signing
#   update-ca.crt           goes into the image: whose bundles it takes
#   secureboot.key .crt     sign what the firmware starts
#
# keys.sh DIRECTORY
. "$(dirname "$0")/settings.sh"
keys=$1
[ ! -e "$keys/update.crt" ] || exit 0

say "keys for tests only, in $keys"
mkdir -p -m 700 "$keys"
umask 077
ca() {
    openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/O=Qoltanba TEST/CN=$2" -keyout "$keys/$1.key" -out "$keys/$1.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
ca update-ca "TEST updates: not for kiosks in the field"
openssl req -newkey rsa:3072 -nodes -subj "/O=Qoltanba TEST/CN=TEST update signer" -keyout "$keys/update.key" -out "$keys/update.csr" 2>/dev/null
openssl x509 -req -in "$keys/update.csr" -CA "$keys/update-ca.crt" -CAkey "$keys/update-ca.key" -CAcreateserial -days 3650 -out "$keys/update.crt" \
    -extfile <(printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,codeSigning\n') 2>/dev/null
openssl req -x509 -newkey rsa:3072 -nodes -days 3650 -subj "/O=Qoltanba TEST/CN=TEST Secure Boot" -keyout "$keys/secureboot.key" -out "$keys/secureboot.crt" 2>/dev/null
rm -f "$keys/"*.csr "$keys/"*.srl
