"""A statement as text for people: at most 100 columns, plain characters, the answer first."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

from gpusla.contracts.model import ContractVersion
from gpusla.sla.evaluation import Bounds, Evaluation, Loss
from gpusla.statement.canonical import digest
from gpusla.statement.derivation import tier_words, unit_words
from gpusla.statement.model import Standing, Statement
from gpusla.statement.numbers import decimal, gpu_hours, instant, money, percent, shortest

T = TypeVar("T")

COLUMNS = 96
LOSSES_MAX = 10
"""How many losses are listed; the rest is counted and stands in the JSON."""

JOURNALS_MAX = 6
UNIT_COLUMNS = 10

_STANDING = {
    Standing.OPEN: "OPEN: the period still runs",
    Standing.PROVISIONAL: "PROVISIONAL: late evidence may still come",
    Standing.FINAL: "FINAL",
    Standing.RESTATED: "FINAL, RESTATED: see the entries",
}


def render_text(statement: Statement) -> str:
    """Return the statement as lines of text."""
    sections = (
        _head(statement),
        _figures(statement.evaluation),
        _credit(statement),
        _losses(statement.evaluation),
        _inputs(statement),
        _reading(statement),
    )
    return "\n\n".join("\n".join(lines) for lines in sections) + "\n"


def _head(statement: Statement) -> Iterator[str]:
    evaluation = statement.evaluation
    contract, interval = evaluation.contract, evaluation.period.interval
    hours = decimal(Fraction(interval.duration_ms, 3_600_000), 0)
    yield f"{'STATEMENT ' + evaluation.period.key:<40}{_STANDING[statement.standing]:>56}"
    yield "=" * COLUMNS
    yield f"{contract.parties.tenant}, contract {contract.id} version {contract.version}"
    yield f"with {contract.parties.provider}, months in {contract.term.timezone}"
    yield f"{instant(interval.start_ms)} to {instant(interval.end_ms)}, {hours} hours"
    if not evaluation.is_complete:
        yield f"judged to {instant(evaluation.until_ms)}"
    yield ""
    yield from headline(statement)


def headline(statement: Statement) -> Iterator[str]:
    """Yield the answer in one or two sentences."""
    evaluation = statement.evaluation
    contract = evaluation.contract
    if evaluation.availability.value is None:
        yield "  Nothing was committed in this time, so there is nothing to deliver or to credit."
        return
    yield (
        f"  {percent(evaluation.availability.value)} of what was committed was delivered; "
        f"{shortest(contract.objective.target * 100)} % is promised."
    )
    amount = money(contract, evaluation.credit_minor_units.value)
    if evaluation.is_shadow:
        yield f"  At the shadow price that would be worth {amount}. No money is owed."
    elif statement.standing is Standing.OPEN:
        yield f"  If the month ended now, {amount} would be owed. Nothing is owed before its close."
    elif statement.standing is Standing.PROVISIONAL:
        yield f"  By what is known so far the credit is {amount}."
    else:
        yield f"  Credit owed: {amount}."


def _figures(evaluation: Evaluation) -> Iterator[str]:
    delivered, availability = evaluation.delivered_gpu_ms, evaluation.availability
    contract, credit = evaluation.contract, evaluation.credit_minor_units
    yield _title("FIGURES", "at worst", "value", "at best")
    yield "-" * COLUMNS
    yield _bounds("availability", availability, percent)
    yield _bounds("delivered GPU-hours", delivered, gpu_hours)
    yield _row("committed GPU-hours", "", gpu_hours(evaluation.committed_gpu_ms), "")
    yield _row("lost GPU-hours", "", gpu_hours(evaluation.lost_gpu_ms), "")
    yield _row("excused GPU-hours", "", gpu_hours(evaluation.excluded_gpu_ms), "")
    # The most that may have been delivered leaves the least to credit: money runs the other way.
    worst_first = Bounds(credit.high, credit.value, credit.low)
    yield _bounds("credit", worst_first, lambda amount: money(contract, amount))
    states = ", ".join(
        f"{state.value} {gpu_hours(ms)}" for state, ms in evaluation.states_gpu_ms.items()
    )
    yield ""
    yield f"  assigned slots, GPU-hours: {states}"
    yield (
        f"  at the last instant judged: {decimal(evaluation.delivered_gpus_now, 1)} of "
        f"{evaluation.committed_gpus_now} GPUs delivered"
    )


def _credit(statement: Statement) -> Iterator[str]:
    evaluation = statement.evaluation
    contract = evaluation.contract
    base = "shadow price" if evaluation.is_shadow else "fee"
    yield f"CREDIT: {contract.objective.id}"
    yield "-" * COLUMNS
    yield f"  {base} of the month  {money(contract, evaluation.base_minor_units)}"
    for tier in contract.objective.tiers:
        mark = "->" if tier == evaluation.tier.value else "  "
        yield f"  {mark} {tier_words(tier)} of it"
    if evaluation.tier.value is None:
        yield "  -> in no tier"
    if evaluation.tier.low != evaluation.tier.high:
        yield "  The bounds lie in different tiers: evidence that is missing decides about money."
    following = evaluation.next_tier
    if following is not None and not evaluation.is_complete:
        yield (
            f"  {gpu_hours(following.gpu_ms)} GPU-hours may still be lost in this month before "
            f"the tier below {shortest(following.tier.below * 100)} % is certain"
        )
    for entry in statement.entries:
        amount = money(contract, entry.amount_minor_units)
        takes_back = f", takes back {entry.reverses[:12]}" if entry.reverses else ""
        yield f"  entry {entry.key[:12]}  {entry.status.value:<8}{amount:>24}{takes_back}"


def _losses(evaluation: Evaluation) -> Iterator[str]:
    yield f"{'LOSSES':<12}{'from':<22}{'to':<22}{'GPU-hours':>14}  reasons"
    yield "-" * COLUMNS
    worst = sorted(evaluation.losses, key=lambda loss: (-loss.gpu_ms, loss.interval, loss.unit))
    for loss in worst[:LOSSES_MAX]:
        yield from _loss(loss)
    rest = worst[LOSSES_MAX:]
    if rest:
        hours = gpu_hours(sum((loss.gpu_ms for loss in rest), Fraction(0)))
        yield f"  and {len(rest)} more with {hours} GPU-hours together; all of them are in the JSON"
    if not worst:
        yield "  none"


def _loss(loss: Loss) -> Iterator[str]:
    start, end = instant(loss.interval.start_ms), instant(loss.interval.end_ms)
    unit, reasons = loss.unit, ", ".join(loss.reasons)
    # A slot's name is longer than a rack's; it gets a line of its own rather than a cut.
    if len(unit) > UNIT_COLUMNS:
        yield f"  {unit}"
        unit = ""
    line = f"  {unit:<{UNIT_COLUMNS}}{start:<22}{end:<22}{gpu_hours(loss.gpu_ms):>14}  {reasons}"
    if len(line) > COLUMNS:
        yield line.removesuffix(f"  {reasons}")
        line = f"{'':<12}{reasons}"
    yield line
    records = [f"{e.node} {e.first_sequence}-{e.last_sequence}" for e in loss.evidence]
    if records:
        more = f" and {len(records) - 3} more" if len(records) > 3 else ""  # noqa: PLR2004
        slots = f"{len(loss.causes)} slots" if len(loss.causes) > 1 else "1 slot"
        yield f"{'':<12}{slots}; journal records {', '.join(records[:3])}{more}"


def _inputs(statement: Statement) -> Iterator[str]:
    inputs = statement.inputs
    rows: Sequence[tuple[str, str]] = (
        ("contract", statement.evaluation.contract.digest),
        ("inventory", inputs.inventory_digest),
        ("assignments", inputs.assignments_digest),
        ("exclusions", inputs.exclusions_digest or "none"),
    )
    yield "INPUTS (SHA-256)"
    yield "-" * COLUMNS
    for name, value in rows:
        yield f"  {name:<14}{value}"
    nodes = sorted(inputs.journals)
    for node in nodes[:JOURNALS_MAX]:
        head = inputs.journals[node]
        yield f"  journal of {node}, to record {head.sequence}: {head.digest[:32]}"
    if len(nodes) > JOURNALS_MAX:
        yield f"  and {len(nodes) - JOURNALS_MAX} more journals; all of them are in the JSON"
    yield f"  time zones {inputs.zone_edition}; judged by {inputs.program}"


def _reading(statement: Statement) -> Iterator[str]:
    contract = statement.evaluation.contract
    yield "HOW TO READ THIS"
    yield "-" * COLUMNS
    yield from _folded(f"Counted: {unit_words(contract)}.")
    yield f"  Unknown time: {_who(contract)}. `at worst` and `at best` hold every doubt there is."
    yield "  Figures are cut off, never rounded up; the JSON has them exact."
    if contract.assumed:
        yield from _folded(f"Assumed, not from the papers: {', '.join(contract.assumed)}.")
    yield f"  This statement's digest is {digest(statement)}"
    yield "  `gpusla explain --statement FILE.json` shows how each figure came about."


def _who(contract: ContractVersion) -> str:
    return f"the {contract.objective.unknown.value.removesuffix('_bears')} bears it"


def _folded(text: str) -> Iterator[str]:
    line = " "
    for word in text.split():
        if len(line) + len(word) >= COLUMNS:
            yield line
            line = "   "
        line += f" {word}"
    yield line


def _bounds(name: str, bounds: Bounds[T], write: Callable[[T], str]) -> str:
    return _row(name, write(bounds.low), write(bounds.value), write(bounds.high))


def _row(name: str, low: str, value: str, high: str) -> str:
    return f"  {name:<22}{low:>24}{value:>24}{high:>24}".rstrip()


def _title(name: str, low: str, value: str, high: str) -> str:
    return f"{name:<24}{low:>24}{value:>24}{high:>24}"
