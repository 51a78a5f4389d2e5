"""
Colours with one meaning each, on every page.

The four states differ in lightness as well as in hue, and a name stands beside every colour.
"""

from gpusla.catalogue.reasons import State
from gpusla_dashboards.panels.model import Meaning, Step

OK = "#2fa37c"
DEGRADED = "#e9b13b"
DOWN = "#e0455a"
UNKNOWN = "#8d86c9"
DELIVERED = "#4c9be8"
COMMITTED = "#b6c2d1"
BOUND = "#7f93ad"
NEUTRAL = "#9fb0c3"
CONTRACTS = ("#4c9be8", "#c98bdb", "#59c2b8", "#e6955c", "#a5b84f", "#d77a9e")

STATES: dict[str, str] = {
    State.OK.value: OK,
    State.DEGRADED.value: DEGRADED,
    State.DOWN.value: DOWN,
    State.UNKNOWN.value: UNKNOWN,
}

# From best to worst, as numbers that can be compared.
WORST: dict[int, Meaning] = {
    0: Meaning(State.OK.value, OK),
    1: Meaning(State.DEGRADED.value, DEGRADED),
    2: Meaning(State.UNKNOWN.value, UNKNOWN),
    3: Meaning(State.DOWN.value, DOWN),
}

PLAIN = (Step(NEUTRAL),)
ANY_IS_BAD = (Step(OK), Step(DOWN, 0.000001))
ANY_IS_DUE = (Step(OK), Step(DEGRADED, 0.5))
ANY_IS_UNKNOWN = (Step(OK), Step(UNKNOWN, 0.5))
BELOW_ZERO_IS_BAD = (Step(DOWN), Step(OK, 0.0))


# One colour for each GPU of a tray, on every panel; boards of other makers have up to eight.
GPUS: dict[str, str] = {
    f"GPU {index}": colour for index, colour in enumerate((*CONTRACTS, "#8fa9c7", "#d9c25f"))
}

SEVERITIES = {"critical": DOWN, "warning": DEGRADED, "info": NEUTRAL}


def cell(colour: str) -> tuple[Step, ...]:
    """Colour a cell of a table as soon as its value is not zero."""
    return (Step("transparent"), Step(colour, 0.5))
