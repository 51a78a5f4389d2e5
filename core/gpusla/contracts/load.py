"""From a contract file's bytes to a ContractVersion, or one sentence with the way out."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, DUPLICATE_ID
from gpusla.contracts.checks import check, refuse
from gpusla.contracts.model import (
    Capacity,
    CapacityUnit,
    ContractVersion,
    Degraded,
    Fees,
    MonthlyFee,
    Objective,
    Parties,
    RampStep,
    Rounding,
    SourceDocument,
    Term,
    Tier,
    UnknownPolicy,
)
from gpusla.contracts.money import EXPONENTS, parse_amount
from gpusla.contracts.schema import ContractForm, FeesForm, ObjectiveForm
from gpusla.documents import Document, digest, parse, validate
from gpusla.errors import ContractError, Position
from gpusla.identity import ContractId, TenantId

_JUDGED = "capacity"
DEFAULT = "default"
"""The key of delivered_fraction for every reason that has none of its own."""


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
    _check_kinds(document)
    form = validate(ContractForm, document, ContractError)
    check(document, form)
    return _version(form, document.source, digest_)


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
        return
    raise ContractError(DUPLICATE_ID, message, position=Position(later.source))


def _check_kinds(document: Document) -> None:
    """Refuse objectives of other kinds before their own keys are called unknown."""
    slos = document.data.get("slos") if isinstance(document.data, dict) else None
    for number, slo in enumerate(slos if isinstance(slos, list) else ()):
        kind = slo.get("kind") if isinstance(slo, dict) else None
        if isinstance(kind, str) and kind != _JUDGED:
            raise refuse(
                document,
                ("slos", number, "kind"),
                CONTRACT_SEMANTICS,
                f"objectives of kind {kind!r} are not judged by this version of gpusla",
                f"Write {_JUDGED!r} or leave the objective out; nothing is judged by guesswork.",
            )


def _version(form: ContractForm, source: str, digest_: str) -> ContractVersion:
    metadata, capacity = form.metadata, form.capacity
    return ContractVersion(
        id=ContractId(metadata.id),
        tenant=TenantId(metadata.tenant),
        version=metadata.version,
        effective_from=metadata.effective_from,
        house=metadata.house,
        affiliate=metadata.affiliate,
        documents=tuple(SourceDocument(d.id, d.title, d.sha256) for d in form.documents),
        parties=Parties(form.parties.provider, form.parties.tenant),
        term=_term(form),
        fees=_fees(form.fees),
        capacity=Capacity(
            CapacityUnit(capacity.unit),
            capacity.gpus_per_unit,
            capacity.min_healthy_gpus,
            tuple(RampStep(step.start, step.gpus) for step in capacity.ramp),
            tuple(capacity.accepted_skus),
        ),
        objective=_objective(form.slos[0]),
        final_after_ms=form.statement.final_after,
        assumed=tuple(form.assumed),
        digest=digest_,
        source=source,
    )


def _term(form: ContractForm) -> Term:
    term = form.term
    return Term(
        term.start,
        term.end,
        term.timezone,
        term.termination.initial_period_months,
        term.termination.notice_days,
    )


def _fees(form: FeesForm) -> Fees:
    currency = form.currency
    return Fees(
        currency,
        EXPONENTS[currency],
        Rounding(form.rounding),
        tuple(MonthlyFee(f.start, parse_amount(f.amount, currency)) for f in form.recurring),
        parse_amount(form.shadow.amount, currency) if form.shadow else 0,
    )


def _objective(form: ObjectiveForm) -> Objective:
    fractions = dict(form.degraded.delivered_fraction)
    return Objective(
        form.id,
        form.target,
        UnknownPolicy(form.unknown.policy),
        Degraded(fractions.pop(DEFAULT), fractions),
        form.clock_error,
        tuple(Tier(tier.below, tier.percent) for tier in form.credit.tiers),
    )
