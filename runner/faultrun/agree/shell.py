"""The few lines of bash that the steps share."""

from collections.abc import Iterable

PUT = """\
put() {
  said=$( { printf '%b' "$2" > "$1"; } 2>&1 ) && said=taken || said=${said##*: }
  echo "seen $1 $said: $(cat "$1" 2>&1)"
}
"""
"""Write a text with one write(2); tell what the kernel answered and what the file reads then."""

ARM = """\
arm() {
  for pair in "$@"; do echo "${pair#*=}" > "${pair%%=*}"; done
}
"""

READS = """\
reads() {
  seen=
  for size in "$@"; do
    if dd if=$disk of=/dev/null bs=${size}k count=1 iflag=direct status=none 2> /dev/null
    then seen=$seen.
    else seen=${seen}x
    fi
  done
}
"""
"""One direct read a size, in KiB: one bio, one request, one command."""


def quoted(text: str) -> str:
    """A word that bash takes as it stands."""
    return "'" + text.replace("'", "'\\''") + "'"


def pairs(settings: Iterable[tuple[str, str]]) -> str:
    """Attributes as ``arm`` takes them."""
    return " ".join(f"{name}={value}" for name, value in settings)


_ERRNO = """\
read=
for place in {places}; do
  said=$( { dd if={disk} of=/dev/null bs={block} skip=$place count=1 iflag=direct status=none; } 2>&1 ) && said=.
  read="$read ${said##*: }"
done
echo "seen decisions-by-errno$read"
"""


def errnos(disk: str, block: int, places: Iterable[int]) -> str:
    """One direct read a place, and what each answered: a dot, or the errno's message."""
    text = _ERRNO.replace("{places}", " ".join(map(str, places)))
    return text.replace("{disk}", disk).replace("{block}", str(block))
