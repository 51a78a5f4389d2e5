"""Whether what a claim asks for exists: its contract, its period, and that the period has begun."""

from collections.abc import Mapping, Sequence

from gpusla.catalogue.codes import INTERVAL_BACKWARDS, UNKNOWN_REFERENCE, ErrorCode
from gpusla.contracts.model import ContractVersion
from gpusla.documents import Document
from gpusla.errors import InputError, InventoryError
from gpusla.identity import ContractId
from gpusla.instants import format_instant
from gpusla.inventory.model import ClaimRecord
from gpusla.inventory.registry import Claims
from gpusla.sla.periods import Period, period_of


def require_claimable(
    claims: Claims,
    document: Document,
    contracts: Mapping[ContractId, Sequence[ContractVersion]],
) -> None:
    """
    Raise InventoryError for the first record that asks for what is not there.

    document: that claims was read from.  contracts: all versions that are known, in their order.
    """
    for place, record in enumerate(claims.records):
        found = _wrong(record, contracts.get(record.contract, ()))
        if found is not None:
            field, code, words, fix = found
            raise InventoryError(
                code,
                f"claims[{place}].{field}: {words}",
                fix=fix,
                position=document.position(("claims", place, field)),
            )


def _wrong(
    record: ClaimRecord, versions: Sequence[ContractVersion]
) -> tuple[str, ErrorCode, str, str] | None:
    """Return what is wrong with a record: field, code, sentence and way out."""
    if not versions:
        words = f"no contract file defines {record.contract!r}"
        return "contract", UNKNOWN_REFERENCE, words, "Correct the name or add the contract."
    # A later version may end the term earlier; what was taken in under the one before stays good.
    unknown: InputError | None = None
    for version in versions:
        try:
            period = period_of(version, record.period, versions)
        except InputError as error:
            unknown = error
        else:
            return _too_early(record, period)
    assert unknown is not None  # no version has the period
    return "period", UNKNOWN_REFERENCE, unknown.message, unknown.fix


def _too_early(record: ClaimRecord, period: Period) -> tuple[str, ErrorCode, str, str] | None:
    if record.from_ms < period.interval.start_ms:
        words = (
            f"{format_instant(record.from_ms)} is before period {record.period} of contract "
            f"{record.contract} begins, {format_instant(period.interval.start_ms)}"
        )
        return "claimed_at", INTERVAL_BACKWARDS, words, "Correct the instant or the period."
    return None
