"""
A statement read back from its canonical JSON, so that whoever has the file can print it.

What a statement does not hold of its contract is left empty: worked examples, signatures, parity
terms, chronic failure.  Of format 2 the term is unknown too, and stands in as the period; what
format 4 brought is unknown of both before it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import zip_longest
from typing import Any

from gpusla.contracts.calendar import local_days
from gpusla.contracts.model import (
    Capacity,
    Citation,
    ContractVersion,
    Fees,
    Parties,
    SourceDocument,
    StatementTerms,
    Term,
    Termination,
)
from gpusla.contracts.money import EXPONENTS
from gpusla.contracts.promises import Objective
from gpusla.contracts.remedies import Claims, Combination, ExclusionRule
from gpusla.errors import GpuslaError, LedgerError
from gpusla.identity import ContractId, NodeName, TenantId
from gpusla.instants import Interval, parse_instant
from gpusla.journal.chain import Head
from gpusla.ledger.booking import balance_minor_units
from gpusla.ledger.entries import Account, Entry, Line, Status, is_posted
from gpusla.ledger.notes import CreditNote
from gpusla.sla.digest import canonical
from gpusla.sla.evaluation import Derivation
from gpusla.statement.canonical import to_json
from gpusla.statement.derivation import derive
from gpusla.statement.model import FORMAT, Inputs, Standing, Statement, standing_of
from gpusla.statement.numbers import money
from gpusla.statement.read_evaluation import read_evaluation
from gpusla.statement.read_grounds import read_grounds
from gpusla.statement.untold import instant, read_terms, text, truth, whole

FORMATS = ("gpusla/statement/2", "gpusla/statement/3", FORMAT)
_NOT_OURS = (
    AttributeError, KeyError, OverflowError, RecursionError, TypeError, ZeroDivisionError,
)  # fmt: skip
_NO_TERMS = StatementTerms(0, "")


class AlteredError(ValueError):
    """A statement's parts are not what its own digest is of, or do not belong together."""


def from_json(content: bytes) -> Statement:
    """
    Return the statement that `to_json` wrote.

    Raises ValueError, in words, if content is no statement of a format in FORMATS; AlteredError if
    its figures are not those that its digest is of, if what is posted is not its credit, if its
    derivation does not come to its figures, or, from format 3 on, if any byte is not what a
    statement of these figures has.
    """
    statement, data = unchecked(content)
    _require_digest(data)
    _require_owed(statement)
    _require_derived(statement)
    if statement.format != FORMATS[0] and to_json(statement) != content.strip():
        message = "its parts do not belong together"
        raise AlteredError(message)
    return statement


def unchecked(content: bytes) -> tuple[Statement, Mapping[str, Any]]:
    """
    Return a statement as it is told, and the values that tell it, whether or not they fit.

    For who recomputes it, and can say what does not fit.  Raises ValueError as `from_json` does;
    AlteredError for an entry whose lines are not of its amount, which no ledger takes.
    """
    data = json.loads(content, parse_float=_refuse, parse_constant=_refuse)
    if not isinstance(data, dict) or data.get("format") not in FORMATS:
        message = f"it is not of a format that this version reads: {', '.join(FORMATS)}"
        raise ValueError(message)
    try:
        return _statement(data), data
    except _NOT_OURS as cause:
        message = f"{cause} is not what a statement has there"
        raise ValueError(message) from cause
    except LedgerError as cause:
        raise AlteredError(cause.message) from cause
    except GpuslaError as cause:
        message = cause.message
        raise ValueError(message) from cause


def _require_digest(data: Mapping[str, Any]) -> None:
    claimed = data.get("evaluation_digest")
    if hashlib.sha256(canonical(data["evaluation"])).hexdigest() != claimed:
        message = f"the figures are not those of evaluation {str(claimed)[:12]}"
        raise AlteredError(message)


def _require_owed(statement: Statement) -> None:
    """
    Raise AlteredError if a statement's entries are not those of its standing and its credit.

    The standing is looked at always, the rest once anything is posted: what was posted, less what
    was taken back, is the credit, or nothing at a shadow price or without a fee; and every entry,
    a pending one too, is in the currency of the fees.
    """
    entries, evaluation = statement.entries, statement.evaluation
    if statement.standing is not standing_of(entries, is_complete=evaluation.is_complete):
        message = f"its entries do not make it {statement.standing.value}"
        raise AlteredError(message)
    if not is_posted(entries):
        return
    posted = balance_minor_units(entries)
    # At a shadow price, or without a fee, nothing is owed whatever the credit would be.
    credit = 0 if evaluation.is_unpaid else evaluation.credit_minor_units.value
    if posted != credit:
        contract = evaluation.contract
        told, found = (money(contract, amount) for amount in (posted, credit))
        message = f"its entries post {told}, and its credit is {found}"
        raise AlteredError(message)
    if strange := {entry.currency for entry in entries} - {evaluation.contract.fees.currency}:
        message = f"its entries are in {', '.join(sorted(strange))}, and its fees are not"
        raise AlteredError(message)


