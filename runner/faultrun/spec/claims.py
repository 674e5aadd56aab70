"""Expectations in words, for plans and reports: from the normalised form that records hold too."""

from collections.abc import Callable, Mapping, Sequence

from faultrun.model.data import Json

Params = Mapping[str, Json]

NS = ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))


def claim(oracle: str, params: Json) -> str:
    """One expectation as a clause: ``the exit status is not 0``. Total for any parameters."""
    said = _CLAIMS.get(oracle)
    if said is None or not isinstance(params, Mapping):
        return f"{oracle}: {_value(params)}"
    return said(params) or f"{oracle}: anything"


def _exit(params: Params) -> str:
    if "code" in params:
        return f"the exit status is {_value(params['code'])}"
    return "the exit status is 0" if params.get("zero") else "the exit status is not 0"


def _injected(params: Params) -> str:
    least, most = params.get("min") or 0, params.get("max")
    if most == 0:
        return "no fault is injected"
    if most is None:
        return f"at least {_faults(least)} injected" if least else "any number of faults injected"
    if least == most:
        return f"exactly {_faults(most)} injected"
    return (
        f"between {least} and {_faults(most)} injected"
        if least
        else f"at most {_faults(most)} injected"
    )


def _faults(number: Json) -> str:
    return f"{number} fault is" if number == 1 else f"{number} faults are"


def _stream(name: str) -> Callable[[Params], str]:
    return lambda params: _texts(name, params)


def _texts(where: str, params: Params) -> str:
    parts = [
        f"{verb} {_value(params[key])}"
        for key, verb in (
            ("contains", "contains"),
            ("has", "has"),
            ("lacks", "lacks"),
            ("matches", "matches"),
        )
        if params.get(key)
    ]
    if isinstance(params.get("equals"), str):
        parts.append(f"is {_value(params['equals'])}")
    return f"{where} {' and '.join(parts)}" if parts else ""


def _kernel_log(params: Params) -> str:
    told = _texts("the kernel log", params)
    if params.get("no_oops"):
        return f"{told} and shows no oops" if told else "the kernel log shows no oops"
    return told


def _pairs(params: Params, verb: str) -> str:
    return " and ".join(f"{name} {verb} {_bare(item)}" for name, item in params.items())


def _file(params: Params) -> str:
    said: list[str] = []
    for path, facts in params.items():
        if not isinstance(facts, Mapping):
            continue
        if isinstance(facts.get("exists"), bool):
            said.append(f"{path} {'exists' if facts['exists'] else 'does not exist'}")
        text = _texts(path, facts)
        said.extend([text] if text else [])
        if facts.get("sha256"):
            said.append(f"{path} has SHA-256 {facts['sha256']}")
    return " and ".join(said)


def _duration(params: Params) -> str:
    parts = [
        f"{word} {_time(params[key])}"
        for key, word in (("under_ns", "less than"), ("over_ns", "more than"))
        if isinstance(params.get(key), int)
    ]
    return f"it takes {' and '.join(parts)}" if parts else ""


def _time(value: Json) -> str:
    assert isinstance(value, int)
    size, unit = next(((size, unit) for size, unit in NS if value % size == 0 and value), NS[-1])
    return f"{value // size} {unit}"


def _value(data: Json) -> str:
    if isinstance(data, str):
        return repr(data)
    if isinstance(data, Mapping):
        return ", ".join(f"{key} {_value(item)}" for key, item in data.items())
    if isinstance(data, Sequence):
        return " and ".join(_value(item) for item in data)
    return str(data)


def _bare(data: Json) -> str:
    return data if isinstance(data, str) else _value(data)


def _any(data: Json) -> str:
    if isinstance(data, Sequence) and not isinstance(data, str):
        return " or ".join(_bare(item) for item in data)
    return _bare(data)


_FATES = {
    "survives": "kernel and workload survive",
    "task-killed": "the kernel kills a task of the workload and goes on",
    "panic": "the kernel panics",
    "hang": "the machine or the workload hangs",
}

_CLAIMS: Mapping[str, Callable[[Params], str]] = {
    "exit": _exit,
    "stdout": _stream("standard output"),
    "stderr": _stream("standard error"),
    "kernel_log": _kernel_log,
    "injected": _injected,
    "errno": lambda params: f"the workload reports {_any(params.get('names'))}",
    "signal": lambda params: f"signal {_bare(params.get('name'))} ends the workload",
    "attributes": lambda params: _pairs(params, "reads back as"),
    "device": lambda params: _pairs(params, "is"),
    "file": _file,
    "duration": _duration,
    "fate": lambda params: _FATES.get(str(params.get("fate")), ""),
    "outcome": lambda params: f"the outcome is {_any(params.get('classes'))}",
}
