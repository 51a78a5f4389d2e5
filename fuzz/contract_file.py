"""A contract file: one sentence with a place, or a contract that keeps what its form promises."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind, Scope
from gpusla.contracts.remedies import Base, Linear, PerEventTable, Step
from gpusla.contracts.signing import signed_bytes
from gpusla.documents import SIZE_BYTES_MAX, parse
from gpusla.errors import InputError

ABOUT = "the reader of contract files"
WORDS = (
    *("capacity", "time_unit", "time_any_down", "request_ratio", "performance", "replacement_time"),
    *("step", "linear", "multiple", "per_event_table", "hour_waiver", "lateness", "none"),
    *("period_fee", "unit_fee", "affected_charges", "annual_over_12", "at_or_below", "floor:2"),
    *("billing_period", "rolling_days", "quarter", "term", "scope: unit", "per_gpu", "linear"),
    *("provider_bears", "tenant_bears", "exclude", "carry_last: ", "min_outage: ", "splits: true"),
    *("2026-07-01", "2199-12-31", "2028-02-29", "P1M", "P9999D", "PT0S", "PT1H", "0.99", "1", "0"),
    *("from: ", "until: ", "gpus: ", "- {", "}", "[", "]", "null", "\n  ", "slos[0].target"),
)
_TESTS = Path(__file__).resolve().parent.parent / "tests" / "core" / "contracts"
_SOURCE = "fuzz"


def seeds() -> Iterator[bytes]:
    """Yield a small contract, also with each objective and part of the one with everything."""
    small, whole = _good("acme.yaml"), _good("everything.yaml")
    yield small.encode("utf-8")
    yield whole.encode("utf-8")
    head, tail = small[: small.index("  - id: availability")], small[small.index("statement:") :]
    terms, rest = whole.split("\nslos:\n")
    objectives, later = rest.split("\ncombine:\n")
    for objective in re.split(r"\n(?=  - id: )", objectives):
        yield f"{head}{objective}\n{tail}".encode()
    for part in re.split(r"\n(?=\w)", f"combine:\n{later}"):
        yield f"{small}{part}\n".encode()
    yield terms.encode("utf-8")


@cache
def _good(name: str) -> str:
    return (_TESTS / name).read_text("utf-8")


def check(data: bytes) -> None:
    """Read a contract as everybody does."""
    try:
        contract = load_contract(data, _SOURCE)
    except InputError as refused:
        assert refused.message
        assert "\n" not in str(refused)
        assert refused.position is not None
        return
    _check_order(contract)
    _check_objectives(contract)
    _check_again(data, contract)


def _check_order(contract: ContractVersion) -> None:
    term, fees = contract.term, contract.fees
    assert term.start <= contract.effective_from <= term.end
    assert fees.recurring[0].start == term.start
    for dates in (
        [step.start for step in contract.capacity.ramp],
        [fee.start for fee in fees.recurring],
        [one.start for one in fees.rebases],
    ):
        assert all(term.start <= day <= term.end for day in dates)
        assert all(earlier < later for earlier, later in pairwise(dates))
    assert all(0 < ramp.fraction < 1 and ramp.start <= ramp.end for ramp in fees.ramp)
    assert all(earlier.end < later.start for earlier, later in pairwise(fees.ramp))
    assert all(fee.minor_units or fees.shadow_minor_units for fee in fees.recurring)


def _check_objectives(contract: ContractVersion) -> None:
    ids = [one.id for one in contract.objectives]
    assert len(ids) == len(set(ids))
    for one in contract.objectives:
        assert 0 < one.target <= 1
        assert (one.requests is None) == (one.kind is not Kind.REQUEST_RATIO)
        assert (one.performance is None) == (one.kind is not Kind.PERFORMANCE)
        assert (one.replacement is None) == (one.kind is not Kind.REPLACEMENT_TIME)
        if isinstance(one.credit, Step | Linear):
            assert (one.credit.base is Base.UNIT_FEE) == (one.scope is Scope.UNIT)
        if isinstance(one.credit, Step):
            assert one.credit.tiers[0].below <= one.target
            for upper, lower in pairwise(one.credit.tiers):
                assert lower.below < upper.below
                assert lower.percent > upper.percent
        if isinstance(one.credit, PerEventTable):
            assert one.credit.rows[-1].until_ms is None
            assert all(a.until_ms == b.from_ms for a, b in pairwise(one.credit.rows))


def _check_again(data: bytes, contract: ContractVersion) -> None:
    """What was signed, written as a file again, is the same contract, and the same to sign."""
    signed = signed_bytes(parse(data, _SOURCE))
    assert signed.isascii()
    text = json.dumps(json.loads(signed)["contract"], ensure_ascii=False)
    if not text.isprintable() or len(text.encode("utf-8")) > SIZE_BYTES_MAX:
        return  # JSON may hold characters that YAML has no way to write as they are
    written = text.encode("utf-8")
    again = load_contract(written, _SOURCE)
    unsigned = replace(contract, signatures=(), digest=again.digest)
    assert again == unsigned
    assert signed_bytes(parse(written, _SOURCE)) == signed
