"""From the checked form of a contract file to the frozen values that are judged."""

from gpusla.contracts.build_promises import objective_of
from gpusla.contracts.build_remedies import chronic_of, claims_of, combination_of, rule_of
from gpusla.contracts.model import (
    Acceptance,
    AcceptedSku,
    Capacity,
    CapacityUnit,
    Citation,
    ContractVersion,
    Disagreement,
    ExampleOutage,
    Fees,
    LongStop,
    MonthlyFee,
    OverDelivery,
    ParityTerms,
    Partial,
    Parties,
    Proration,
    Rebase,
    Rounding,
    Signature,
    SourceDocument,
    StatementTerms,
    Term,
    Termination,
    WorkedExample,
)
from gpusla.contracts.money import EXPONENTS, parse_amount
from gpusla.contracts.ramps import fee_ramps_of, steps_of
from gpusla.contracts.schema import ContractForm, ExampleForm, OutageForm, StatementForm
from gpusla.contracts.schema_delivery import CapacityForm, FeesForm, LongStopForm, SkuForm, TermForm
from gpusla.contracts.schema_remedies import ParityForm
from gpusla.identity import ContractId, TenantId

_NOBODY = Termination(0, 0, (), notice_during_initial=False, not_before=None)


def version_of(form: ContractForm, source: str, digest: str) -> ContractVersion:
    """
    Return the contract version.

    form: checked, so that nothing in it contradicts another.  digest: of the file's bytes.
    """
    metadata, currency = form.metadata, form.fees.currency
    return ContractVersion(
        id=ContractId(metadata.id),
        tenant=TenantId(metadata.tenant),
        version=metadata.version,
        effective_from=metadata.effective_from,
        house=metadata.house,
        affiliate=metadata.affiliate,
        verified=metadata.verified,
        documents=tuple(SourceDocument(d.id, d.title, d.sha256) for d in form.documents),
        citations=_citations(form),
        disagreements=tuple(
            Disagreement(d.field, tuple((said.value, said.source) for said in d.values))
            for d in form.disagreements
        ),
        parties=Parties(form.parties.provider, form.parties.tenant),
        term=_term(form.term),
        fees=_fees(form.fees),
        capacity=_capacity(form.capacity),
        objectives=tuple(objective_of(slo) for slo in form.slos),
        combination=combination_of(form.combine, currency),
        exclusion_rules=tuple(rule_of(rule) for rule in form.exclusions),
        claims=claims_of(form.claims),
        chronic=chronic_of(form.chronic) if form.chronic else None,
        parity=_parity(form.parity) if form.parity else None,
        statement=_statement(form.statement),
        examples=tuple(_example(example, currency) for example in form.examples),
        signatures=tuple(Signature(s.party, s.key, s.signature) for s in form.signatures),
        assumed=tuple(form.assumed),
        digest=digest,
        source=source,
    )


def _citations(form: ContractForm) -> tuple[Citation, ...]:
    return tuple(
        Citation(field, paper.id, cited.page, cited.clause)
        for paper in form.documents
        for field, cited in paper.cites.items()
    )


def _term(form: TermForm) -> Term:
    given = form.termination
    termination = (
        Termination(
            given.initial_period_months,
            given.notice_days,
            tuple(given.by),
            given.notice_during_initial,
            given.not_before,
        )
        if given
        else _NOBODY
    )
    return Term(form.start, form.end, form.timezone, termination)


def _fees(form: FeesForm) -> Fees:
    currency = form.currency
    recurring = recurring_of(form)
    return Fees(
        currency,
        EXPONENTS[currency],
        Rounding(form.rounding),
        Proration(form.proration),
        form.cycle_day,
        recurring,
        fee_ramps_of(form, recurring),
        tuple(Rebase(one.start, one.accepted_gpus, one.of_gpus) for one in form.rebase),
        parse_amount(form.shadow.amount, currency) if form.shadow else 0,
    )


def recurring_of(form: FeesForm) -> tuple[MonthlyFee, ...]:
    """Return the full fees by date."""
    return tuple(
        MonthlyFee(fee.start, parse_amount(fee.amount, form.currency)) for fee in form.recurring
    )


def _capacity(form: CapacityForm) -> Capacity:
    return Capacity(
        CapacityUnit(form.unit),
        form.gpus_per_unit,
        form.min_healthy_gpus or 1,
        Partial(form.partial),
        steps_of(form.ramp),
        OverDelivery(form.over_delivery),
        tuple(_sku(sku) for sku in form.accepted_skus),
        _long_stop(form.long_stop) if form.long_stop else None,
        Acceptance(form.acceptance.burn_in, form.acceptance.settle),
        form.spare_gpus,
    )


def _sku(form: str | SkuForm) -> AcceptedSku:
    whole = SkuForm(sku=form) if isinstance(form, str) else form
    return AcceptedSku(whole.sku, whole.weight)


def _long_stop(form: LongStopForm) -> LongStop:
    return LongStop(form.day, form.grace.months, form.grace.days, tuple(form.remedies))


def _parity(form: ParityForm) -> ParityTerms:
    return ParityTerms(
        form.most_favoured,
        tuple(form.compare_with),
        tuple(form.dimensions),
        tuple(form.price_terms),
        form.min_units,
    )


def _statement(form: StatementForm) -> StatementTerms:
    return StatementTerms(form.final_after, form.grade_min)


def _example(form: ExampleForm, currency: str) -> WorkedExample:
    return WorkedExample(
        form.name,
        form.period,
        tuple(_outage(outage) for outage in form.outages),
        form.availability,
        parse_amount(form.credit, currency),
    )


def _outage(form: OutageForm) -> ExampleOutage:
    return ExampleOutage(form.gpus, form.start_ms, form.duration_ms, form.state, form.excluded_by)
