"""From a contract file's bytes to a ContractVersion, or one sentence with the way out."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, DUPLICATE_ID
from gpusla.contracts.build import version_of
from gpusla.contracts.checks import check
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document, digest, parse, validate
from gpusla.errors import ContractError, Position
from gpusla.identity import ContractId


def load_contract(text: bytes, source: str) -> ContractVersion:
    """
    Read a contract from a file's bytes.

    source: how messages name the file.  Raises InputError; ContractError for what only contracts
    can have wrong.
    """
    return read_contract(parse(text, source), digest(text))


def read_contract(document: Document, digest_: str) -> ContractVersion:
    """
    Read a contract from a parsed document.

    digest_: SHA-256 of the file's bytes in hex.  Raises ContractError.
    """
    form = validate(ContractForm, document, ContractError)
    check(document, form)
    return version_of(form, document.source, digest_)


def check_all(contracts: Iterable[ContractVersion]) -> None:
    """
    Check what only several files together can have wrong.

    Raises ContractError if two files hold the same version of a contract, if its versions belong to
    different tenants, or if a later version takes effect no later than an earlier one.
    """
    by_id: dict[ContractId, list[ContractVersion]] = {}
    for contract in contracts:
        by_id.setdefault(contract.id, []).append(contract)
    for versions in by_id.values():
        ordered = sorted(versions, key=lambda version: (version.version, version.source))
        for earlier, later in pairwise(ordered):
            _check_pair(earlier, later)


def in_force(versions: Sequence[ContractVersion], day: date) -> ContractVersion | None:
    """Return the version of one contract that holds on a local day; None before the first."""
    begun = [version for version in versions if version.effective_from <= day]
    return max(begun, key=lambda version: version.version, default=None)


def _check_pair(earlier: ContractVersion, later: ContractVersion) -> None:
    if earlier.version == later.version:
        message = f"contract {later.id} version {later.version} stands in {earlier.source} too"
    elif earlier.tenant != later.tenant:
        message = f"contract {later.id} belongs to {earlier.tenant} in {earlier.source}"
    elif earlier.effective_from >= later.effective_from:
        message = (
            f"version {later.version} of contract {later.id} takes effect on {later.effective_from}"
            f", not after version {earlier.version} in {earlier.source}"
        )
    else:
        _check_periods(earlier, later)
        return
    raise ContractError(DUPLICATE_ID, message, position=Position(later.source))


def _check_periods(earlier: ContractVersion, later: ContractVersion) -> None:
    """Versions share their billing periods and their currency, or no period could be split."""
    for field, before, now in (
        ("term.timezone", earlier.term.timezone, later.term.timezone),
        ("fees.cycle_day", earlier.fees.cycle_day, later.fees.cycle_day),
        ("fees.currency", earlier.fees.currency, later.fees.currency),
    ):
        if before != now:
            raise ContractError(
                CONTRACT_SEMANTICS,
                f"{field} of contract {later.id} is {now} in version {later.version} and {before} "
                f"in version {earlier.version}, {earlier.source}",
                fix="End the one contract and begin another.",
                position=Position(later.source),
            )
