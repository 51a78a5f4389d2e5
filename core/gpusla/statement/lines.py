"""
The lines of a statement by what people call them: as they are printed, or as they are derived.

A name that several lines have is refused with the names that each has alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.errors import InputError, Position
from gpusla.instants import format_instant
from gpusla.ledger.entries import Entry
from gpusla.sla.digest import exact
from gpusla.sla.evaluation import Derivation
from gpusla.statement.aliases import ACCOUNT, aliases
from gpusla.statement.bookings import booking
from gpusla.statement.derivation import derive
from gpusla.statement.hours import written
from gpusla.statement.model import Statement
from gpusla.statement.printed import LOST, Form, form_of
from gpusla.statement.proof import INCIDENT_WORTH, incident_hours, worth_words

KEY_MIN = 8
"""So many digits of a booking's key are enough to name it."""

CANDIDATES_MAX = 8


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """
    A figure of a statement.

    form: how it is printed.  chain: its own name and those of all that it stands under, up to the
    top; a figure beside others of its name is numbered, `under a cap[0]`.
    """

    node: Derivation
    form: Form = Form.AS_TOLD
    chain: tuple[str, ...] = ()

    @property
    def names(self) -> Iterator[str]:
        """Every name that it can be asked for by, the shortest first."""
        yield self.node.name
        for length in range(1, len(self.chain) + 1):
            yield " of ".join(self.chain[:length])


def figures_of(
    statement: Statement, line: str, place: Position | None = None
) -> tuple[Figure, ...]:
    """
    Return the figures that a line stands for.

    line: a figure's name, as it is printed or derived, such as `delivered`, `losses[3]`, or `at
    worst of value`; an objective, for its credit with the losses behind it; an incident, as
    `incidents[0]` or by its id; a booking, by its credit note or by how its key begins, for the
    booking and then its clause.  Capitals do not matter.  place: the statement's file.
    Raises InputError `nothing_to_show`, with the nearest names, if it is none of these, or with
    the name of each if it is several.
    """
    index = _Index(statement)
    found = index.find(line)
    if len(found) > 1:
        names = [index.alone(one) for one in found[:CANDIDATES_MAX]]
        more = len(found) - len(names)
        listed = ", ".join(names) + (f", and {more} more" if more else "")
        message = f"the statement has {len(found)} lines {line!r}"
        raise InputError(NOTHING_TO_SHOW, message, fix=f"Ask for one: {listed}.", position=place)
    if not found:
        message = f"the statement has no line {line!r}"
        fix = f"Close to it: {', '.join(index.near(line))}."
        if line.startswith("incidents["):
            message, fix = f"the statement has no {line}", _listed(statement)
        raise InputError(NOTHING_TO_SHOW, message, fix=fix, position=place)
    return index.with_clause(found[0])


class _Index:
    """Every line of a statement by every name that it has."""

    def __init__(self, statement: Statement) -> None:
        self._lines: dict[str, list[Figure]] = {}
        self._clauses: dict[str, str] = {}
        self._entries: list[tuple[str, Figure]] = []
        self._root = derive(statement.evaluation)
        for figure in _figures(self._root, ()):
            for name in figure.names:
                self._add(name, figure)
        derived = {key: tuple(several) for key, several in self._lines.items()}
        for printed, name in aliases(statement.evaluation):
            for figure in derived.get(name.casefold(), ()):
                self._add(printed, figure)
        for entry in statement.entries:
            self._add_entry(statement, entry)
        listed = () if statement.grounds is None else statement.grounds.incidents.listed
        for number, incident in enumerate(listed):
            figure = _incident(statement, number)
            for name in (figure.node.name, incident.id, f"incident {incident.id}"):
                self._add(name, figure)

    def find(self, line: str) -> list[Figure]:
        """Return all lines of a name, in the statement's order."""
        name = " ".join(line.split()).casefold()
        key = name.removeprefix("entry ")
        begun = [one for whole, one in self._entries if whole.startswith(key)]
        return begun if begun and len(key) >= KEY_MIN else self._lines.get(name, [])

    def alone(self, figure: Figure) -> str:
        """Return the shortest name that no other line has."""
        return next(
            (name for name in figure.names if len(self._lines.get(name.casefold(), ())) == 1),
            figure.node.name,
        )

    def near(self, line: str) -> list[str]:
        """Return the names that are nearest to one that there is not."""
        names = [several[0] for several in self._lines.values()]
        spelt = dict(zip(self._lines, names, strict=True))
        found = get_close_matches(line.casefold(), list(spelt), n=3) or list(spelt)[:3]
        return [self.alone(spelt[name]) for name in found]

    def with_clause(self, figure: Figure) -> tuple[Figure, ...]:
        """Return a line with what explains it: of a booking its clause, of a credit its losses."""
        clause = self._clauses.get(figure.node.name)
        of_clause = self._lines.get(f"credit of {clause}".casefold(), [])[:1] if clause else []
        told = (figure, *of_clause)
        nodes = (node for one in told for node in _all(one.node))
        is_below = any("the account below tells each loss" in node.rule for node in nodes)
        if is_below and figure.node is not self._root:
            return (*told, *self._lines[f"{LOST} of {ACCOUNT}".casefold()])
        return told

    def _add(self, name: str, figure: Figure) -> None:
        several = self._lines.setdefault(name.casefold(), [])
        if figure not in several:
            several.append(figure)

    def _add_entry(self, statement: Statement, entry: Entry) -> None:
        figure = Figure(booking(statement, entry))
        self._entries.append((entry.key, figure))
        self._clauses[figure.node.name] = entry.clause
        document = statement.document_of(entry)
        for name in (document, f"credit note {document}") if document else ():
            self._add(name, figure)


def _figures(
    node: Derivation, above: tuple[str, ...], label: str = "", form: Form = Form.AS_TOLD
) -> Iterator[Figure]:
    """Yield a figure and all beneath it; label: its name, numbered beside others of that name."""
    chain, of_node = (label or node.name, *above), form_of(node.name, form)
    yield Figure(node, of_node, chain)
    names = [child.name for child in node.children]
    for number, child in enumerate(node.children):
        several = names.count(child.name) > 1 if "[" not in child.name else False
        numbered = f"{child.name}[{names[:number].count(child.name)}]" if several else child.name
        yield from _figures(child, chain, numbered, of_node)


def _listed(statement: Statement) -> str:
    """Say which incidents can be asked for."""
    listed = () if statement.grounds is None else statement.grounds.incidents.listed
    return f"It lists {len(listed)}; the first is incidents[0]." if listed else "It lists none."


def _incident(statement: Statement, number: int) -> Figure:
    """Return what an incident is worth, as a figure."""
    grounds = statement.grounds
    assert grounds is not None, "an incident is listed where somebody gave the facts"
    one = grounds.incidents.listed[number]
    start = format_instant(one.start_ms)
    end = "now" if one.end_ms is None else format_instant(one.end_ms)
    slots = "1 slot" if one.slots_total == 1 else f"{one.slots_total} slots"
    hours = written(incident_hours(statement)[number])
    rule = (
        f"{one.reason} at {one.place}, {slots}, from {start} to {end}: {hours} GPU-hours lost "
        f"({exact(one.gpu_ms)} GPU-ms); incident {one.id}. {INCIDENT_WORTH}"
    )
    worth = worth_words(statement, one.minor_units)
    return Figure(Derivation(f"incidents[{number}]", rule, "fees", worth, ()))


def _all(node: Derivation) -> Iterator[Derivation]:
    yield node
    for child in node.children:
        yield from _all(child)
