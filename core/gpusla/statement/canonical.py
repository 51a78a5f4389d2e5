"""A statement as canonical JSON: sorted keys, no spaces, integers and text only."""

import hashlib
from typing import Any

from gpusla.contracts.model import ContractVersion
from gpusla.instants import format_instant
from gpusla.ledger.entries import Entry
from gpusla.sla.digest import canonical, plain
from gpusla.sla.evaluation import Derivation
from gpusla.statement.model import Statement
from gpusla.statement.terms import plain_terms

FORMAT = "gpusla/statement/3"
"""
What stands under `format`, so that a reader knows what it holds before it reads on.

3 adds to 2 what printing a statement from its file needs: the contract's term, its papers, when its
statements become final, and the billing period that a segment is a part of.
"""


def to_json(statement: Statement) -> bytes:
    """Return the statement's canonical bytes; equal statements give equal bytes everywhere."""
    evaluation = statement.evaluation
    figures = plain(evaluation)
    return canonical(
        {
            "format": FORMAT,
            "standing": statement.standing.value,
            "contract": _contract(evaluation.contract),
            "period": {
                "key": evaluation.period.key,
                "start": format_instant(evaluation.period.interval.start_ms),
                "end": format_instant(evaluation.period.interval.end_ms),
                "first_day": evaluation.period.first_day.isoformat(),
                "whole_start": format_instant(evaluation.period.whole.start_ms),
                "whole_end": format_instant(evaluation.period.whole.end_ms),
                "judged_until": format_instant(evaluation.until_ms),
            },
            "evaluation": figures,
            "evaluation_digest": hashlib.sha256(canonical(figures)).hexdigest(),
            "derivation": _derivation(statement.derivation),
            "entries": [_entry(entry) for entry in statement.entries],
            "inputs": _inputs(statement),
        }
    )


def digest(statement: Statement) -> str:
    """Return the SHA-256 of the canonical bytes, in hex."""
    return hashlib.sha256(to_json(statement)).hexdigest()


def _contract(contract: ContractVersion) -> dict[str, Any]:
    return {
        "id": contract.id,
        "version": contract.version,
        "digest": contract.digest,
        "tenant": contract.tenant,
        "provider_name": contract.parties.provider,
        "tenant_name": contract.parties.tenant,
        "is_house": contract.house,
        "is_affiliate": contract.affiliate,
        "is_verified": contract.verified,
        "timezone": contract.term.timezone,
        "term": plain_terms(contract.term),
        "effective_from": contract.effective_from.isoformat(),
        "documents": plain_terms(contract.documents),
        "statement": plain_terms(contract.statement),
        "fees": plain_terms(contract.fees),
        "capacity": plain_terms(contract.capacity),
        "objectives": plain_terms(contract.objectives),
        "combination": plain_terms(contract.combination),
        "exclusion_rules": plain_terms(contract.exclusion_rules),
        "claims": plain_terms(contract.claims),
        "citations": plain_terms(contract.citations),
        "assumed": list(contract.assumed),
    }


def _derivation(node: Derivation) -> dict[str, Any]:
    return {
        "name": node.name,
        "rule": node.rule,
        "field": node.field,
        "value": node.value,
        "children": [_derivation(child) for child in node.children],
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "key": entry.key,
        "clause": entry.clause,
        "revision": entry.revision,
        "status": entry.status.value,
        "amount_minor_units": entry.amount_minor_units,
        "currency": entry.currency,
        "lines": [[line.account.value, line.minor_units] for line in entry.lines],
        "reverses": entry.reverses,
        "evaluation_digest": entry.evaluation_digest,
    }


def _inputs(statement: Statement) -> dict[str, Any]:
    inputs = statement.inputs
    return {
        "contract_digest": statement.evaluation.contract.digest,
        "inventory_digest": inputs.inventory_digest,
        "assignments_digest": inputs.assignments_digest,
        "exclusions_digest": inputs.exclusions_digest,
        "claims_digest": inputs.claims_digest,
        "zone_edition": inputs.zone_edition,
        "program": inputs.program,
        "journals": {
            node: {"sequence": head.sequence, "digest": head.digest}
            for node, head in inputs.journals.items()
        },
    }
