"""What recomputing a bundle came to, for people and for machines."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from gpusla.errors import InputError
from gpusla.instants import format_instant
from gpusla.ledger.entries import is_posted
from gpusla.recompute.bundle import FACTS, Bundle, broken
from gpusla.recompute.compare import Compared, SpanDifference, compare
from gpusla.recompute.difference import FigureDifference
from gpusla.recompute.figures import first_difference, judged_again
from gpusla.recompute.left_out import LeftOut
from gpusla.recompute.rebuild import Rebuilt, Tell, rebuild
from gpusla.recompute.tail import Tail, first_unsigned
from gpusla.recompute.words import condition_words, printable
from gpusla.sla.digest import digest as evaluation_digest
from gpusla.sla.facts_file import from_json
from gpusla.statement.model import Statement
from gpusla.statement.numbers import decimal, gpu_hours, money
from gpusla.timeline.model import StateSpan

FORMAT = "gpusla/recomputed/1"
TAILS_MAX = 3
"""So many nodes' tails are told in words; the rest are counted, and JSON has all."""

_MINUTE_MS = 60_000


class Verdict(StrEnum):
    """
    What it came to.

    same: the blocks give the facts, and the facts the figures.  left_out: so they do, of a final
    statement that leaves out what nodes signed in time.  differs: something is not the same.
    """

    SAME = "same"
    LEFT_OUT = "left_out"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Recomputed:
    """
    A bundle's statement, and the one that its facts give; where blocks, facts and figures part.

    figure: None if every figure is the same.
    """

    told: Statement
    found: Statement
    rebuilt: Rebuilt
    timeline: Compared
    figure: FigureDifference | None

    @property
    def verdict(self) -> Verdict:
        """What it came to."""
        if self.timeline.first is not None or self.figure is not None:
            return Verdict.DIFFERS
        left_out = self.rebuilt.left_out
        is_kept_out = left_out is not None and left_out.in_time_gpu_ms > 0
        return Verdict.LEFT_OUT if is_kept_out and is_posted(self.told.entries) else Verdict.SAME

    @property
    def is_same(self) -> bool:
        """Whether the nodes' blocks give the figures, and none is left out that was in time."""
        return self.verdict is Verdict.SAME


def recompute(bundle: Bundle, tell: Tell) -> Recomputed:
    """
    Go from the nodes' blocks to the dollars; tell is called while it takes long.

    Raises EvidenceError (`bundle`) if a part is missing or cannot be read, or the parts are not of
    one period, and JournalError for a line of the hours that is none.
    """
    try:
        return _recomputed(bundle, tell)
    except InputError as cause:
        # Of a bundle a bad part is no wrong usage: somebody put it there.
        where = f"{cause.position}: " if cause.position else ""
        raise broken(f"{where}{cause.message}") from cause


def _recomputed(bundle: Bundle, tell: Tell) -> Recomputed:
    statement = bundle.statement
    recorded = from_json(bundle.member(FACTS), FACTS)
    tell("the blocks of the nodes are read")
    rebuilt = rebuild(bundle, recorded, tell)
    told = statement.evaluation
    # What is posted is owed by what nodes signed, and none of it by what they may still sign.
    is_settled = told.is_complete or is_posted(statement.entries)
    must_ms = told.until_ms if is_settled else told.period.interval.start_ms
    timeline = compare(recorded, rebuilt, must_ms)
    tell("the facts are judged")
    found = judged_again(bundle, recorded)
    figure = first_difference(bundle, found, rebuilt)
    figure = figure or first_unsigned(statement.inputs, rebuilt.tails)
    return Recomputed(statement, found, rebuilt, timeline, figure)


def render(one: Recomputed) -> Iterator[str]:
    """Yield what came out, line by line; what a bundle names cannot begin a line of its own."""
    return map(printable, _lines(one))


def _lines(one: Recomputed) -> Iterator[str]:
    found, rebuilt = one.found.evaluation, one.rebuilt
    contract = found.contract
    what = f"{contract.id} version {contract.version}, {found.period.key}"
    yield f"RECOMPUTED {what}: {_verdict_words(one)}"
    if rebuilt.left_out is not None:
        yield from _left_out_words(rebuilt.left_out)
    yield (
        f"  from        {rebuilt.blocks:,} blocks of {rebuilt.nodes:,} nodes, which stand for "
        f"{rebuilt.records:,} records"
    )
    yield from _tail_words(rebuilt.tails)
    yield f"  timeline    {_timeline_words(one.timeline)}"
    if one.timeline.first is not None:
        yield from (f"              {line}" for line in span_words(one.timeline.first))
    if one.timeline.open_gpu_ms:
        hours = gpu_hours(one.timeline.open_gpu_ms)
        yield f"              {hours} GPU-hours at the end stand in no block yet"
    credit = found.credit_minor_units
    yield f"  credit      {money(contract, credit.value)}"
    yield f"  at least    {money(contract, credit.low)}"
    yield f"  at most     {money(contract, credit.high)}"
    yield f"  judgement   {evaluation_digest(found)}"
    yield f"  statement   {_figure_words(one.figure)}"


