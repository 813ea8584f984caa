#!/bin/bash
# The tree of build tools, made anew when its list or the suite changes.
. "$(dirname "$0")/settings.sh"

stamp=$( (cat "$HERE/tools.list" "$HERE/tools.sh"; echo "$SUITE $MIRROR") | sha256sum | cut -c1-16)
[ "$(cat "$TOOLS.stamp" 2>/dev/null)" != "$stamp" ] || exit 0

say "build tools of $SUITE"
rm -rf --one-file-system "$TOOLS" "$TOOLS.stamp"
mkdir -p "$WORK"
# The kernel's package would build an initrd of its own at once, for this machine: minutes for nothing.
debian_tree "$TOOLS" apt "$HERE/tools.list" \
    --dpkgopt='path-exclude=/etc/kernel/*' \
    --essential-hook='mkdir -p "$1/etc/kernel/postinst.d" && printf "#!/bin/sh\n" >"$1/etc/kernel/postinst.d/dracut" && chmod 755 "$1/etc/kernel/postinst.d/dracut"' \
    >&2
mkdir -p "$TOOLS/build" "$TOOLS/source"
ls "$TOOLS/lib/modules" >"$TOOLS.kernel"
[ "$(wc -l <"$TOOLS.kernel")" = 1 ] || die "one kernel is expected in the tools, not: $(cat "$TOOLS.kernel")"
echo "$stamp" >"$TOOLS.stamp"
