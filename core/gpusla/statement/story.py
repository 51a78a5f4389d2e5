"""How a statement's figures came about, told down to the journal records behind each slot."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gpusla.errors import Position
from gpusla.instants import format_instant
from gpusla.sla.evaluation import Cause, Derivation, Evaluation, Event, Loss
from gpusla.statement.canonical import digest
from gpusla.statement.derivation import derive
from gpusla.statement.lines import Figure, figures_of
from gpusla.statement.model import Statement
from gpusla.statement.printed import Form, Printer, form_of
from gpusla.statement.standing import standing_name

BY_RULE = "by a rule of the contract alone: burning in, settling, a kind of GPU, a measurement"
"""What is said of an outage without a cause that was seen."""

Behind = Callable[[Loss | Event, Cause], Iterable[str]]
"""What else is told of a slot's part in a loss, such as the blocks that say so."""


def story(
    statement: Statement,
    line: str = "",
    behind: Behind | None = None,
    place: Position | None = None,
) -> Iterator[str]:
    """
    Yield how every figure came about, down to the journal records behind each slot.

    It is derived from the figures, whatever the statement says of it, and ends with the statement's
    digest.  line: only this one, as `figures_of` knows it; all of it if empty.
    behind: what is told of each slot's part beside that.  place: the statement's file.
    Raises InputError `nothing_to_show`, with names, if there is no such line, or several.
    """
    evaluation = statement.evaluation
    contract = evaluation.contract
    yield (
        f"{contract.id} version {contract.version}, {evaluation.period.key}, "
        f"{standing_name(statement)}, judged to {format_instant(evaluation.until_ms)}"
    )
    telling = _Telling(evaluation, behind or _nothing, Printer(evaluation))
    whole = (Figure(derive(evaluation)),)
    for figure in figures_of(statement, line, place) if line else whole:
        yield ""
        yield from telling.told(figure.node, figure.form)
    yield ""
    yield f"This statement's digest is {digest(statement)}"


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells derivations; the figures hold the causes that they point to."""

    evaluation: Evaluation
    behind: Behind
    printer: Printer

    def told(self, node: Derivation, form: Form, depth: int = 0) -> Iterator[str]:
        """
        Yield a figure with its rule and its field, what it is made of, and who caused it.

        form: how it is printed, which stands beside it where that is not as it is told.
        """
        indent = "  " * depth
        field = f"   [{node.field}]" if node.field else ""
        printed = self.printer.printed(node.name, node.value, form)
        beside = f" ({printed})" if printed else ""
        yield f"{indent}{node.name} = {node.value}{beside}{field}"
        yield f"{indent}    {node.rule}"
        for child in node.children:
            yield from self.told(child, form_of(child.name, form), depth + 1)
        yield from (f"{indent}    {line}" for line in self.causes(node.name))

    def causes(self, name: str) -> Iterator[str]:
        """Yield who caused a loss or an event, such as `losses[3]`; nothing for other names."""
        kind, _, number = name.rstrip("]").partition("[")
        stretches: dict[str, tuple[Loss | Event, ...]] = {
            "losses": self.evaluation.losses,
            "events": self.evaluation.events,
        }
        if kind not in stretches or not number:
            return
        stretch = stretches[kind][int(number)]
        for cause in stretch.causes:
            yield _cause(cause)
            yield from (f"    {line}" for line in self.behind(stretch, cause))
        if not stretch.causes and kind == "events":
            yield BY_RULE


def _nothing(_: Loss | Event, __: Cause) -> Iterable[str]:
    return ()


def _cause(cause: Cause) -> str:
    found = "; ".join(
        ": ".join(part for part in (finding.reason, finding.evidence) if part)
        for finding in cause.findings
    )
    records = "no records: nobody observed"
    if cause.evidence is not None:
        evidence = cause.evidence
        records = (
            f"journal of {evidence.node}, records {evidence.first_sequence} to "
            f"{evidence.last_sequence}"
        )
    return f"{cause.slot} {cause.state.value} ({found or 'no reason given'}); {records}"
