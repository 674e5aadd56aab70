"""Numbers as coreutils shows them to people; integers only, so that every run prints the same."""

_UNITS = ("", "k", "M", "G", "T", "P")


def decimal_size(amount: int, least: str = "") -> str:
    """``4096`` -> ``4.1 k``: powers of 1000, one decimal below ten."""
    return _scaled(amount, 1000, "k", "", _UNITS.index(least))


def binary_size(amount: int) -> str:
    """``4096`` -> ``4.0 Ki``: powers of 1024."""
    return _scaled(amount, 1024, "K", "i", 0)


def _scaled(amount: int, base: int, kilo: str, mark: str, least: int) -> str:
    power = least
    while amount >= base ** (power + 1) and power < len(_UNITS) - 1:
        power += 1
    unit = base**power
    tenths = (amount * 10 + unit // 2) // unit
    if tenths >= base * 10 and power < len(_UNITS) - 1:
        power += 1
        unit = base**power
        tenths = (amount * 10 + unit // 2) // unit
    letter = kilo if power == 1 else _UNITS[power]
    suffix = f"{letter}{mark}" if power else ""
    if power and tenths < 100:
        return f"{tenths // 10}.{tenths % 10} {suffix}"
    return f"{(amount + unit // 2) // unit} {suffix}"


def general(duration_ns: int) -> str:
    """Seconds with six significant digits, as printf's ``%g`` writes them."""
    if duration_ns == 0:
        return "0"
    digits = str(duration_ns)
    point = len(digits) - 9
    if len(digits) > 6:
        kept = (int(digits[:7]) + 5) // 10
        if kept == 1_000_000:
            kept, point = 100_000, point + 1
        digits = str(kept)
    digits = digits.rstrip("0")
    if point < -3:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{mantissa}e-{1 - point:02d}"
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    whole = digits[:point].ljust(point, "0")
    rest = digits[point:]
    return f"{whole}.{rest}" if rest else whole
