"""A report on parity as tables, for people; it names everybody."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from gpusla.contracts.money import format_amount
from gpusla.contracts.words import duration
from gpusla.instants import format_instant
from gpusla.parity.customers import Customer
from gpusla.parity.report import Comparison, ParityInputs, ParityReport
from gpusla.parity.terms import Terms
from gpusla.statement.numbers import decimal, gpu_hours, instant, percent

NONE = "-"


def tables(found: ParityReport, digest: str) -> Iterator[str]:
    """Yield the whole report."""
    inputs = found.inputs
    yield (
        f"parity in {inputs.period}, {len(inputs.customers)} contracts, "
        f"up to {format_instant(inputs.until_ms)}; for an auditor only"
    )
    yield f"commitment {digest}"
    for heading, rows in (
        _queue(found),
        _pain(found),
        _service(found),
        _comparisons(found),
        _terms(found),
        _prices(inputs),
    ):
        yield ""
        yield heading
        yield from aligned(rows)


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows as columns, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"  {'  '.join(cells)}".rstrip()


Table = tuple[str, list[list[str]]]


def _queue(found: ParityReport) -> Table:
    inputs, jumps = found.inputs, found.queue_jumps
    unseen = ""
    if inputs.left_out:
        names = ", ".join(inputs.left_out)
        unseen = f"; not looked at, for want of facts: what {names} was given"
    heading = (
        f"queue jumps: {len(jumps)}, of {len(inputs.hand_overs)} hand-overs beside "
        f"{len(inputs.shortfalls)} missing GPUs{unseen}"
    )
    if not jumps:
        return heading, []
    rows = [["at", "slot", "given to", "short since", "passed over", "short since", "unit",
             "ticket", "GPU-hours"]]  # fmt: skip
    rows += [
        [
            format_instant(one.at_ms),
            str(one.slot),
            one.given_to,
            _since(one.given_waiting_since_ms),
            one.passed_over,
            _since(one.waiting_since_ms),
            one.unit,
            one.ticket,
            gpu_hours(one.displaced_gpu_ms),
        ]
        for one in jumps
    ]
    return heading, rows


def _pain(found: ParityReport) -> Table:
    if not found.pains:
        return "share of pain: no incident took GPUs of several contracts", []
    places = {one.id: one.place for one in found.inputs.incidents}
    heading = f"share of pain: incidents that took GPUs of several contracts, {len(places)} in all"
    rows = [["incident", "place", "contract", "lost of what was owed", "by the house's",
             "lost of what stood there", "by the house's"]]  # fmt: skip
    rows += [
        [
            one.incident or "all together",
            places.get(one.incident, NONE),
            one.contract,
            percent(one.per_committed),
            _times(one.per_committed_of_house),
            percent(one.per_exposed),
            _times(one.per_exposed_of_house),
        ]
        for one in found.pains
    ]
    return heading, rows


def _service(found: ParityReport) -> Table:
    first, last = found.inputs.method.peak_hours
    hours = "at any hour" if last - first == 24 else f"from {first:02} to {last:02} h"  # noqa: PLR2004
    rows = [["contract", "kind", "units", "available", "degraded", "in maintenance", "not seen",
             "median repair", "nine in ten within"]]  # fmt: skip
    rows += [
        [
            one.contract,
            one.sku,
            str(one.units),
            percent(one.availability),
            percent(one.degraded_share),
            percent(one.maintenance_share),
            percent(one.unknown_share),
            _length(one.repair_median_ms),
            _length(one.repair_ninetieth_ms),
        ]
        for one in found.ratios
    ]
    return f"service, maintenance {hours}; what one cause took of several trays counts once", rows


def _comparisons(found: ParityReport) -> Table:
    significance = percent(found.inputs.method.significance)
    heading = (
        "service beside service: is a contract worse off, and would chance explain it? "
        f"(called below {significance}, all comparisons of a contract together)"
    )
    if not found.comparisons:
        return "service beside service: no contract is to be compared with another", []
    minimum = {one.contract: one.parity.min_units for one in found.inputs.customers if one.parity}
    rows = [["contract", "beside", "kind", "dimension", "units", "worse by", "that is", "by chance",
             "finding"]]  # fmt: skip
    rows += [
        [
            one.contract,
            one.other,
            one.sku,
            one.dimension,
            f"{one.units} / {one.other_units}",
            _effect(one),
            _times(one.test.ratio) if one.test else NONE,
            NONE if one.p is None else percent(one.p),
            _finding(one, minimum[one.contract]),
        ]
        for one in found.comparisons
    ]
    return heading, rows


def _finding(one: Comparison, units_min: int) -> str:
    if one.test is None:
        return f"too few units: {min(one.units, one.other_units)}, and {units_min} are agreed"
    return "WORSE" if one.is_worse else "nothing that chance would not explain"


def _effect(one: Comparison) -> str:
    if one.test is None:
        return NONE
    effect = one.test.effect
    sign = "-" if effect < 0 else "+"
    if one.dimension == "time_to_repair":
        return sign + duration(int(abs(effect)) // 1_000 * 1_000)
    return sign + percent(abs(effect))


def _terms(found: ParityReport) -> Table:
    if not found.terms:
        return "terms beside terms: no contract is to be compared with another", []
    words = {
        True: "BETTER TERMS: no worse in any term that was agreed, better in one",
        False: "not better in all",
        None: "not comparable: nothing agreed, another kind or size, or another currency",
    }
    rows = [["contract", "beside", "the other has"]]
    rows += [[one.contract, one.other, words[one.is_dominated]] for one in found.terms]
    return "terms beside terms", rows


def _prices(inputs: ParityInputs) -> Table:
    rows = [["contract", "whose", "kind", "GPUs", "months", "price per GPU-hour", "target"]]
    rows += [_price_row(one) for one in inputs.customers]
    return "terms: what a committed GPU-hour costs (of the house, its shadow price)", rows


def _price_row(one: Customer) -> list[str]:
    terms = one.terms
    target = terms.levels["target"]
    return [
        one.contract,
        {"all_external": "external", "affiliates": "affiliate"}.get(one.group, one.group),
        terms.sku,
        decimal(terms.gpus, 0),
        str(terms.months),
        _price(terms),
        percent(target[0]) if target else NONE,
    ]


def _price(terms: Terms) -> str:
    level = terms.levels["effective_price_per_gpu_hour"]
    if level is None:
        return NONE
    (exact,) = level
    whole = int(exact)
    more = "" if exact == whole else f" and {decimal(exact - whole, 4)} of a minor unit"
    return format_amount(whole, terms.currency) + more


def _since(at_ms: int | None) -> str:
    return "lacked none" if at_ms is None else instant(at_ms)


def _times(ratio: Fraction | None) -> str:
    return NONE if ratio is None else f"{decimal(ratio, 2)} times"


def _length(length_ms: int | None) -> str:
    return NONE if length_ms is None else duration(length_ms // 1_000 * 1_000)
