"""A statement's JSON read back, checked against its own digest, and told as a story."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from gpusla.catalogue.codes import STATEMENT_ALTERED, WRONG_TYPE
from gpusla.commands.statement_bytes import SIZE_BYTES_MAX, given
from gpusla.errors import InputError, Position
from gpusla.sla.digest import canonical
from gpusla.statement.model import FORMAT

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


class LossForm(Loose):
    """Committed time that was not delivered."""

    unit: str
    start_ms: int
    end_ms: int
    causes: list[CauseForm]


class EventForm(Loose):
    """A stretch that an objective counts as down."""

    unit: str
    start_ms: int
    end_ms: int
    causes: list[CauseForm]


class EvaluationForm(Loose):
    """The figures; only losses and events are told one by one."""

    losses: list[LossForm]
    events: list[EventForm] = []


class DerivationForm(Loose):
    """How a figure came about."""

    name: str
    rule: str
    field: str
    value: str
    children: list["DerivationForm"]


class StatementForm(Loose):
    """The file."""

    format: str
    standing: str
    contract: dict[str, Any]
    period: dict[str, str]
    evaluation: EvaluationForm
    evaluation_digest: str
    derivation: DerivationForm


def read_statement(path: Path) -> StatementForm:
    """
    Read a statement.

    Raises InputError: a file that is none, or (`statement_altered`) one whose figures are not those
    that its digest is of.
    """
    data = _json_of(path)
    place = Position(str(path))
    try:
        form = StatementForm.model_validate(data)
    except ValidationError as cause:
        where = ".".join(str(part) for part in cause.errors()[0]["loc"]) or "the file"
        raise InputError(
            WRONG_TYPE,
            f"{where} is not what a statement has there",
            fix=f"Give the JSON of `gpusla statement show --format json` ({FORMAT}).",
            position=place,
        ) from cause
    if hashlib.sha256(canonical(data["evaluation"])).hexdigest() != form.evaluation_digest:
        raise InputError(
            STATEMENT_ALTERED,
            f"the figures are not those of evaluation {form.evaluation_digest[:12]}",
            position=place,
        )
    return form


def story(statement: StatementForm) -> Iterator[str]:
    """Yield how every figure came about, down to the journal records behind each slot."""
    contract, period = statement.contract, statement.period
    yield (
        f"{contract.get('id')} version {contract.get('version')}, {period.get('key')}, "
        f"{statement.standing}, judged to {period.get('judged_until')}"
    )
    yield ""
    evaluation = statement.evaluation
    causes = {f"losses[{n}]": _causes(loss.causes) for n, loss in enumerate(evaluation.losses)}
    for number, event in enumerate(evaluation.events):
        causes[f"events[{number}]"] = _causes(event.causes) or (BY_RULE,)
    yield from _told(statement.derivation, causes, 0)


def _told(node: DerivationForm, causes: Mapping[str, Sequence[str]], depth: int) -> Iterator[str]:
    indent = "  " * depth
    field = f"   [{node.field}]" if node.field else ""
    yield f"{indent}{node.name} = {node.value}{field}"
    yield f"{indent}    {node.rule}"
    for child in node.children:
        yield from _told(child, causes, depth + 1)
    yield from (f"{indent}    {line}" for line in causes.get(node.name, ()))


def _causes(causes: Iterable[CauseForm]) -> tuple[str, ...]:
    return tuple(map(_cause, causes))


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


def _json_of(path: Path) -> Any:
    text = given(path).content
    try:
        return json.loads(text[:SIZE_BYTES_MAX], parse_float=_refuse, parse_constant=_refuse)
    except (ValueError, RecursionError) as cause:
        raise InputError(
            WRONG_TYPE,
            f"this is not a statement's JSON: {cause}",
            fix="Give the JSON of `gpusla statement show --format json`.",
            position=Position(str(path)),
        ) from cause


def _refuse(text: str) -> None:
    message = f"{text} is not a whole number"
    raise ValueError(message)
