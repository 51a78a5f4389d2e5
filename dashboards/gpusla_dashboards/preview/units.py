"""Values as Grafana writes them in the units that our panels use."""

import datetime as dt

MICROSECOND, MILLISECOND, MINUTE, HOUR, DAY = 1e-6, 1e-3, 60.0, 3600.0, 86400.0
SCALED = {"watt": "W", "hertz": "Hz", "Bps": "B/s"}
"""Units that Grafana writes with a prefix for a power of a thousand."""
PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def shown(value: float, unit: str, decimals: int | None) -> str:
    """Write a value in its unit."""
    match unit:
        case "percentunit":
            text = f"{value * 100:.{1 if decimals is None else decimals}f}%"
        case "s":
            text = duration(value)
        case "celsius":
            text = f"{value:.{0 if decimals is None else decimals}f} °C"
        case "watt" | "hertz" | "Bps":
            text = scaled(value, SCALED[unit], decimals)
        case "sci":
            text = f"{value:.{1 if decimals is None else decimals}e}" if value else "0"
        case "dateTimeAsIso":
            text = dt.datetime.fromtimestamp(value / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M")
        case _:
            text = f"{value:,.{places(value) if decimals is None else decimals}f}"
    return text


def scaled(value: float, unit: str, decimals: int | None) -> str:
    """Write a value with the prefix that leaves it between one and a thousand."""
    size, prefix = next((one for one in PREFIXES if abs(value) >= one[0]), (1.0, ""))
    smaller = value / size
    return f"{smaller:.{places(smaller) if decimals is None else decimals}f} {prefix}{unit}"


def places(value: float) -> int:
    """Give enough places to tell small values apart, and none for whole ones."""
    if value == int(value):
        return 0
    return 1 if abs(value) >= 10 else 2  # noqa: PLR2004  # as many digits as the eye compares


def duration(seconds: float) -> str:
    """Write seconds in the unit that gives the fewest digits."""
    size = abs(seconds)
    if 0 < size < MILLISECOND:
        return f"{seconds / MICROSECOND:.0f} µs"
    if 0 < size < 1:
        return f"{seconds / MILLISECOND:.0f} ms"
    if size < MINUTE:
        return f"{seconds:.1f} s"
    if size < HOUR:
        return f"{seconds / MINUTE:.1f} min"
    if size < DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:.1f} d"
