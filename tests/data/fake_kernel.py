"""A kernel source that is made in a second: a Makefile with the real one's goals, and its scripts.

What it does is told by the environment, so that the same tree (and digest) can be slow or broken:
``FAKE_GATE=PATH`` says PATH.started and waits for PATH.go, ``FAKE_BROKEN=1`` is a compile error,
``FAKE_FULL=1`` writes to a full device.
"""

import shutil
import stat
import tarfile

MAKEFILE = """\
VERSION = {major}
PATCHLEVEL = {minor}
SUBLEVEL = 4
O ?= .
tinyconfig:
\tmkdir -p $(O)
\techo CONFIG_TINY=y > $(O)/.config
olddefconfig:
\tgrep -vwFf lacks $(O)/.config > $(O)/.config.new
\tmv $(O)/.config.new $(O)/.config
linux bzImage:
\t@sh ./compile.sh $(O) $(ARCH) $@
.PHONY: tinyconfig olddefconfig linux bzImage
"""

COMPILE = """\
set -e
for file in init/main kernel/fork mm/slub; do echo "  CC      $file.o"; done
if [ -n "$FAKE_GATE" ]; then
  echo $$ > "$FAKE_GATE.started"
  while [ ! -e "$FAKE_GATE.go" ]; do sleep 0.05; done
fi
if [ -n "$FAKE_BROKEN" ]; then
  printf 'mm/slub.c:12:3: error: \\033[31mexpected something else\\n' >&2
  for line in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do echo "waiting for unfinished job $line"; done
  exit 1
fi
if [ -n "$FAKE_FULL" ]; then cat Makefile > /dev/full; fi
mkdir -p "$1/include/config" "$1/arch/x86/boot"
sed -n 's/^VERSION = //p;s/^PATCHLEVEL = //p;s/^SUBLEVEL = //p' Makefile \\
  | paste -sd. > "$1/include/config/kernel.release"
image="$1/linux"
if [ "$3" = bzImage ]; then image="$1/arch/x86/boot/bzImage"; fi
echo "a kernel for $2" > "$image"
"""

MERGE = """\
[ "$1 $2" = "-m -O" ] || exit 9
cat "$5" >> "$4"
"""

NEVER_THERE = ("CONFIG_MD_FAULTY", "CONFIG_BLK_ERROR_INJECTION", "CONFIG_FAIL_SKB_REALLOC")


def make_tree(folder, version="6.12", lacks=()):
    major, minor = version.split(".")
    scripts = folder / "scripts" / "kconfig"
    scripts.mkdir(parents=True)
    (folder / "Makefile").write_text(MAKEFILE.format(major=major, minor=minor))
    (folder / "compile.sh").write_text(COMPILE)
    (folder / "lacks").write_text("\n".join([*NEVER_THERE, *lacks]) + "\n")
    (scripts / "merge_config.sh").write_text(MERGE)
    (folder / "COPYING").symlink_to("Makefile")
    return folder


def make_tarball(path, tree, top="linux-6.12", extra=()):
    with tarfile.open(path, "w:xz") as archive:
        archive.add(tree, arcname=top)
        for member in extra:
            archive.addfile(member)
    return path


def make_tools(folder, *missing):
    """A folder for PATH in which every tool of a build can be found; compilers only pretend."""
    folder.mkdir()
    pretended = {
        "gcc": 'case "$1" in -dumpversion) echo 12;; esac',
        "ld": ":", "flex": ":", "bison": ":", "bc": ":", "xz": ":",
    }  # fmt: skip
    for name, script in pretended.items():
        if name not in missing:
            program = folder / name
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
    real = ["make", "sh", "sed", "cat", "echo", "grep", "mkdir", "mv", "paste", "sleep"]
    for name in real:
        if name not in missing:
            (folder / name).symlink_to(shutil.which(name))
    return folder
