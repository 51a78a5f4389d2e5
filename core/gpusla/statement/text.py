"""
A statement as text for people: at most 96 columns, plain characters, the answer first.

`figures` writes what was delivered and promised, `amounts` what that gives, `proof` what stands
behind it; this module the frame around them, and where the time went.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from gpusla.sla.evaluation import Cause, Evaluation, Event, Loss
from gpusla.statement.amounts import credit_lines, headline
from gpusla.statement.canonical import digest
from gpusla.statement.figures import account_lines, objective_lines
from gpusla.statement.hours import worst_losses, written
from gpusla.statement.layout import COLUMNS, folded, section
from gpusla.statement.model import Standing, Statement
from gpusla.statement.numbers import decimal, gpu_hours, instant
from gpusla.statement.policies import policies
from gpusla.statement.proof import evidence_lines, incident_lines
from gpusla.statement.standing import is_never_booked, standing_name

LOSSES_MAX = 10
"""How many losses, and how many outages, are listed; the rest is counted and is in the JSON."""

JOURNALS_MAX = 6
REFUSED_MAX = 10
UNIT_COLUMNS = 10
RECORDS_MAX = 3
HOUR_MS = 3_600_000

_MORE = {
    Standing.OPEN: ": the period still runs",
    Standing.PROVISIONAL: ": late evidence may still come",
}
"""What is said of a standing beside its name."""


def render_text(statement: Statement) -> str:
    """Return the statement as lines of text."""
    evaluation = statement.evaluation
    sections = (
        _head(statement),
        account_lines(evaluation),
        objective_lines(evaluation),
        credit_lines(statement),
        _exclusions(evaluation),
        _losses(evaluation),
        incident_lines(statement),
        _outages(evaluation),
        evidence_lines(statement),
        _policies(evaluation),
        _inputs(statement),
        _reading(statement),
    )
    written = ["\n".join(lines) for lines in sections]
    return "\n\n".join(text for text in written if text) + "\n"


def _head(statement: Statement) -> Iterator[str]:
    evaluation = statement.evaluation
    contract, interval = evaluation.contract, evaluation.period.interval
    hours = decimal(Fraction(interval.duration_ms, HOUR_MS), 0)
    more = "" if is_never_booked(statement) else _MORE.get(statement.standing, "")
    standing = standing_name(statement).upper() + more
    yield f"{'STATEMENT ' + evaluation.period.key:<40}{standing:>56}"
    yield "=" * COLUMNS
    yield f"{contract.parties.tenant}, contract {contract.id} version {contract.version}"
    yield f"with {contract.parties.provider}, billing periods in {contract.term.timezone}"
    yield f"{instant(interval.start_ms)} to {instant(interval.end_ms)}, {hours} hours"
    if not evaluation.is_complete:
        yield f"judged to {instant(evaluation.until_ms)}"
    yield ""
    yield from headline(statement)


def _exclusions(evaluation: Evaluation) -> Iterator[str]:
    if not evaluation.exclusions and not evaluation.refused:
        return
    yield from section("EXCLUSIONS")
    counted = ", ".join(evaluation.exclusions) or "none"
    yield from folded(f"Counted: {counted}.")
    for refused in evaluation.refused[:REFUSED_MAX]:
        start, end = instant(refused.interval.start_ms), instant(refused.interval.end_ms)
        yield from folded(f"Not counted: {refused.exclusion_id}, {start} to {end}: ")
        yield from folded(f"  {refused.reason}.", indent=4)
    yield from _more(len(evaluation.refused) - REFUSED_MAX)


def _losses(evaluation: Evaluation) -> Iterator[str]:
    yield f"{'LOSSES':<12}{'from':<22}{'to':<22}{'GPU-hours':>14}  reasons"
    yield "-" * COLUMNS
    worst = worst_losses(evaluation)
    for loss, hours in worst[:LOSSES_MAX]:
        yield from _row(loss, written(hours), ", ".join(loss.reasons))
        yield from _records(loss.causes)
    rest = worst[LOSSES_MAX:]
    if rest:
        total = written(sum(hours for _, hours in rest))
        yield f"  and {len(rest)} more with {total} GPU-hours together; all of them are in the JSON"
    if not worst:
        yield "  none"


def _policies(evaluation: Evaluation) -> Iterator[str]:
    """Yield every choice of the contract that a figure depends on."""
    contract = evaluation.contract
    yield from section("POLICIES")
    for name, words in policies(contract):
        yield from folded(f"{name}: {words}.")
    for objective in contract.objectives:
        terms = "; ".join(f"{name} {words}" for name, words in policies(contract, objective))
        yield from folded(f"{objective.id}: {terms}.")


def _outages(evaluation: Evaluation) -> Iterator[str]:
    """Yield the longest outages that an objective counts by themselves."""
    if not evaluation.events:
        return
    yield f"{'OUTAGES':<12}{'from':<22}{'to':<22}{'hours':>14}  objective"
    yield "-" * COLUMNS
    longest = sorted(
        evaluation.events,
        key=lambda event: (-event.interval.duration_ms, event.interval, event.unit),
    )
    for event in longest[:LOSSES_MAX]:
        yield from _row(event, gpu_hours(event.interval.duration_ms), event.objective)
        yield from _records(event.causes)
    yield from _more(len(longest) - LOSSES_MAX)


def _row(one: Loss | Event, hours: str, last: str) -> Iterator[str]:
    start, end = instant(one.interval.start_ms), instant(one.interval.end_ms)
    unit = one.unit
    # A slot's name is longer than a rack's; it gets a line of its own rather than a cut.
    if len(unit) > UNIT_COLUMNS:
        yield f"  {unit}"
        unit = ""
    line = f"  {unit:<{UNIT_COLUMNS}}{start:<22}{end:<22}{hours:>14}  {last}"
    if len(line) > COLUMNS:
        yield line.removesuffix(f"  {last}")
        line = f"{'':<12}{last}"
    yield line


def _records(causes: Sequence[Cause]) -> Iterator[str]:
    found = {cause.evidence for cause in causes if cause.evidence is not None}
    records = sorted(f"{e.node} {e.first_sequence}-{e.last_sequence}" for e in found)
    if not records:
        return
    more = f" and {len(records) - RECORDS_MAX} more" if len(records) > RECORDS_MAX else ""
    slots = len({cause.slot for cause in causes})
    who = f"{slots} slots" if slots > 1 else "1 slot"
    yield f"{'':<12}{who}; journal records {', '.join(records[:RECORDS_MAX])}{more}"


def _inputs(statement: Statement) -> Iterator[str]:
    inputs = statement.inputs
    rows: Sequence[tuple[str, str]] = (
        ("contract", statement.evaluation.contract.digest),
        ("inventory", inputs.inventory_digest),
        ("assignments", inputs.assignments_digest),
        ("exclusions", inputs.exclusions_digest or "none"),
        ("claims", inputs.claims_digest or "none"),
    )
    yield from section("INPUTS (SHA-256)")
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
    yield from section("HOW TO READ THIS")
    yield "  `at worst` and `at best` hold every doubt there is, against the provider and for it."
    yield "  Other figures are cut off, never rounded up; the JSON has them exact."
    if contract.assumed:
        yield from folded(f"Assumed, not from the papers: {', '.join(contract.assumed)}.")
    if not contract.verified:
        yield "  Nobody has yet compared this contract's file with the signed papers."
    yield f"  This statement's digest is {digest(statement)}"
    yield "  `gpusla explain --statement FILE.json` shows how each figure came about;"
    yield "  `gpusla recompute BUNDLE` comes to it again from what the nodes signed."


def _more(number: int) -> Iterator[str]:
    if number > 0:
        yield f"  and {number} more; all of them are in the JSON"
