"""
A statement's booked credits as rows of the FOCUS 1.4 dataset Cost and Usage.

FOCUS is what billing systems exchange (FinOps Open Cost and Usage Specification).  A credit is a
negative cost.  Only what is posted is exported: nothing else is owed.
Source: docs/decisions/0137-focus-export.md.
"""

from collections.abc import Iterator

from gpusla.instants import format_instant
from gpusla.ledger.entries import Entry, Status
from gpusla.statement.model import Statement
from gpusla.statement.render.tables import Cell, Columns, Kind, amount

VERSION = "1.4"
SERVICE_CATEGORY = "Compute"
SERVICE_NAME = "GPU capacity"
COLUMNS = (
    ("BilledCost", Kind.DECIMAL),
    ("BillingAccountId", Kind.TEXT),
    ("BillingAccountName", Kind.TEXT),
    ("BillingCurrency", Kind.TEXT),
    ("BillingPeriodEnd", Kind.TEXT),
    ("BillingPeriodStart", Kind.TEXT),
    ("ChargeCategory", Kind.TEXT),
    ("ChargeClass", Kind.TEXT),
    ("ChargeDescription", Kind.TEXT),
    ("ChargeFrequency", Kind.TEXT),
    ("ChargePeriodEnd", Kind.TEXT),
    ("ChargePeriodStart", Kind.TEXT),
    ("ContractedCost", Kind.DECIMAL),
    ("EffectiveCost", Kind.DECIMAL),
    ("HostProviderName", Kind.TEXT),
    ("InvoiceIssuerName", Kind.TEXT),
    ("ListCost", Kind.DECIMAL),
    ("PricingQuantity", Kind.DECIMAL),
    ("PricingUnit", Kind.TEXT),
    ("ServiceCategory", Kind.TEXT),
    ("ServiceName", Kind.TEXT),
    ("ServiceProviderName", Kind.TEXT),
    ("x_Clause", Kind.TEXT),
    ("x_CreditNote", Kind.TEXT),
    ("x_EntryKey", Kind.TEXT),
    ("x_EvaluationDigest", Kind.TEXT),
    ("x_Reverses", Kind.TEXT),
    ("x_Revision", Kind.WHOLE),
)
"""Every column that FOCUS 1.4 makes mandatory, in its order, and ours, which begin with x_."""


def focus_of(statement: Statement) -> Columns:
    """
    Return a row for each posted entry that is not zero.

    A clause's first posting is a credit; whatever is posted after it, a reversal too, corrects a
    period that was closed and has the class `Correction`.
    """
    rows = []
    posted: set[str] = set()
    for entry in statement.entries:
        if entry.status is not Status.POSTED:
            continue
        if entry.amount_minor_units:
            rows.append(tuple(_row(statement, entry, is_correction=entry.clause in posted)))
        posted.add(entry.clause)
    return Columns(COLUMNS, tuple(rows))


def _row(statement: Statement, entry: Entry, *, is_correction: bool) -> Iterator[Cell]:
    evaluation = statement.evaluation
    contract, period = evaluation.contract, evaluation.period
    cost = -amount(entry.amount_minor_units, entry.currency)
    takes_back = "taken back, " if entry.reverses else ""
    cells: dict[str, Cell] = {
        "BilledCost": cost,
        "BillingAccountId": contract.id,
        "BillingAccountName": contract.parties.tenant,
        "BillingCurrency": entry.currency,
        "BillingPeriodEnd": format_instant(period.whole.end_ms),
        "BillingPeriodStart": format_instant(period.whole.start_ms),
        "ChargeCategory": "Credit",
        "ChargeClass": "Correction" if is_correction else None,
        "ChargeDescription": f"Service credit {takes_back}{entry.clause}, {period.key}",
        "ChargeFrequency": "One-Time",
        "ChargePeriodEnd": format_instant(period.interval.end_ms),
        "ChargePeriodStart": format_instant(period.interval.start_ms),
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": contract.parties.provider,
        "ListCost": cost,
        "ServiceCategory": SERVICE_CATEGORY,
        "ServiceName": SERVICE_NAME,
        "ServiceProviderName": contract.parties.provider,
        "x_Clause": entry.clause,
        "x_CreditNote": statement.document_of(entry),
        "x_EntryKey": entry.key,
        "x_EvaluationDigest": entry.evaluation_digest,
        "x_Reverses": entry.reverses,
        "x_Revision": entry.revision,
    }
    for name, _ in COLUMNS:
        yield cells.get(name)
