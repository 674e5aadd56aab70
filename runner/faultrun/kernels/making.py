"""One build, step by step: unpacked, configured, compared, compiled, collected."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faultrun.kernel.version import KernelVersion
from faultrun.kernels import config, kernel, process, source
from faultrun.kernels.absent import lacks
from faultrun.kernels.arch import Arch
from faultrun.kernels.config import Dropped, Option
from faultrun.kernels.errors import KernelError, printable
from faultrun.kernels.finding import parse_version
from faultrun.kernels.kernel import Kernel
from faultrun.kernels.source import Source
from faultrun.kernels.work import Work

_SHOWN = 12
_SAME_EVERYWHERE = {
    "KBUILD_BUILD_USER": "faultrun",
    "KBUILD_BUILD_HOST": "faultrun",
    "KBUILD_BUILD_TIMESTAMP": "Thu Jan  1 00:00:00 UTC 1970",
    "KBUILD_BUILD_VERSION": "1",
}
"""A kernel is what it is made of; not who made it, nor when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user wants built."""

    arch: Arch
    version: str | None
    source: Path | None
    fragments: tuple[Path, ...]
    jobs: int
    allow_dropped: bool
    refresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """One build, its lock held and its folder empty."""

    request: Request
    options: tuple[Option, ...]
    source: Source
    toolchain: str
    name: str
    folder: Path
    work: Work

    def make(self) -> Path:
        """Everything, in order; gives the folder that is the kernel of the cache."""
        source.need_room(self.request.arch, self.source, self.folder)
        tree, version = self._tree()
        missing = self._configure(tree, version)
        self._compile(tree)
        self.work.end()
        return self._collect(tree, version, missing)

    def _tree(self) -> tuple[Path, KernelVersion]:
        tree = self.source.path
        if not self.source.is_tree:
            self.work.begin("unpack", self.source.path.name)
            tree = source.unpack(self.source.path, self.folder / source.UNPACKED, self.work.tick)
        text = (tree / "Makefile").read_text(errors="replace")
        version = config.tree_version(text)
        asked = self.request.version
        if asked is not None and parse_version(version)[: asked.count(".") + 1] != parse_version(
            asked
        ):
            raise KernelError(
                f"the source is Linux {version}, and --version says {asked}", usage=True
            )
        return tree, KernelVersion.parse(version)

    def _objects(self, tree: Path) -> Path:
        """Where make puts what it makes: into a tree of ours, beside one of the user's."""
        return self.folder / "obj" if self.source.is_tree else tree

    def _make(self, tree: Path, *goals: str) -> int:
        words = ["make", "-C", str(tree), f"ARCH={self.request.arch.make_arch}", *goals]
        if self.source.is_tree:
            words.append(f"O={self._objects(tree)}")
        if _ccache():
            words.append("CC=ccache gcc")
        # Absolute names under the build's folder would keep ccache from knowing a file again.
        extra = {**_SAME_EVERYWHERE, "CCACHE_BASEDIR": str(self.folder)}
        return self.work.run(words, cwd=self.folder, extra=extra)

    def _configure(self, tree: Path, version: KernelVersion) -> tuple[Dropped, ...]:
        """Write the configuration; gives what kconfig did not take over, if that is allowed."""
        self.work.begin("configure", f"Linux {version}, {len(self.options)} options")
        objects = self._objects(tree)
        objects.mkdir(exist_ok=True)
        known = lacks(version)
        if self._make(tree, "tinyconfig") != 0:
            raise self._failed("make tinyconfig")
        asked = self.folder / "wanted.config"
        asked.write_text(config.render(self.options))
        script = tree / "scripts" / "kconfig" / "merge_config.sh"
        base = objects / ".config"
        words = ["sh", str(script), "-m", "-O", str(objects), str(base), str(asked)]
        if self.work.run(words, cwd=objects, extra={"ARCH": self.request.arch.make_arch}) != 0:
            raise self._failed("merge_config.sh")
        if self._make(tree, "olddefconfig") != 0:
            raise self._failed("make olddefconfig")
        got = config.parse_config(base.read_text(errors="replace"))
        missing = config.dropped(self.options, got, known)
        for one in missing:
            self.work.progress.say(f"dropped: {one}")
        if missing and not self.request.allow_dropped:
            raise refused(f"Linux {version}", [str(one) for one in missing])
        return missing

    def _compile(self, tree: Path) -> None:
        arch, jobs = self.request.arch, self.request.jobs
        by = "gcc through ccache" if _ccache() else "gcc; with ccache the next build is faster"
        self.work.begin("compile", f"{arch.goal}, {jobs} job{'' if jobs == 1 else 's'}, {by}")
        if self._make(tree, f"-j{jobs}", arch.goal) != 0:
            raise self._failed(f"make {arch.goal}")

    def _failed(self, what: str) -> KernelError:
        """What failed, with the lines that say why: the complaints, and the end."""
        lines = [printable(line) for line in self.work.tail().splitlines()]
        said = [line for line in lines if "error:" in line or "fatal:" in line][:_SHOWN]
        end = [line for line in lines[-_SHOWN:] if line not in said]
        told = "\n".join(f"  {line}" for line in [*said, *end])
        return KernelError(f"{what} failed:\n{told}")

    def _collect(self, tree: Path, version: KernelVersion, missing: tuple[Dropped, ...]) -> Path:
        """Everything that is kept, in a folder that only has to be moved."""
        arch = self.request.arch
        objects = self._objects(tree)
        image = objects / arch.image
        if not image.is_file():
            raise KernelError(f"make {arch.goal} ended well and left no {arch.image}")
        out = self.folder / "out"
        out.mkdir()
        shutil.copy2(image, out / arch.file)
        shutil.copyfile(objects / ".config", out / kernel.CONFIG)
        release = objects / "include" / "config" / "kernel.release"
        told = release.read_text().strip() if release.is_file() else str(version)
        made = Kernel(
            arch=arch.name,
            release=told,
            version=version,
            path=out / arch.file,
            config_path=out / kernel.CONFIG,
            digest=self.name,
            source=self.source.identity,
            toolchain=self.toolchain,
            size_bytes=(out / arch.file).stat().st_size,
            built_at=process.today(),
            phases_ms=dict(self.work.phases_ms),
            compiled=self.work.compiled,
            ccache=_ccache(),
            dropped=tuple(one.option.name for one in missing),
        )
        (out / kernel.RECORD).write_text(json.dumps(made.document(), indent=2) + "\n")
        self.work.log.flush()
        shutil.copyfile(self.work.log_path, out / kernel.LOG)
        return out


def refused(what: str, missing: Sequence[str]) -> KernelError:
    """The error for options that a kernel does not have though they were asked for."""
    lines = "\n".join(f"  {one}" for one in missing)
    return KernelError(
        f"{what} does not take over {len(missing)} of the options asked for:\n{lines}",
        hint="add what they depend on with --fragment FILE, or build without them: --allow-dropped",
    )


def _ccache() -> bool:
    return shutil.which("ccache") is not None
