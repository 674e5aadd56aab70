"""A temporary folder that mirrors a machine, with the files that the hand-made plans arm."""

from data.engine_plans import DEFAULTS


def grow(root):
    for path, value in DEFAULTS.items():
        file = root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{value}\n")
    task = root / "proc/thread-self"
    task.mkdir(parents=True)
    (task / "make-it-fail").write_text("0\n")
    (task / "fail-nth").write_text("0\n")
    return root


def content(root):
    return {
        str(file.relative_to(root)): file.read_bytes()
        for file in sorted((root / "sys").rglob("*"))
        if file.is_file()
    }
