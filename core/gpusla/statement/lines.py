"""The lines of a statement by the names that people call them."""

import re
from collections.abc import Iterator
from difflib import get_close_matches

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.errors import InputError, Position
from gpusla.instants import format_instant
from gpusla.sla.digest import exact
from gpusla.sla.evaluation import Derivation
from gpusla.statement.derivation import derive
from gpusla.statement.model import Statement
from gpusla.statement.proof import INCIDENT_WORTH, worth_words

ACCOUNT, LOST = "delivered GPU-ms", "lost GPU-ms"
_INCIDENT = re.compile(r"incidents\[([0-9]{1,6})\]")
KEY_MIN = 8
"""So many digits of a booking's key are enough to name it."""


def lines_of(
    statement: Statement, line: str, place: Position | None = None
) -> tuple[Derivation, ...]:
    """
    Return the figures that a line stands for.

    line: a figure's name, such as `losses[3]` or `lost GPU-ms`; an incident, as `incidents[0]`; an
    objective, for its credit with the losses behind it; a booking, by its credit note or by how
    its key begins.  place: the statement's file.
    Raises InputError `nothing_to_show` with the nearest names if it is none of these.
    """
    if incident := _INCIDENT.fullmatch(line):
        return (_incident(statement, int(incident[1]), place),)
    derivation = derive(statement.evaluation)
    found = {node.name: node for node in _all(derivation)}
    clause = next(
        (
            entry.clause
            for entry in statement.entries
            if line == statement.document_of(entry)
            or (len(line) >= KEY_MIN and entry.key.startswith(line))
        ),
        line,
    )
    node = found.get(line) or found.get(f"credit of {clause}")
    if node is None:
        near = get_close_matches(line, list(found), n=3)
        raise InputError(
            NOTHING_TO_SHOW,
            f"the statement has no line {line!r}",
            fix=f"Close to it: {', '.join(near or list(found)[:3])}.",
            position=place,
        )
    if any("the account below tells each loss" in one.rule for one in _all(node)):
        of_account = next(one for one in derivation.children if one.name == ACCOUNT)
        return (node, *(one for one in of_account.children if one.name == LOST))
    return (node,)


def _incident(statement: Statement, number: int, place: Position | None) -> Derivation:
    """Return what an incident is worth, as a figure; raises InputError as `lines_of` does."""
    listed = () if statement.grounds is None else statement.grounds.incidents.listed
    if number >= len(listed):
        fix = f"It lists {len(listed)}; the first is incidents[0]." if listed else "It lists none."
        message = f"the statement has no incidents[{number}]"
        raise InputError(NOTHING_TO_SHOW, message, fix=fix, position=place)
    one = listed[number]
    start = format_instant(one.start_ms)
    end = "now" if one.end_ms is None else format_instant(one.end_ms)
    slots = "1 slot" if one.slots_total == 1 else f"{one.slots_total} slots"
    rule = (
        f"{one.reason} at {one.place}, {slots}, from {start} to {end}: {exact(one.gpu_ms)} GPU-ms "
        f"lost; incident {one.id}. {INCIDENT_WORTH}"
    )
    return Derivation(
        f"incidents[{number}]", rule, "fees", worth_words(statement, one.minor_units), ()
    )


def _all(node: Derivation) -> Iterator[Derivation]:
    yield node
    for child in node.children:
        yield from _all(child)
