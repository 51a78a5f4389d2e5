"""The top of the document: who owes whom what for which period, and the figures in one table."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeVar

from gpusla.contracts.calendar import local_days
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.statement.amounts import next_tier_words, reached_words, worth_words
from gpusla.statement.claims import open_claim
from gpusla.statement.hours import NOTE, account_hours, written
from gpusla.statement.model import Standing, Statement
from gpusla.statement.numbers import decimal, instant, money, percent
from gpusla.statement.render.document import Mark, Paragraph, Row, Section, Table
from gpusla.statement.render.wording import day_words, span_words
from gpusla.statement.standing import standing_name
from gpusla.statement.words import promise_words

T = TypeVar("T")

BOUNDS = ("at least", "value", "at most")
"""Titles of a figure's three columns: with every doubt on one side, as counted, on the other."""

CROSSWISE = (
    "What was delivered at least and what was lost at most are together what was committed, and so "
    "the other way."
)


def bounds_row(
    name: str, bounds: Bounds[T], write: Callable[[T], str], mark: Mark = Mark.NONE, note: str = ""
) -> Row:
    """Return a row of a name and the three figures, the smallest first."""
    return Row((name, write(bounds.low), write(bounds.value), write(bounds.high)), mark, note)


def one_figure(name: str, figure: str, mark: Mark = Mark.NONE, note: str = "") -> Row:
    """Return a row of a name and a figure that is certain."""
    return Row((name, "", figure, ""), mark, note)


def standing_words(statement: Statement) -> str:
    """Return how far the statement can be relied on, in two or three words."""
    more = ": the period still runs" if statement.standing is Standing.OPEN else ""
    return f"{standing_name(statement).capitalize()}{more}"


def amount_of(statement: Statement) -> tuple[str, str]:
    """Return what the amount at the top is, and the amount."""
    evaluation, claim = statement.evaluation, open_claim(statement.evaluation)
    contract = evaluation.contract
    amount = money(contract, evaluation.credit_minor_units.value)
    if not evaluation.outcomes:
        return "Nothing to credit yet", amount
    if evaluation.is_shadow:
        return "Worth at the shadow price; no money is owed", amount
    if claim is not None:
        return "May be claimed", money(contract, claim.claimable_minor_units)
    labels = {
        Standing.OPEN: "Credit if the period ended now",
        Standing.PROVISIONAL: "Credit by what is known so far",
    }
    return labels.get(statement.standing, "Credit owed"), amount


def sentences_of(statement: Statement) -> Iterator[str]:
    """Yield what the amount rests on, promise by promise."""
    evaluation = statement.evaluation
    if not evaluation.outcomes:
        yield "No objective's window ends in this period, so there is nothing to credit yet."
        return
    for outcome in evaluation.outcomes:
        yield reached_words(outcome, is_named=len(evaluation.outcomes) > 1)
    worth = worth_words(statement)
    # The amount above says it already.
    if not worth.startswith("Credit owed:"):
        yield worth
    if evaluation.next_tier is not None and not evaluation.is_complete:
        yield next_tier_words(evaluation.next_tier)


def facts_of(statement: Statement) -> Iterator[tuple[str, str]]:
    """Yield what the statement is of."""
    evaluation = statement.evaluation
    contract, interval = evaluation.contract, evaluation.period.interval
    hours = decimal(Fraction(interval.duration_ms, 3_600_000), 0)
    first, after = local_days(interval, contract.term.timezone)
    last = local_days(interval, contract.term.timezone)[1].fromordinal(after.toordinal() - 1)
    yield "Contract", f"{contract.id}, version {contract.version}"
    yield "Period", f"{day_words(first)} to {day_words(last)} ({contract.term.timezone})"
    yield "In UTC", f"{span_words(interval)}, {hours} hours"
    if not evaluation.is_complete:
        yield "Judged to", instant(evaluation.until_ms)
    yield "Currency", contract.fees.currency
    notes = statement.notes
    if len(notes) == 1:
        yield "Credit note", notes[0].document
    elif notes:
        yield "Credit notes", f"{len(notes)}, named with the bookings below"


def figures_section(statement: Statement) -> Section:
    """Return the figures that everything below explains."""
    evaluation = statement.evaluation
    rows = (*_account_rows(evaluation), *_promise_rows(evaluation), *_money_rows(statement))
    doubt = (
        "“At least” and “at most” hold every doubt there is: time that nobody observed, the "
        "edges between two states, and the error of clocks. The credit follows the value."
    )
    table = Table(("", *BOUNDS), rows, 3)
    notes = Paragraph(doubt, Mark.QUIET), Paragraph(f"{CROSSWISE} {NOTE}", Mark.QUIET)
    return Section("figures", "The figures", (table, *notes))


def _account_rows(evaluation: Evaluation) -> Iterator[Row]:
    account, hours = evaluation.account, account_hours(evaluation.account)
    yield one_figure("GPU-hours committed", written(hours.committed))
    yield bounds_row("GPU-hours delivered", hours.delivered, written)
    yield bounds_row("GPU-hours lost", hours.lost, written)
    if account.excluded_gpu_ms:
        yield one_figure("GPU-hours given back by exclusions", written(hours.given_back))


def _promise_rows(evaluation: Evaluation) -> Iterator[Row]:
    for outcome in evaluation.outcomes:
        note = f"promised: {promise_words(outcome.objective)}"
        mark = Mark.WARNING if outcome.is_missed else Mark.NONE
        yield bounds_row(f"{outcome.objective.id} reached", outcome.value, percent, mark, note)


def _money_rows(statement: Statement) -> Iterator[Row]:
    evaluation = statement.evaluation
    contract = evaluation.contract
    fee = "Shadow price" if evaluation.is_shadow else "Fee due"
    yield one_figure(fee, money(contract, evaluation.fee_minor_units))
    label = "Worth" if evaluation.is_shadow else "Credit"
    yield bounds_row(
        label, evaluation.credit_minor_units, lambda amount: money(contract, amount), Mark.TOTAL
    )
