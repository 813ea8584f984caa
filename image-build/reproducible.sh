#!/bin/bash
# Builds the root twice from the beginning and compares: what is not the same for everybody cannot be
# checked by anybody. Exit status 1: the hashes differ.
#
# reproducible.sh VERSION [words for build.sh]
. "$(dirname "$0")/settings.sh"
[ $# -ge 1 ] || die "usage: reproducible.sh VERSION [words for build.sh]"

for round in 1 2; do
    say "round $round"
    "$HERE/build.sh" "$@" --only-root
    cp "$WORK/root.hash" "$WORK/root.hash.$round"
    mv "$WORK/root.img" "$WORK/root.img.$round"
done
if cmp "$WORK/root.img.1" "$WORK/root.img.2"; then
    rm "$WORK/root.img.1" "$WORK/root.img.2"
    say "the same root hash twice: $(cat "$WORK/root.hash.1")"
else
    # The two images stay, so that one can look at what differs.
    die "two builds differ: $(cat "$WORK/root.hash.1") and $(cat "$WORK/root.hash.2")"
fi
