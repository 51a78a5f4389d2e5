"""Values as Grafana writes them in the units that our panels use."""

import datetime as dt

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def shown(value: float, unit: str, decimals: int | None) -> str:
    """Write a value in its unit."""
    match unit:
        case "percentunit":
            return f"{value * 100:.{1 if decimals is None else decimals}f}%"
        case "s":
            return duration(value)
        case "dateTimeAsIso":
            return dt.datetime.fromtimestamp(value / 1000, dt.UTC).strftime("%Y-%m-%d %H:%M")
        case _:
            return f"{value:,.{places(value) if decimals is None else decimals}f}"


def places(value: float) -> int:
    """Give enough places to tell small values apart, and none for whole ones."""
    if value == int(value):
        return 0
    return 1 if abs(value) >= 10 else 2  # noqa: PLR2004  # as many digits as the eye compares


def duration(seconds: float) -> str:
    """Write seconds in the unit that gives the fewest digits."""
    size = abs(seconds)
    if size < MINUTE:
        return f"{seconds:.1f} s"
    if size < HOUR:
        return f"{seconds / MINUTE:.1f} min"
    if size < DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:.1f} d"