def plain(one: Recomputed) -> dict[str, Any]:
    """Return the same as maps, lists, text and integers."""
    found, rebuilt, timeline = one.found.evaluation, one.rebuilt, one.timeline
    credit, figure, left_out = found.credit_minor_units, one.figure, rebuilt.left_out
    return {
        "format": FORMAT,
        "contract": found.contract.id,
        "version": found.contract.version,
        "period": found.period.key,
        "is_same": one.is_same,
        "verdict": one.verdict.value,
        "nodes": rebuilt.nodes,
        "blocks": rebuilt.blocks,
        "records": rebuilt.records,
        "tails": [_plain_tail(tail) for tail in rebuilt.tails],
        "slots": timeline.slots,
        "slots_differing": timeline.differing,
        "open_gpu_ms": timeline.open_gpu_ms,
        "left_out": None if left_out is None else asdict(left_out),
        "currency": found.contract.fees.currency,
        "credit_minor_units": {"low": credit.low, "value": credit.value, "high": credit.high},
        "evaluation_digest": evaluation_digest(found),
        "span": None if timeline.first is None else _plain_span(timeline.first),
        "figure": None
        if figure is None
        else {"name": figure.name, "statement": figure.told, "recomputed": figure.found},
    }


def span_words(difference: SpanDifference) -> Iterator[str]:
    """Yield where facts and blocks part, and what each of them says there."""
    yield f"{difference.slot} from {format_instant(difference.at_ms)} on:"
    yield f"the facts say   {_said(difference.told)}"
    yield f"the blocks say  {_said(difference.found)}"


def _verdict_words(one: Recomputed) -> str:
    left_out = one.rebuilt.left_out
    if one.verdict is Verdict.LEFT_OUT and left_out is not None:
        return (
            f"LEAVES OUT {gpu_hours(left_out.in_time_gpu_ms)} GPU-HOURS THAT NODES SIGNED IN TIME"
        )
    return "DIFFERS" if one.verdict is Verdict.DIFFERS else "THE SAME"


def _left_out_words(left_out: LeftOut) -> Iterator[str]:
    yield (
        f"  left out    {gpu_hours(left_out.gpu_ms)} GPU-hours of the period stand in blocks behind"
        " the records that were judged;"
    )
    first = format_instant(left_out.from_ms)
    yield f"              the first are of {left_out.node} from {first} on"


def _tail_words(tails: Sequence[Tail]) -> Iterator[str]:
    for tail in tails[:TAILS_MAX]:
        minutes = decimal(Fraction(max(tail.until_ms - tail.from_ms, 0), _MINUTE_MS), 1)
        signed = "not signed"
        if tail.signed_ms is not None:
            signed = f"signed up to {format_instant(tail.signed_ms)}"
        what = f"the last {minutes} minutes of {tail.node}, {tail.records:,} records"
        yield f"  no block    {what}: {signed}"
    if len(tails) > TAILS_MAX:
        records = sum(tail.records for tail in tails[TAILS_MAX:])
        yield f"              {records:,} records of {len(tails) - TAILS_MAX:,} more nodes"


def _timeline_words(compared: Compared) -> str:
    if compared.first is None:
        return f"the blocks give the facts, span by span, of all {compared.slots:,} slots"
    what = "other records" if compared.first.is_evidence else "something else"
    return (
        f"the blocks say {what} of {compared.differing:,} of {compared.slots:,} slots; the first:"
    )


def _figure_words(figure: FigureDifference | None) -> str:
    if figure is None:
        return "every figure is what the facts give"
    return f"{figure.name}: the statement says {figure.told}, the facts give {figure.found}"


def _said(span: StateSpan) -> str:
    either = "" if span.other is None else f", or {condition_words(span.other)}"
    records = "no records"
    if span.evidence is not None:
        one = span.evidence
        records = f"{one.node}, records {one.first_sequence} to {one.last_sequence}"
    error = "unknown" if span.error_ms is None else f"{span.error_ms} ms"
    return (
        f"{condition_words(span.condition)}{either}, until {format_instant(span.end_ms)} "
        f"({records}; clock error {error})"
    )


def _plain_tail(tail: Tail) -> dict[str, Any]:
    return {
        "node": tail.node,
        "records": [tail.first_sequence, tail.last_sequence],
        "from_ms": tail.from_ms,
        "until_ms": tail.until_ms,
        "signed_sequence": tail.signed,
        "signed_ms": tail.signed_ms,
    }


def _plain_span(difference: SpanDifference) -> dict[str, Any]:
    return {
        "slot": str(difference.slot),
        "at_ms": difference.at_ms,
        "is_evidence": difference.is_evidence,
        "facts": _plain_said(difference.told),
        "blocks": _plain_said(difference.found),
    }


def _plain_said(span: StateSpan) -> dict[str, Any]:
    one = span.evidence
    return {
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "condition": condition_words(span.condition),
        "other": None if span.other is None else condition_words(span.other),
        "error_ms": span.error_ms,
        "records": None if one is None else [one.node, one.first_sequence, one.last_sequence],
    }
