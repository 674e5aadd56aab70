"""Network devices: operations that a notifier refuses, one after the other."""

from faultrun.agree.draw import Draw
from faultrun.agree.made import Family, Made
from faultrun.kernel.version import KernelVersion

_ROOT = "/sys/kernel/debug/notifier-error-inject/netdev/actions"
_EVENTS = (
    "NETDEV_PRE_UP", "NETDEV_CHANGEMTU", "NETDEV_PRECHANGEMTU", "NETDEV_CHANGENAME",
    "NETDEV_REGISTER", "NETDEV_POST_INIT", "NETDEV_PRE_TYPE_CHANGE",
)  # fmt: skip
_ERRORS = (-1, -5, -12, -16, -22, -95, -110)

_TRY = """\
try() {
  said=$( "$@" 2>&1 ) && said=. || said=${said##*: }
  echo "seen ${*//[0-9]/} $said"
}
"""


def _make(draw: Draw, number: int, _version: KernelVersion) -> Made:
    name = f"link{number}"
    events = sorted({draw.one(_EVENTS) for _ in range(draw.between(1, 3))})
    errors = [f"echo {draw.one(_ERRORS)} > {_ROOT}/{event}/error" for event in events]
    tries = [
        draw.one(
            (
                f"try ip link set {name} mtu {draw.between(600, 1400)}",
                f"try ip link set {name} up",
                f"try ip link set {name} down",
                f"try ip link add other{number} type dummy",
                f"try ip link set {name} name named{number}",
            )
        )
        for _ in range(draw.between(3, 7))
    ]
    clear = [f"echo 0 > {_ROOT}/{event}/error" for event in events]
    state = [f'echo "seen mtu $(cat /sys/class/net/{name}/mtu 2> /dev/null)"']
    away = [
        f"ip link del {each}{number} 2> /dev/null || true" for each in ("link", "named", "other")
    ]
    lines = [f"ip link add {name} type dummy", *errors, *tries, *clear, *state, *away]
    return Made(script=_TRY + "\n".join(lines) + "\n")


def families() -> tuple[Family, ...]:
    """Notifier errors whose answers a program sees."""
    return (Family(name="links", capability="netdev_notifier", group="links", share=4, make=_make),)
