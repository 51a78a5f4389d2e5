"""The facts judged once more, and every figure held against the statement's."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gpusla.contracts.model import ContractVersion
from gpusla.instants import format_instant
from gpusla.journal.chain import EMPTY
from gpusla.recompute.bundle import Bundle, broken
from gpusla.recompute.difference import FigureDifference
from gpusla.recompute.entries import first_wrong
from gpusla.recompute.rebuild import Rebuilt
from gpusla.sla.digest import from_exact
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts_file import RecordedFacts
from gpusla.sla.periods import period_of
from gpusla.sla.reach import reach_of
from gpusla.statement.canonical import plain_statement
from gpusla.statement.from_facts import grounds_of
from gpusla.statement.model import Statement, build
from gpusla.statement.numbers import exact_money
from gpusla.timeline.model import Timeline

Path = tuple[str | int, ...]

UNTOLD: Mapping[str, Mapping[str, frozenset[str]]] = {
    "gpusla/statement/2": {
        "contract": frozenset({"term", "effective_from", "documents", "statement"}),
        "period": frozenset({"first_day", "whole_start", "whole_end"}),
    }
}
"""By format, what it does not say and the present one does; all else of it is compared."""

FIRST = (
    "credit_minor_units",
    "lines",
    "settlement",
    "outcomes",
    "fee_minor_units",
    "claim",
    "account",
    "losses",
    "events",
)
"""In this order an evaluation's parts are held against each other; then the rest, by name."""

_ENDS = {"value": "value", "high": "at most", "low": "at least"}
_AMOUNTS = {
    "after",
    "amount_minor_units",
    "base",
    "base_minor_units",
    "claimable_minor_units",
    "combined",
    "credit",
    "credit_minor_units",
    "exact",
    "fee_minor_units",
    "granted_minor_units",
    "limit",
    "lines",
    "minor_units",
    "more_minor_units",
    "rounded",
}
"""Names of what is money, whatever of it is told."""


def judged_again(bundle: Bundle, recorded: RecordedFacts) -> Statement:
    """
    Return the statement that the facts give under the contract, with the same entries and inputs.

    Raises EvidenceError (`bundle`) if contract, statement and facts are not of one period.
    """
    statement = bundle.statement
    contract = bundle.version
    evaluation = _evaluated(contract, bundle, recorded)
    inputs = statement.inputs
    grounds = statement.grounds and grounds_of(evaluation, recorded.facts, inputs)
    again = build(evaluation, statement.entries, inputs, notes=statement.notes, grounds=grounds)
    return replace(again, format=statement.format)


def first_difference(bundle: Bundle, found: Statement, rebuilt: Rebuilt) -> FigureDifference | None:
    """Return the first figure of a bundle's statement that is another one when it is recomputed."""
    told, ours, theirs = bundle.statement, bundle.told, _as_told(found)
    contract = told.evaluation.contract
    evaluations = ours["evaluation"], theirs["evaluation"]
    for name in (*FIRST, *sorted(set(evaluations[1]) - set(FIRST))):
        for difference in _differences(evaluations[0].get(name), evaluations[1][name], (name,)):
            return _told(contract, evaluations[1], *difference)
    beside = first_wrong(told.entries, found.evaluation) or _unsigned(bundle, rebuilt)
    if beside is not None:
        return beside
    return next((_told(contract, theirs, *one) for one in _differences(ours, theirs, ())), None)


def _as_told(found: Statement) -> dict[str, Any]:
    """Return a statement as its format tells it; an old one hides no more than it must."""
    whole = plain_statement(found)
    for part, names in UNTOLD.get(found.format, {}).items():
        whole[part] = {name: one for name, one in whole[part].items() if name not in names}
    return whole


def _evaluated(contract: ContractVersion, bundle: Bundle, recorded: RecordedFacts) -> Evaluation:
    told = bundle.statement.evaluation
    of_facts = recorded.contract, recorded.period, recorded.until_ms
    of_statement = contract.id, told.period.key[:7], told.until_ms
    if of_facts != of_statement:
        raise broken(f"its facts are of {of_facts} and its statement of {of_statement}")
    period = period_of(contract, told.period.key, bundle.versions)
    interval = period.interval
    if not interval.start_ms <= told.until_ms <= interval.end_ms:
        raise broken(f"it is judged until {told.until_ms}, outside its period")
    timeline = recorded.facts.timeline
    assert isinstance(timeline, Timeline), "a file of facts holds spans"
    reach = timeline.period
    is_whole = reach == reach_of(bundle.versions, contract, period, reach.end_ms)
    if not is_whole or reach.end_ms < told.until_ms:
        raise broken("its facts do not reach as far as the contract's windows do")
    return evaluate(contract, period, told.until_ms, recorded.facts, versions=bundle.versions)


def _unsigned(bundle: Bundle, rebuilt: Rebuilt) -> FigureDifference | None:
    """Find a node that the statement says signed more than its keys and its blocks show."""
    inputs = bundle.statement.inputs
    for node, last in sorted(inputs.signed.items()):
        judged, name = inputs.journals.get(node, EMPTY).sequence, f"signed by {node}"
        if node not in bundle.nodes or not bundle.nodes[node].keys:
            return FigureDifference(name, f"to record {last}", "no enrolled key")
        if last > judged:
            return FigureDifference(name, f"to record {last}", f"no record behind {judged}")
    for node, at_ms in sorted(inputs.signed_until_ms.items()):
        end = rebuilt.ends.get(node, {}).get(at_ms)
        if end is None or end > inputs.signed.get(node, 0):
            until = f"until {format_instant(at_ms)}"
            return FigureDifference(f"signed by {node}", until, "no signed block that ends then")
    return None


def _differences(told: Any, found: Any, path: Path) -> Iterator[tuple[Path, Any, Any]]:
    """Yield every place at which two values of JSON differ, in the order of the second."""
    if told == found:
        return
    if isinstance(told, Mapping) and isinstance(found, Mapping):
        for name in (*_ENDS, *sorted({*told, *found} - set(_ENDS))):
            yield from _differences(told.get(name), found.get(name), (*path, name))
    elif _is_list(told) and _is_list(found):
        for place in range(max(len(told), len(found))):
            one, other = (one[place] if place < len(one) else None for one in (told, found))
            yield from _differences(one, other, (*path, place))
    else:
        yield path, told, found


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _told(
    contract: ContractVersion, whole: Mapping[str, Any], path: Path, told: Any, found: Any
) -> FigureDifference:
    is_amount = any(step in _AMOUNTS for step in path)

    def write(value: Any) -> str:
        if value is None:
            return "nothing"
        if is_amount and type(value) is int:
            return exact_money(contract, from_exact(value))
        return str(value)

    return FigureDifference(_name(whole, path), write(told), write(found))


def _name(whole: Mapping[str, Any], path: Path) -> str:
    """Say where a figure stands: `credit, at least`; `outcomes[0] (availability) credit value`."""
    if path[:1] == ("credit_minor_units",):
        return ", ".join(["credit", *(_ENDS.get(str(step), str(step)) for step in path[1:])])
    here: Any = whole
    words = ""
    for step in path:
        here = here[step] if _holds(here, step) else {}
        words += f"[{step}]" if isinstance(step, int) else f".{step}"
        if isinstance(here, Mapping) and "objective" in here:
            words += f" ({here['objective']})"
    return words.removeprefix(".")


def _holds(value: Any, step: str | int) -> bool:
    if isinstance(value, Mapping):
        return step in value
    return _is_list(value) and isinstance(step, int) and step < len(value)
