"""A statement's JSON read back, checked against its own digest, and told as a story."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gpusla.catalogue.codes import NOTHING_TO_SHOW, STATEMENT_ALTERED, WRONG_TYPE
from gpusla.commands.statement_bytes import SIZE_BYTES_MAX, given
from gpusla.contracts.model import Rounding
from gpusla.contracts.money import format_amount, round_once
from gpusla.errors import InputError, Position
from gpusla.instants import format_instant
from gpusla.sla.digest import canonical, from_exact
from gpusla.statement.model import FORMAT
from gpusla.statement.proof import INCIDENT_WORTH

ACCOUNT, LOST = "delivered GPU-ms", "lost GPU-ms"
_INCIDENT = re.compile(r"incidents\[([0-9]{1,6})\]")
KEY_MIN = 8
"""So many digits of a booking's key are enough to name it."""

BY_RULE = "by a rule of the contract alone: burning in, settling, a kind of GPU, a measurement"
"""What is said of an outage without a cause that was seen."""


class Loose(BaseModel):
    """What is read of a statement; newer programs may say more than this one knows."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class EvidenceForm(Loose):
    """Records of a node's journal."""

    node: str
    first_sequence: int
    last_sequence: int


class CauseForm(Loose):
    """One slot's part in a loss."""

    slot: str
    state: str
    findings: list[list[str]]
    evidence: EvidenceForm | None


class StretchForm(Loose):
    """A loss: committed time that was not delivered; or an event, which counts as down."""

    unit: str
    start_ms: int
    end_ms: int
    causes: list[CauseForm]


class EvaluationForm(Loose):
    """The figures; only losses and events are told one by one."""

    losses: list[StretchForm]
    events: list[StretchForm] = []


class EntryForm(Loose):
    """A booking; document: its credit note, None before format 4 or without one."""

    key: str
    clause: str
    document: str | None = None


class DerivationForm(Loose):
    """How a figure came about."""

    name: str
    rule: str
    field: str
    value: str
    children: list["DerivationForm"]


class IncidentForm(Loose):
    """One cause with everything that followed from it; its worth as `gpusla.sla.digest.exact`."""

    id: str
    place: str
    reason: str
    start_ms: int
    end_ms: int | None
    slots_total: int
    gpu_ms: int | str
    minor_units: int | str


class IncidentsForm(Loose):
    """The dearest of them."""

    listed: list[IncidentForm]


class GroundsForm(Loose):
    """What is told of the facts, from format 4 on."""

    incidents: IncidentsForm


class StatementForm(Loose):
    """The file."""

    format: str
    standing: str
    contract: dict[str, Any]
    period: dict[str, str]
    evaluation: EvaluationForm
    evaluation_digest: str
    derivation: DerivationForm
    entries: list[EntryForm] = []
    grounds: GroundsForm | None = None


def read_statement(path: Path) -> StatementForm:
    """
    Read a statement: bare JSON, a signed envelope, whose signature is not checked, or a bundle.

    Raises InputError: a file that is none, or (`statement_altered`) one whose figures are not those
    that its digest is of; EvidenceError for an envelope or a bundle that is none.
    """
    return read_with_values(path)[0]


def read_with_values(path: Path) -> tuple[StatementForm, Mapping[str, Any]]:
    """Return the same, and all that the file says, as maps and lists; raises as it does."""
    data = _json_of(path)
    place = Position(str(path))
    try:
        form = StatementForm.model_validate(data)
    except ValidationError as cause:
        where = ".".join(str(part) for part in cause.errors()[0]["loc"]) or "the file"
        raise InputError(
            WRONG_TYPE,
            f"{where} is not what a statement has there",
            fix=f"Give the JSON of `gpusla statement show --as json` ({FORMAT}).",
            position=place,
        ) from cause
    if hashlib.sha256(canonical(data["evaluation"])).hexdigest() != form.evaluation_digest:
        raise InputError(
            STATEMENT_ALTERED,
            f"the figures are not those of evaluation {form.evaluation_digest[:12]}",
            position=place,
        )
    return form, data


Behind = Callable[[StretchForm, CauseForm], Iterable[str]]
"""What else is told of a slot's part in a loss, such as the blocks that say so."""


