"""Arguments of modules: how they are read, refused and shown (kernel/params.c:parse_args())."""

from collections.abc import Iterable

from faultrun.kernel.numbers import Refused, kstrtobool, kstrtoint, kstrtoull
from faultrun.kernel.version import KernelVersion
from faultrun.simkernel.log import KernelLog
from faultrun.simkernel.module_table import ModuleParam, ModuleSpec
from faultrun.simkernel.sim_errno import SimErrno


def arguments(
    log: KernelLog, name: str, spec: ModuleSpec, words: Iterable[str], version: KernelVersion
) -> dict[str, str]:
    """The value of every parameter, as its file shows it. Raises SimErrno EINVAL or ERANGE."""
    values = {param.name: param.default for param in spec.params}
    known = {param.name: param for param in spec.params}
    for word in words:
        key, equals, text = word.partition("=")
        param = known.get(key.replace("-", "_"))
        if param is None:
            log.emit(4, f"{name}: unknown parameter '{key}' ignored")
            continue
        try:
            values[param.name] = checked(param, text, version, given=bool(equals))
        except SimErrno:
            log.emit(3, f"{name}: `{text}' invalid for parameter `{key}'")
            raise
    return values


def checked(param: ModuleParam, text: str, version: KernelVersion, *, given: bool = True) -> str:
    """The value as it is shown. Raises SimErrno."""
    try:
        match param.kind:
            case "bool":
                # kernel/params.c:param_set_bool(): without a value it is true.
                truth = kstrtobool(text, version) if given else True
                if truth is None:
                    raise SimErrno("EINVAL")
                return "Y" if truth else "N"
            case "int":
                return str(kstrtoint(text.strip()))
            case "uint" | "ulong":
                value = kstrtoull(text.strip())
                if value >= 2 ** (32 if param.kind == "uint" else 64):
                    raise SimErrno("ERANGE")
                return str(value)
            case _:
                return text
    except Refused as refused:
        raise SimErrno(refused.name) from None
