#!/bin/bash
# The disk of a new kiosk: esp | boot-A | boot-B | root-A | root-B | data. Without loop devices.
#
# disk.sh
. "$(dirname "$0")/settings.sh"

say "ESP"
rm -f "$WORK/esp.img" "$WORK/data.img" "$WORK/disk.img" "$WORK/grubenv"
tool mkfs.vfat -C --invariant -i 716f6c74 -n ESP /build/esp.img $((ESP_MIB * 1024)) >/dev/null
tool grub-editenv /build/grubenv create
# Both slots hold the same at first; B is not tried before something was installed there on purpose.
tool grub-editenv /build/grubenv set ORDER='A B' A_OK=1 A_TRY=0 B_OK=1 B_TRY=0
tool mmd -i /build/esp.img ::EFI ::EFI/BOOT
tool mcopy -m -i /build/esp.img /build/BOOTX64.EFI ::EFI/BOOT/BOOTX64.EFI
tool mcopy -m -i /build/esp.img /build/grubenv ::grubenv

say "data partition"
# All zeros: the kiosk itself makes it at its first start, where it has a TPM only for this board.
truncate -s "${DATA_MIB}M" "$WORK/data.img"

say "disk"
cat >"$WORK/genimage.cfg" <<END
image disk.img {
    hdimage {
        partition-table-type = "gpt"
        align = 1M
        disk-uuid = "716f6c74-616e-4261-8000-6469736b0000"
    }
    partition esp    { image = "esp.img"  partition-type-uuid = "U" }
    partition boot-A { image = "boot.img" partition-type-uuid = "L" }
    partition boot-B { image = "boot.img" partition-type-uuid = "L" }
    partition root-A { image = "root.img" partition-type-uuid = "L" size = ${ROOT_MIB}M }
    partition root-B { image = "root.img" partition-type-uuid = "L" size = ${ROOT_MIB}M }
    partition data   { image = "data.img" partition-type-uuid = "L" }
}
END
mkdir -p "$WORK/nothing"
tool genimage --config /build/genimage.cfg --inputpath /build --outputpath /build --rootpath /build/nothing --tmppath /build/genimage.tmp >"$WORK/genimage.log" 2>&1 ||
    die "genimage: $(tail -5 "$WORK/genimage.log")"
rm -rf "$WORK/genimage.tmp" "$WORK/nothing"
