#!/bin/bash
# What starts a slot: initrd, one signed UKI for each slot, GRUB.
#
# boot.sh FLAVOUR VERSION KEYS
. "$(dirname "$0")/settings.sh"
flavour=$1 version=$2 keys=$3
kernel=$(cat "$TOOLS.kernel")

say "initrd"
# Only the drivers of disks that a kiosk can have. No USB storage: a drive with a partition "root-A" on a
# citizen's port must not even be seen this early.
tool dracut --force --quiet --reproducible --no-hostonly --no-hostonly-cmdline --zstd --kver "$kernel" \
    --modules 'base rootfs-block systemd systemd-initrd systemd-udevd kernel-modules dm systemd-veritysetup systemd-pcrphase fs-lib shutdown' \
    --install "$(ls "$TOOLS"/usr/lib/x86_64-linux-gnu/libtss2-{esys,sys,rc,mu,tcti-device}.so.? | sed "s#^$TOOLS##" | xargs)" \
    --drivers 'squashfs dm_mod dm_verity virtio_pci virtio_blk virtio_scsi ahci nvme sd_mod mmc_block sdhci_pci sdhci_acpi' \
    --filesystems squashfs \
    /build/initrd.img >"$WORK/dracut.log" 2>&1 || die "dracut: $(tail -5 "$WORK/dracut.log")"
! grep -E 'dracut(\[E\]|-install: ERROR)' "$WORK/dracut.log" >&2 || die "the initrd is not whole"

cp "$TOOLS/boot/vmlinuz-$kernel" "$WORK/vmlinuz"
cp "$WORK/root/usr/lib/os-release" "$WORK/os-release"
install -m 600 "$keys/secureboot.key" "$WORK/secureboot.key"
install -m 644 "$keys/secureboot.crt" "$WORK/secureboot.crt"
install -m 600 "$keys/pcr.key" "$WORK/pcr.key"
install -m 644 "$keys/pcr.pub" "$WORK/pcr.pub"
trap 'rm -f "$WORK"/{secureboot,pcr}.key' EXIT

for slot in A B; do
    part=/dev/disk/by-partlabel/root-$slot
    # A wrong byte on the disk panics: then the other slot's turn comes. No shell anywhere; the machine id
    # is the board's, as /etc cannot be written and a new one at each start would scatter the journal.
    words=(
        root=/dev/mapper/root rootfstype=squashfs ro
        "roothash=$(cat "$WORK/root.hash")"
        "systemd.verity_root_data=$part" "systemd.verity_root_hash=$part"
        "systemd.verity_root_options=hash-offset=$(cat "$WORK/root.hash-offset"),panic-on-corruption"
        "rauc.slot=$slot"
        # A slow disk is no broken slot, and giving up on one is a restart.
        rd.shell=0 rd.emergency=reboot panic=10 fsck.repair=yes systemd.default_device_timeout_sec=300
        systemd.gpt_auto=0 systemd.condition_needs_update=0 systemd.machine_id=firmware
        init_on_alloc=1 init_on_free=1 slab_nomerge page_alloc.shuffle=1 randomize_kstack_offset=on
        vsyscall=none debugfs=off module.sig_enforce=1 lockdown=integrity
        vt.global_cursor_default=0
    )
    if [ "$flavour" = release ]; then
        words+=(quiet loglevel=3 systemd.show_status=no)
    else
        words+=(console=tty0 console=ttyS0,115200 loglevel=4 systemd.show_status=yes)
    fi
    echo "${words[*]}" >"$WORK/cmdline-$slot"
    say "UKI of slot $slot"
    # The data partition is opened behind the initrd and before anything else: the TPM obeys in this phase only.
    tool ukify build --linux=/build/vmlinuz --initrd=/build/initrd.img --cmdline=@/build/cmdline-$slot \
        --os-release=@/build/os-release --uname="$kernel" \
        --pcr-private-key=/build/pcr.key --pcr-public-key=/build/pcr.pub --pcr-banks=sha256 --phases=enter-initrd:leave-initrd \
        --signtool=sbsign --secureboot-private-key=/build/secureboot.key --secureboot-certificate=/build/secureboot.crt \
        --output="/build/qoltanba-$slot.efi" >"$WORK/ukify.log" 2>&1 || die "ukify: $(tail -5 "$WORK/ukify.log")"
done

say "boot partition"
# Both slots' programs lie in both partitions: a bundle then holds one image that fits either.
rm -f "$WORK/boot.img"
tool mkfs.vfat -C --invariant -n BOOT /build/boot.img $((BOOT_MIB * 1024)) >/dev/null
tool mcopy -m -i /build/boot.img /build/qoltanba-A.efi /build/qoltanba-B.efi ::

say "GRUB"
# Its configuration is inside of the signed program: nobody edits it on the ESP.
# With Secure Boot it loads no module: all that the configuration uses is in it. There is no shim to ask: the firmware checks
# what is started. Somebody has to have looked at a file before GRUB hands it on: `tpm`, which measures it.
modules='normal part_gpt fat loadenv search search_fs_uuid regexp test chain echo sleep reboot configfile memdisk tar tpm'
tool grub-mkstandalone --format=x86_64-efi --output=/build/grub.efi --locales= --themes= --fonts= --disable-shim-lock \
    --install-modules="$modules" --modules="$modules" \
    boot/grub/grub.cfg=/source/grub.cfg
tool sbsign --key /build/secureboot.key --cert /build/secureboot.crt --output /build/BOOTX64.EFI /build/grub.efi >/dev/null 2>&1
