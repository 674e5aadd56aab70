"""A journalling file system on a block device, after ext4; it also stands for xfs and btrfs."""
