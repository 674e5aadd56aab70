"""Programs that a workload may expect, if this machine has them. Data."""

SHELLS = "bash sh dash"
COREUTILS = """
    [ arch base64 basename cat chgrp chmod chown chroot cksum comm cp csplit cut date dd df dir
    dirname du echo env expand expr factor false fmt fold groups head hostid id install join link
    ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk
    pr printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha256sum sha512sum shred
    shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true
    truncate tsort tty uname unexpand uniq unlink users vdir wc who whoami yes
"""
UTIL_LINUX = """
    addpart blkdiscard blkid blkzone blockdev chcpu chmem chrt delpart dmesg fallocate findfs
    findmnt flock fsck fsfreeze fstrim getopt hexdump ionice ipcrm ipcs kill logger losetup lsblk
    lsmem lsns mkfs mkswap mount mountpoint namei nsenter partx prlimit renice rev rtcwake script
    setarch setpriv setsid sfdisk fdisk swapoff swapon switch_root taskset umount unshare uuidgen
    wdctl wipefs zramctl
"""
TEXT = "awk mawk gawk grep egrep fgrep sed find xargs diff cmp less more"
PROCESSES = "free pgrep pidof pkill pmap ps slabtop sysctl top uptime vmstat w watch strace killall"
FILE_SYSTEMS = """
    badblocks chattr debugfs dumpe2fs e2fsck e2image e2label filefrag fsck.ext2 fsck.ext3 fsck.ext4
    lsattr mke2fs mkfs.ext2 mkfs.ext3 mkfs.ext4 resize2fs tune2fs btrfs mkfs.btrfs fsck.btrfs
    btrfstune mkfs.xfs xfs_repair xfs_io mkfs.vfat fsck.vfat mkfs.f2fs fsck.f2fs
"""
BLOCK = """
    dmsetup mdadm nvme fio hdparm lvm sg_raw sg_dd sg_inq sg_turs sg_readcap sg_reset sg_ses
    sginfo mmc blktrace smartctl eject
"""
MODULES = "depmod insmod kmod lsmod modinfo modprobe rmmod"
NETWORK = (
    "ip ss bridge tc ping ethtool mount.nfs mount.nfs4 exportfs rpcbind rpc.mountd rpc.nfsd nc"
)
ARCHIVES = "bzip2 cpio gunzip gzip tar xz zcat zstd"

USUAL = tuple(
    " ".join(
        (
            *(SHELLS, COREUTILS, UTIL_LINUX, TEXT, PROCESSES, FILE_SYSTEMS),
            *(BLOCK, MODULES, NETWORK, ARCHIVES),
        )
    ).split()
)

FILLER = "busybox"
FILLED = """
    awk bunzip2 bzip2 chattr clear cmp cpio dc depmod diff dos2unix ed eject ether-wake expr fdisk
    find free fsck.minix fuser gunzip gzip hdparm head hexdump insmod ip kill killall less losetup
    lsattr lsmod lsof lspci modinfo modprobe more mount nc nslookup pgrep pidof ping pkill pmap ps
    renice reset rmmod sed setsid sysctl tar telnet top traceroute tree umount uptime vi w watch
    wget which xxd xz zcat
"""
"""Names that busybox stands in for where the machine has no program of its own of that name."""
