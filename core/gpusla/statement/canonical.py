"""A statement as canonical JSON: sorted keys, no spaces, integers and text only."""

import hashlib
from typing import Any

from gpusla.contracts.model import ContractVersion
from gpusla.instants import format_instant
from gpusla.ledger.entries import Entry
from gpusla.sla.digest import canonical, exact, plain
from gpusla.sla.evaluation import Derivation
from gpusla.statement.grades import Graded, lost_by_grade
from gpusla.statement.incidents import StatedIncident, StatedIncidents
from gpusla.statement.model import FORMAT, Grounds, Statement
from gpusla.statement.policies import policies
from gpusla.statement.terms import plain_terms


def to_json(statement: Statement) -> bytes:
    """Return the statement's canonical bytes; equal statements give equal bytes everywhere."""
    return canonical(plain_statement(statement))


def plain_statement(statement: Statement) -> dict[str, Any]:
    """Return the statement as maps, lists, text and integers, in the format that it names."""
    evaluation = statement.evaluation
    figures = plain(evaluation)
    told = {
        "format": statement.format,
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
    return _with_grounds(told, statement) if statement.format == FORMAT else told


def _with_grounds(told: dict[str, Any], statement: Statement) -> dict[str, Any]:
    """Add what format 4 tells beside what format 3 does."""
    evaluation, grounds, inputs = statement.evaluation, statement.grounds, statement.inputs
    for entry, plain_entry in zip(statement.entries, told["entries"], strict=True):
        plain_entry["document"] = statement.document_of(entry)
    told["inputs"]["signed"] = dict(inputs.signed)
    told["inputs"]["signed_until_ms"] = dict(inputs.signed_until_ms)
    told["lost_by_grade"] = _graded(lost_by_grade(evaluation, inputs.signatures))
    told["grounds"] = None if grounds is None else _grounds(grounds)
    told["policies"] = {
        "contract": [list(row) for row in policies(evaluation.contract)],
        "objectives": {
            one.id: [list(row) for row in policies(evaluation.contract, one)]
            for one in evaluation.contract.objectives
        },
    }
    return told


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


def _grounds(grounds: Grounds) -> dict[str, Any]:
    return {
        "held": _graded(grounds.held),
        "objectives": [[name, _graded(one)] for name, one in grounds.objectives],
        "incidents": _incidents(grounds.incidents),
    }


def _graded(graded: Graded) -> dict[str, Any]:
    return {worth.value: exact(gpu_ms) for worth, gpu_ms in graded.rows()}


def _incidents(incidents: StatedIncidents) -> dict[str, Any]:
    return {
        "listed": [_incident(one) for one in incidents.listed],
        "more": incidents.more,
        "more_gpu_ms": exact(incidents.more_gpu_ms),
        "more_minor_units": exact(incidents.more_minor_units),
        "harmless": incidents.harmless,
    }


def _incident(incident: StatedIncident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "scope": incident.scope.value,
        "place": incident.place,
        "family": incident.family,
        "root": None if incident.root is None else str(incident.root),
        "reason": incident.reason,
        "xid": incident.xid,
        "start_ms": incident.start_ms,
        "end_ms": incident.end_ms,
        "slots": [str(slot) for slot in incident.slots],
        "slots_total": incident.slots_total,
        "flaps": incident.flaps,
        "gpu_ms": exact(incident.gpu_ms),
        "minor_units": exact(incident.minor_units),
    }
