"""``/sys/class/nvme/<controller>`` and its neighbours: the driver's control files."""

from collections.abc import Callable, Mapping

from faultrun.kernel.control_file import parse
from faultrun.kernel.numbers import Refused, kstrtoull
from faultrun.model.capability import AttrKind
from faultrun.simkernel.devices.nvme import Controller, NvmeCore
from faultrun.simkernel.sim_errno import SimErrno
from faultrun.simkernel.tree import ControlFile, TextFile
from faultrun.simkernel.unmodelled import Unmodelled

_BYTE = 255


def controller_files(
    controller: Controller, reset: Callable[[], None], rescan: Callable[[], None]
) -> Mapping[str, ControlFile]:
    """The files of a controller's directory."""
    identity = controller.identity
    passthru = [False]

    def log_passthru(text: str) -> None:
        # drivers/nvme/host/core.c:nvme_log_err_passthru() prints the whole command, which our
        # programs do not make: no line would be a lie.
        passthru[0] = bool(parse(AttrKind.BOOL, text, controller.kernel.version, passthru[0]))
        if passthru[0]:
            raise Unmodelled("the log of passthrough errors (passthru_err_log_enabled)")

    files: dict[str, ControlFile] = {
        "state": TextFile(lambda: f"{controller.state}\n"),
        "reset_controller": TextFile(_write_only, lambda _text: reset()),
        "rescan_controller": TextFile(_write_only, lambda _text: rescan()),
        "model": _says(f"{identity.model:<40}"),
        "serial": _says(f"{identity.serial:<20}"),
        "firmware_rev": _says(f"{identity.firmware:<8}"),
        "transport": _says(identity.transport),
        "address": _says(identity.address if identity.transport == "pcie" else ""),
        "cntlid": _says("0"),
        "queue_count": TextFile(lambda: f"{identity.queues + 1}\n"),
        "sqsize": _says("1023"),
        "subsysnqn": _says(f"nqn.2019-08.org.qemu:{identity.serial}"),
        "kato": _says("0"),
    }
    if controller.kernel.version.has("6.8", None):
        files["passthru_err_log_enabled"] = TextFile(
            lambda: "on\n" if passthru[0] else "off\n", log_passthru
        )
    return files


def pci_files(remove: Callable[[], None]) -> Mapping[str, ControlFile]:
    """The files of the controller's PCI function."""

    def removal(text: str) -> None:
        if number(text):
            remove()

    return {
        "remove": TextFile(_write_only, removal),
        "rescan": TextFile(_write_only, _nothing),
        "vendor": _says("0x1b36"),
        "device": _says("0x0010"),
        "class": _says("0x010802"),
        "enable": _says("1"),
    }


def bus_files(rescan: Callable[[], None]) -> Mapping[str, ControlFile]:
    """``/sys/bus/pci/rescan``."""

    def again(text: str) -> None:
        if number(text):
            rescan()

    return {"rescan": TextFile(_write_only, again)}


def parameter_files(core: NvmeCore) -> Mapping[str, ControlFile]:
    """``/sys/module/nvme_core/parameters``."""

    def retries(text: str) -> None:
        value = number(text)
        if value > _BYTE:
            raise SimErrno("ERANGE")
        core.max_retries = value

    return {
        "max_retries": TextFile(lambda: f"{core.max_retries}\n", retries),
        "io_timeout": _says("30"),
        "admin_timeout": _says("60"),
        "shutdown_timeout": _says("5"),
        "multipath": _says("N"),
        "default_ps_max_latency_us": _says("100000"),
    }


def number(text: str) -> int:
    """What kstrtoul() makes of it. Raises SimErrno EINVAL or ERANGE."""
    try:
        return kstrtoull(text)
    except Refused as refused:
        raise SimErrno(refused.name) from None


def _write_only() -> str:
    raise SimErrno("EACCES")


def _nothing(_text: str) -> None:
    return


def _says(text: str) -> TextFile:
    return TextFile(lambda: text + "\n")
