"""The way from the objectives' credits to what is owed, and how it is booked."""

from collections.abc import Iterator
from fractions import Fraction

from gpusla.contracts.remedies import Cap
from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from gpusla.ledger.entries import Entry, is_posted
from gpusla.sla.evaluation import Evaluation
from gpusla.statement.amounts import claim_words
from gpusla.statement.model import Statement
from gpusla.statement.numbers import money
from gpusla.statement.render.answer import BOUNDS, bounds_row, one_figure
from gpusla.statement.render.document import Block, Mark, Paragraph, Row, Section, Table
from gpusla.statement.words import across_words, cap_words

KEY_COLUMNS = 12


def credit_section(statement: Statement) -> Section:
    """Return how the credit came about and what the ledger says of it."""
    evaluation = statement.evaluation
    blocks: list[Block] = [Table(("", *BOUNDS), tuple(_steps(evaluation)), 3)]
    if evaluation.claim is not None:
        blocks.append(Paragraph(claim_words(evaluation, evaluation.claim)))
    blocks += _parts(evaluation)
    blocks += _bookings(statement)
    return Section("credit", "From the promises to the credit", tuple(blocks))


def _steps(evaluation: Evaluation) -> Iterator[Row]:
    contract, settlement = evaluation.contract, evaluation.settlement

    def write(amount: Fraction | int) -> str:
        return money(contract, amount)

    fee = "Shadow price" if evaluation.is_shadow else "Fee due"
    yield one_figure(fee, write(evaluation.fee_minor_units))
    for outcome in evaluation.outcomes:
        yield bounds_row(f"Credit of {outcome.objective.id}", outcome.credit, write)
    if len(evaluation.outcomes) > 1:
        note = across_words(contract.combination.across)
        yield bounds_row("Combined", settlement.combined, write, note=note)
    yield from _caps(evaluation)
    minimum = contract.combination.minimum_minor_units
    note = f"less than {write(minimum)} is nothing" if minimum else ""
    yield bounds_row("Rounded once", settlement.rounded, write, note=note)
    label = "Worth" if evaluation.is_shadow else "Credit"
    yield bounds_row(label, evaluation.credit_minor_units, write, Mark.TOTAL)


def _caps(evaluation: Evaluation) -> Iterator[Row]:
    """Yield the contract's caps in order; the fee as the last one only where it cuts something."""
    contract, settlement = evaluation.contract, evaluation.settlement
    caps: tuple[Cap | None, ...] = (*contract.combination.caps, None)
    before = settlement.combined
    for cap, step in zip(caps, settlement.caps, strict=True):
        if cap is not None or step.after != before:
            limit = money(contract, step.limit.value)
            here = "" if cap is not None and cap.percent is None else f", here {limit}"
            note = cap_words(contract, cap) + here
            name = "Capped" if step.after != before else "Under its cap"
            yield bounds_row(name, step.after, lambda amount: money(contract, amount), note=note)
        before = step.after


def _parts(evaluation: Evaluation) -> Iterator[Block]:
    """Yield the credit's parts, which add up to it."""
    contract = evaluation.contract
    if len(evaluation.lines) < 2:  # noqa: PLR2004  (one part is the whole)
        return
    rows = [Row((line.objective, money(contract, line.minor_units))) for line in evaluation.lines]
    total = money(contract, evaluation.credit_minor_units.value)
    rows.append(Row(("Credit", total), Mark.TOTAL))
    yield Table(("The credit by objective", ""), tuple(rows), 1)


def _bookings(statement: Statement) -> Iterator[Block]:
    """Yield the entries of the ledger, which add up to what is owed, or accrued."""
    contract, entries = statement.evaluation.contract, statement.entries
    if not entries:
        yield Paragraph("Nothing is booked for this period so far.", Mark.QUIET)
        return
    rows = [_booking(statement, entry) for entry in entries]
    if is_posted(entries):
        owed = money(contract, balance_minor_units(entries))
        rows.append(Row(("Owed by the ledger", "", "", owed), Mark.TOTAL))
    else:
        accrued = money(contract, pending_minor_units(entries))
        rows.append(Row(("Accrued, not owed yet", "", "", accrued), Mark.TOTAL))
    yield Table(("Entry in the ledger", "clause", "status", "amount"), tuple(rows), 1)


def _booking(statement: Statement, entry: Entry) -> Row:
    amount = money(statement.evaluation.contract, entry.amount_minor_units)
    back = f"takes back {entry.reverses[:KEY_COLUMNS]}" if entry.reverses else ""
    document = statement.document_of(entry)
    note = f"credit note {document}" if document else ""
    clause = f"{entry.clause}, revision {entry.revision}"
    cells = entry.key[:KEY_COLUMNS], clause, entry.status.value, amount
    return Row(cells, note="; ".join(filter(None, (back, note))))
