# What every step of the build shares; sourced, not run.
set -euo pipefail
export LC_ALL=C.UTF-8 TZ=UTC

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(dirname "$HERE")

# RAUC 1.13, systemd 257 and kernel 6.12 are those of this suite.
SUITE=${SUITE:-trixie}
# Empty: the suite's usual mirrors. A snapshot's address pins every version.
MIRROR=${MIRROR:-}
# Trees and images on their way; the results go to out/.
WORK=${WORK:-$HERE/work}
TOOLS=$WORK/tools

# Partitions. A root may have 220 MB; the rest is room for a version that knows more.
ESP_MIB=48
BOOT_MIB=96
ROOT_MIB=320
DATA_MIB=${DATA_MIB:-1024}

# One time for every file in the image: that of the last commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$REPOSITORY" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

# Names from a list file, without comments.
listed() { sed 's/#.*//' "$@" | xargs | tr ' ' ','; }

say() { printf '%s  %s\n' "$(date +%T)" "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# Runs a program in a tree, with /proc and /dev in a name space that ends with it.
inside() {
    unshare --mount --fork --propagation private /bin/sh -euc '
        root=$1; shift
        mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
        exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin LC_ALL=C.UTF-8 TZ=UTC HOME=/root \
            SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" "$@"' \
        sh "$@"
}

# Runs a build tool in the tree of tools, where $WORK is /build and image-build is /source.
tool() {
    unshare --mount --fork --propagation private /bin/bash -euc '
        mount --bind "$1" "$3/build"; mount --bind "$2" "$3/source"
        shift 2
        inside "$@"' \
        bash "$WORK" "$HERE" "$TOOLS" "$@"
}
export -f inside

# The kernel's modules into a tree of $WORK, without the folders that these lists name.
add_modules() {
    local tree=$1 kernel
    shift
    kernel=$(cat "$TOOLS.kernel")
    mkdir -p "$tree/usr/lib/modules"
    cp -a "$TOOLS/usr/lib/modules/$kernel" "$tree/usr/lib/modules/"
    listed "$@" | tr ',' '\n' | while read -r folder; do
        rm -rf "$tree/usr/lib/modules/$kernel/kernel/$folder"
    done
    rm -f "$tree/usr/lib/modules/$kernel/"{build,source}
    tool depmod --basedir "/build/${tree##*/}" "$kernel"
}

# Makes a Debian tree: directory, variant, list of packages, further words for mmdebstrap.
debian_tree() {
    local tree=$1 variant=$2 list=$3
    shift 3
    # A snapshot is older than its validity; documentation is of no use on a kiosk.
    mmdebstrap --quiet --mode=root --variant="$variant" --include="$(listed "$list")" \
        --aptopt='Acquire::Check-Valid-Until "false"' \
        --aptopt='Acquire::Retries "5"' \
        --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/man/*' \
        --dpkgopt='path-exclude=/usr/share/info/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --dpkgopt='path-exclude=/usr/share/bash-completion/*' \
        "$@" "$SUITE" "$tree" $MIRROR
}
