"""What nvme-cli prints: identify data, logs, statuses."""

from faultrun.kernel.nvme_status import CODE, STATUSES
from faultrun.simkernel.devices.nvme import Controller, Namespace
from faultrun.simkernel.programs.human import decimal_size

_TEXT = {status.value: status.text for status in STATUSES}
_MEANING = {
    0x01: "A reserved coded value or an unsupported value in the command opcode field",
    0x02: "A reserved coded value or an unsupported value in a defined field",
    0x04: "Transferring the data or metadata associated with a command experienced an error",
    0x05: "Commands Aborted due to Power Loss Notification",
    0x06: "The command was not completed successfully due to an internal error",
    0x07: "The command was aborted due to an Abort command being received",
    0x0B: "The namespace or the format of that namespace is invalid",
    0x80: "The command references an LBA that exceeds the size of the namespace",
    0x81: "Execution of the command has caused the capacity of the namespace to be exceeded",
    0x82: "The namespace is not ready to be accessed as a result of a condition other than a condition that is reported as an Asymmetric Namespace Access condition",
    0x280: "The write data could not be committed to the media",
    0x281: "The read data could not be recovered from the media",
}


def status_text(status: int) -> str:
    """``Invalid Command Opcode: A reserved coded value ...``."""
    code = status & CODE
    text = _TEXT.get(code, "Unknown")
    meaning = _MEANING.get(code)
    return f"{text}: {meaning}" if meaning else text


def id_ctrl(controller: Controller) -> str:
    """``nvme id-ctrl``."""
    identity = controller.identity
    rows = (
        ("vid", "0x1b36"), ("ssvid", "0x1af4"), ("sn", f"{identity.serial:<20}"),
        ("mn", f"{identity.model:<40}"), ("fr", f"{identity.firmware:<8}"), ("rab", "6"),
        ("ieee", "525400"), ("cmic", "0"), ("mdts", "7"), ("cntlid", "0"), ("ver", "0x10400"),
        ("oacs", "0x12a"), ("acl", "3"), ("aerl", "3"), ("frmw", "0x3"), ("lpa", "0x7"),
        ("sqes", "0x66"), ("cqes", "0x44"), ("maxcmd", "0"), ("nn", "256"), ("oncs", "0x15d"),
        ("fna", "0"), ("vwc", "0x7"), ("subnqn", f"nqn.2019-08.org.qemu:{identity.serial}"),
    )  # fmt: skip
    return "NVME Identify Controller:\n" + "".join(f"{name:<9} : {value}\n" for name, value in rows)


def id_ns(namespace: Namespace) -> str:
    """``nvme id-ns``."""
    blocks = f"{namespace.disk.medium.size_bytes // namespace.lba_size:#x}"
    rows = (
        ("nsze", blocks), ("ncap", blocks), ("nuse", blocks), ("nsfeat", "0x4"), ("nlbaf", "7"),
        ("flbas", "0"), ("mc", "0x3"), ("dpc", "0x1f"), ("dps", "0"), ("nmic", "0"),
    )  # fmt: skip
    head = f"NVME Identify Namespace {namespace.number}:\n"
    body = "".join(f"{name:<7} : {value}\n" for name, value in rows)
    return f"{head}{body}lbaf  0 : ms:0   lbads:9  rp:0 (in use)\n"


def smart_log(name: str) -> str:
    """``nvme smart-log``."""
    rows = (
        ("critical_warning", "0"), ("temperature", "50 °C (323 K)"), ("available_spare", "0%"),
        ("available_spare_threshold", "0%"), ("percentage_used", "0%"), ("media_errors", "0"),
        ("num_err_log_entries", "0"), ("unsafe_shutdowns", "0"),
    )  # fmt: skip
    head = f"Smart Log for NVME device:{name} namespace-id:ffffffff\n"
    return head + "".join(f"{key:<40}: {value}\n" for key, value in rows)


_COLUMNS = (21, 21, 20, 40, 10, 26, 16, 8)
_TITLES = ("Node", "Generic", "SN", "Model", "Namespace", "Usage", "Format", "FW Rev")


def list_title() -> str:
    """The two head lines of ``nvme list``."""
    titles = " ".join(f"{title:<{size}}" for title, size in zip(_TITLES, _COLUMNS, strict=True))
    return f"{titles}\n{' '.join('-' * size for size in _COLUMNS)}\n"


def list_row(namespace: Namespace) -> str:
    """One namespace of ``nvme list``."""
    identity = namespace.controller.identity
    size = decimal_size(namespace.disk.medium.size_bytes).replace(" ", "  ") + "B"
    cells = (
        f"/dev/{namespace.name}", f"/dev/ng{identity.number}n{namespace.number}", identity.serial,
        identity.model, f"{namespace.number:#x}", f"{size} / {size}",
        f"{namespace.lba_size}   B +  0 B", identity.firmware,
    )  # fmt: skip
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, _COLUMNS, strict=True)) + "\n"
