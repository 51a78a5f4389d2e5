"""What changed since an earlier statement, as a section of the document."""

from gpusla.statement.model import Statement
from gpusla.statement.numbers import money
from gpusla.statement.render.document import Block, Mark, Paragraph, Row, Section, Table
from gpusla.statement.revisions import (
    CREDIT,
    Change,
    Ground,
    changes_between,
    difference_minor_units,
    nothing_words,
    summary_words,
)

TITLES = {
    Ground.FACTS: "What was seen or recorded",
    Ground.TERMS: "What was agreed",
    Ground.AMOUNTS: "What it comes to",
}


def changes_section(before: Statement, after: Statement) -> Section:
    """
    Return what is other than in an earlier statement of the same period.

    Raises ValueError if the two are not of one contract and period.
    """
    changes = changes_between(before, after)
    blocks: list[Block] = [Paragraph(summary_words(before, after))]
    blocks += _money(before, after, changes)
    for ground in (Ground.AMOUNTS, Ground.FACTS, Ground.TERMS):
        rows = [
            Row((change.name, change.before, change.after))
            for change in changes
            if change.ground is ground and change.minor_units is None and change.name != CREDIT
        ]
        if rows:
            blocks.append(Table((TITLES[ground], "before", "now"), tuple(rows), 0))
    if not changes:
        blocks.append(Paragraph(nothing_words(before, after), Mark.QUIET))
    return Section("changes", "What changed since the statement before", tuple(blocks))


def _money(before: Statement, after: Statement, changes: tuple[Change, ...]) -> list[Block]:
    """Return the change of each part of the credit; together they are the change of the whole."""
    contract = after.evaluation.contract
    rows = [
        Row((change.name, change.before, change.after, money(contract, change.minor_units)))
        for change in changes
        if change.minor_units is not None
    ]
    if not rows:
        return []
    was, now = (one.evaluation.credit_minor_units.value for one in (before, after))
    figures = was, now, difference_minor_units(before, after)
    total = Row((CREDIT, *(money(contract, figure) for figure in figures)), Mark.TOTAL)
    return [Table(("The credit", "before", "now", "difference"), (*rows, total), 3)]