def _require_derived(statement: Statement) -> None:
    """
    Raise AlteredError if a statement's derivation is not that of its figures.

    It follows from them, names, fields and values, in every version of the program; its rules may
    be in the words of the version that wrote it, and whoever shows them derives them anew.
    Raises ValueError for figures of which there is no derivation.
    """
    try:
        found = derive(statement.evaluation)
    except (*_NOT_OURS, IndexError) as cause:
        message = f"its figures cannot be derived: {cause}"
        raise ValueError(message) from cause
    pairs = zip_longest(_figures(statement.derivation), _figures(found))
    for told, figure in pairs:
        if told != figure:
            _, name, _, value = told or figure
            message = f"its derivation has {name} = {value}, which its figures have not"
            raise AlteredError(message)


def _figures(node: Derivation, depth: int = 0) -> Iterator[tuple[int, str, str, str]]:
    """Yield depth, name, field and value of a figure and of all beneath it."""
    yield depth, node.name, node.field, node.value
    for child in node.children:
        yield from _figures(child, depth + 1)


def _statement(data: Mapping[str, Any]) -> Statement:
    contract = _contract(data)
    evaluation = read_evaluation(data["evaluation"], contract, data["period"])
    entries = tuple(_entry(one, contract, data["period"]["key"]) for one in data["entries"])
    grounds = data.get("grounds")
    return Statement(
        evaluation,
        entries,
        _inputs(data["inputs"]),
        Standing(data["standing"]),
        _derivation(data["derivation"]),
        tuple(_notes(data["entries"], contract.id)),
        None if grounds is None else read_grounds(grounds),
        text(data["format"]),
    )


def _contract(data: Mapping[str, Any]) -> ContractVersion:
    told, period = data["contract"], data["period"]
    term, effective_from = _term(told, period)
    fees: Fees = read_terms(Fees, told["fees"], "contract.fees")
    if EXPONENTS.get(fees.currency) != fees.exponent:
        message = f"contract.fees.currency is {fees.currency!r} with {fees.exponent} decimals"
        raise ValueError(message)

    def part(type_: Any, name: str) -> Any:
        return read_terms(type_, told[name], f"contract.{name}")

    return ContractVersion(
        id=ContractId(text(told["id"])),
        tenant=TenantId(text(told["tenant"])),
        version=whole(told["version"]),
        effective_from=effective_from,
        house=truth(told["is_house"]),
        affiliate=truth(told["is_affiliate"]),
        verified=truth(told["is_verified"]),
        documents=part(tuple[SourceDocument, ...], "documents") if "documents" in told else (),
        citations=part(tuple[Citation, ...], "citations"),
        disagreements=(),
        parties=Parties(text(told["provider_name"]), text(told["tenant_name"])),
        term=term,
        fees=fees,
        capacity=part(Capacity, "capacity"),
        objectives=part(tuple[Objective, ...], "objectives"),
        combination=part(Combination, "combination"),
        exclusion_rules=part(tuple[ExclusionRule, ...], "exclusion_rules"),
        claims=part(Claims, "claims"),
        chronic=None,
        parity=None,
        statement=part(StatementTerms, "statement") if "statement" in told else _NO_TERMS,
        examples=(),
        signatures=(),
        assumed=tuple(map(text, told["assumed"])),
        digest=text(told["digest"]),
        source="",
    )


def _term(told: Mapping[str, Any], period: Mapping[str, str]) -> tuple[Term, date]:
    timezone = text(told["timezone"])
    if "term" in told:
        term = read_terms(Term, told["term"], "contract.term")
        return term, date.fromisoformat(told["effective_from"])
    interval = Interval(parse_instant(period["start"]), parse_instant(period["end"]))
    first, after = local_days(interval, timezone)
    return Term(first, after, timezone, Termination(0, 0, (), False, None)), first  # noqa: FBT003


def _entry(told: Mapping[str, Any], contract: ContractVersion, period: str) -> Entry:
    first, second = (Line(Account(account), whole(amount)) for account, amount in told["lines"])
    return Entry(
        text(told["key"]),
        contract.id,
        contract.tenant,
        period,
        text(told["clause"]),
        whole(told["revision"]),
        Status(told["status"]),
        whole(told["amount_minor_units"]),
        text(told["currency"]),
        (first, second),
        None if told["reverses"] is None else text(told["reverses"]),
        text(told["evaluation_digest"]),
    )


def _notes(told: Iterable[Mapping[str, Any]], contract: ContractId) -> Iterator[CreditNote]:
    """Yield the notes of entries that have one; a document's name ends with its number."""
    found = (
        CreditNote(contract, int(text(one["document"]).rpartition("-")[2]), one["key"])
        for one in told
        if one.get("document") is not None
    )
    yield from sorted(found, key=lambda note: note.number)


def _inputs(told: Mapping[str, Any]) -> Inputs:
    journals = {
        NodeName(node): Head(whole(head["sequence"]), text(head["digest"]))
        for node, head in told["journals"].items()
    }
    return Inputs(
        journals,
        text(told["inventory_digest"]),
        text(told["assignments_digest"]),
        text(told["exclusions_digest"]),
        text(told["claims_digest"]),
        text(told["zone_edition"]),
        text(told["program"]),
        {NodeName(node): whole(last) for node, last in told.get("signed", {}).items()},
        {NodeName(node): instant(at) for node, at in told.get("signed_until_ms", {}).items()},
    )


def _derivation(told: Mapping[str, Any]) -> Derivation:
    children = tuple(_derivation(child) for child in told["children"])
    return Derivation(
        text(told["name"]), text(told["rule"]), text(told["field"]), text(told["value"]), children
    )


def _refuse(text: str) -> None:
    message = f"{text} is not a whole number"
    raise ValueError(message)
