#!/bin/bash
# Builds the kiosk's image.
#
# build.sh VERSION [--flavour release|test] [--programs DIR] [--keys DIR] [--only-root]
#   --flavour    release (default): nobody can log in. test: a root shell on the serial line
#   --programs   where `kiosk`, `kiosk-worker`, `qoltanba-fallback` and `qoltanba-steward`
#                lie; else they are built
#   --keys       keys of a release (keys.sh says which); else keys for tests are made
#   --only-root  ends when the root hash is known
#
# Results: out/VERSION (out/VERSION-test).
. "$(dirname "$0")/settings.sh"

version= flavour=release programs= keys= only_root=
while [ $# -gt 0 ]; do
    case $1 in
        --flavour) flavour=${2:?}; shift 2 ;;
        --programs) programs=$(realpath "${2:?}"); shift 2 ;;
        --keys) keys=$(realpath "${2:?}"); shift 2 ;;
        --only-root) only_root=1; shift ;;
        -*) die "unknown word $1" ;;
        *) [ -z "$version" ] || die "one version, not $version and $1"; version=$1; shift ;;
    esac
done
[[ $version =~ ^[0-9A-Za-z.+~-]+$ ]] || die "usage: build.sh VERSION [--flavour release|test] [--programs DIR] [--keys DIR] [--only-root]"
case $flavour in release | test) ;; *) die "a flavour is release or test" ;; esac
[ "$(id -u)" = 0 ] || die "a Debian tree with its owners is made by root"

mkdir -p "$WORK"
# Two builds in one folder would mix.
exec 9>"$WORK/lock"
flock -n 9 || die "another build uses $WORK"

if [ -z "$programs" ]; then
    (cd "$REPOSITORY" && cargo xtask device && cargo build --release -p worker -p fallback_screen -p steward)
    programs=$(cd "$REPOSITORY" && cargo metadata --format-version=1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')/release
fi
for program in kiosk kiosk-worker qoltanba-fallback qoltanba-steward; do
    [ -x "$programs/$program" ] || die "$programs holds no $program"
done
# Who can write the configuration could enrol a photograph.
for trace in qoltanba-simulated-device i_slint_backend_testing i_slint_backend_winit; do
    ! grep -q "$trace" "$programs/kiosk" || die "$programs/kiosk is no device build: it holds $trace"
done

"$HERE/tools.sh"
if [ -z "$keys" ]; then
    keys=$WORK/test-keys
    "$HERE/keys.sh"
fi
for file in update.key update.crt update-ca.crt secureboot.key secureboot.crt pcr.key pcr.pub recovery.pub; do
    [ -s "$keys/$file" ] || die "$keys holds no $file"
done
"$HERE/root.sh" "$flavour" "$programs" "$version" "$keys"
[ -z "$only_root" ] || exit 0
"$HERE/boot.sh" "$flavour" "$version" "$keys"
"$HERE/disk.sh"
"$HERE/bundle.sh" "$version" "$keys"

name=$version
[ "$flavour" = release ] || name=$version-$flavour
out=${OUT:-$HERE/out}/$name
say "results: $out"
rm -rf "$out"
mkdir -p "$out"
mv "$WORK/disk.img" "$out/disk.img"
mv "$WORK/update.raucb" "$out/update.raucb"
mv "$WORK/qoltanba-A.efi" "$WORK/qoltanba-B.efi" "$out/"
cp "$WORK/vmlinuz" "$WORK/initrd.img" "$WORK/cmdline-A" "$out/"
cp "$WORK/root.hash" "$out/root.hash"
# The kernel comes from the tree of tools: its modules and the UKI are of it.
cp "$REPOSITORY/Cargo.lock" "$WORK/Cargo.lock"
status=$TOOLS/var/lib/dpkg/status
cp "$status" "$WORK/tools-status"
tool python3 /source/sbom.py --name qoltanba-kiosk --version "$version" --time "$SOURCE_DATE_EPOCH" --suite "$SUITE" \
    --dpkg /build/dpkg-status --dpkg-of /build/tools-status "linux-image-$(cat "$TOOLS.kernel")" \
    --dpkg-of /build/tools-status systemd-boot-efi --dpkg-of /build/tools-status grub-efi-amd64-bin \
    --cargo /build/Cargo.lock --sbom /build/sbom.spdx.json --versions /build/packages.txt
mv "$WORK/sbom.spdx.json" "$WORK/packages.txt" "$out/"
awk '/^Package:/ {p = $2} /^Version:/ {print p, $2}' "$status" | sort >"$out/tools.txt"
rm -f "$WORK"/{root,boot,esp,data}.img "$WORK"/{grub.efi,BOOTX64.EFI,vmlinuz,initrd.img}
rm -rf "$WORK/root"
(cd "$out" && sha256sum -- * >SHA256SUMS)
ls -l "$out" >&2