def story(statement: StatementForm, line: str = "", behind: Behind | None = None) -> Iterator[str]:
    """
    Yield how every figure came about, down to the journal records behind each slot.

    line: only this one, as `lines_of` knows it; all of it if empty.
    behind: what is told of each slot's part beside that.
    Raises InputError `nothing_to_show`, with the nearest names, if there is no such line.
    """
    contract, period = statement.contract, statement.period
    yield (
        f"{contract.get('id')} version {contract.get('version')}, {period.get('key')}, "
        f"{statement.standing}, judged to {period.get('judged_until')}"
    )
    telling = _Telling(statement.evaluation, behind or _nothing)
    for node in lines_of(statement, line) if line else (statement.derivation,):
        yield ""
        yield from telling.told(node, 0)


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells derivations; the figures hold the causes that they point to."""

    evaluation: EvaluationForm
    behind: Behind

    def told(self, node: DerivationForm, depth: int) -> Iterator[str]:
        """Yield a figure with its rule and its field, what it is made of, and who caused it."""
        indent = "  " * depth
        field = f"   [{node.field}]" if node.field else ""
        yield f"{indent}{node.name} = {node.value}{field}"
        yield f"{indent}    {node.rule}"
        for child in node.children:
            yield from self.told(child, depth + 1)
        yield from (f"{indent}    {line}" for line in self.causes(node.name))

    def causes(self, name: str) -> Iterator[str]:
        """Yield who caused a loss or an event, such as `losses[3]`; nothing for other names."""
        kind, _, number = name.rstrip("]").partition("[")
        stretches = {"losses": self.evaluation.losses, "events": self.evaluation.events}.get(kind)
        if stretches is None or not number.isdigit() or int(number) >= len(stretches):
            return
        stretch = stretches[int(number)]
        for cause in stretch.causes:
            yield _cause(cause)
            yield from (f"    {line}" for line in self.behind(stretch, cause))
        if not stretch.causes and kind == "events":
            yield BY_RULE


def _nothing(_: StretchForm, __: CauseForm) -> Iterable[str]:
    return ()


def _cause(cause: CauseForm) -> str:
    found = "; ".join(": ".join(part for part in finding if part) for finding in cause.findings)
    records = "no records: nobody observed"
    if cause.evidence is not None:
        evidence = cause.evidence
        records = (
            f"journal of {evidence.node}, records {evidence.first_sequence} to "
            f"{evidence.last_sequence}"
        )
    return f"{cause.slot} {cause.state} ({found or 'no reason given'}); {records}"


def lines_of(statement: StatementForm, line: str) -> tuple[DerivationForm, ...]:
    """
    Return the figures that a line stands for.

    line: a figure's name, such as `losses[3]` or `lost GPU-ms`; an incident, as `incidents[0]`; an
    objective, for its credit with the losses behind it; a booking, by its credit note or by how
    its key begins.
    Raises InputError `nothing_to_show` with the nearest names if it is none of these.
    """
    if incident := _INCIDENT.fullmatch(line):
        return (_incident(statement, int(incident[1])),)
    found = {node.name: node for node in _all(statement.derivation)}
    clause = next(
        (
            entry.clause
            for entry in statement.entries
            if line == entry.document or (len(line) >= KEY_MIN and entry.key.startswith(line))
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
        )
    if any("the account below tells each loss" in one.rule for one in _all(node)):
        of_account = next(one for one in statement.derivation.children if one.name == ACCOUNT)
        return (node, *(one for one in of_account.children if one.name == LOST))
    return (node,)


def _incident(statement: StatementForm, number: int) -> DerivationForm:
    """Return what an incident is worth, as a figure; raises InputError as `lines_of` does."""
    listed = () if statement.grounds is None else statement.grounds.incidents.listed
    if number >= len(listed):
        fix = f"It lists {len(listed)}; the first is incidents[0]." if listed else "It lists none."
        raise InputError(NOTHING_TO_SHOW, f"the statement has no incidents[{number}]", fix=fix)
    one = listed[number]
    try:
        fees = statement.contract["fees"]
        worth = round_once(from_exact(one.minor_units), Rounding(fees["rounding"]))
        value = format_amount(worth, fees["currency"])
        start = format_instant(one.start_ms)
        end = "now" if one.end_ms is None else format_instant(one.end_ms)
    except (KeyError, OverflowError, TypeError, ValueError, ZeroDivisionError) as cause:
        message = f"{cause} is not what a statement has there"
        raise InputError(WRONG_TYPE, message, fix="Ask for the file again.") from cause
    slots = "1 slot" if one.slots_total == 1 else f"{one.slots_total} slots"
    rule = (
        f"{one.reason} at {one.place}, {slots}, from {start} to {end}: {one.gpu_ms} GPU-ms lost; "
        f"incident {one.id}. {INCIDENT_WORTH}"
    )
    return DerivationForm(
        name=f"incidents[{number}]", rule=rule, field="fees", value=value, children=[]
    )


def _all(node: DerivationForm) -> Iterator[DerivationForm]:
    yield node
    for child in node.children:
        yield from _all(child)


def _json_of(path: Path) -> Any:
    text = given(path).content
    try:
        return json.loads(text[:SIZE_BYTES_MAX], parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as cause:
        raise InputError(
            WRONG_TYPE,
            f"this is not a statement's JSON: {cause}",
            fix="Give the JSON of `gpusla statement show --as json`.",
            position=Position(str(path)),
        ) from cause


def _refuse(text: str) -> None:
    message = f"{text} is not a whole number"
    raise ValueError(message)
