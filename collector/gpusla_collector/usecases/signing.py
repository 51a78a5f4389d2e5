"""
Nodes that have keys in the inventory and stopped signing: their records go on, no signature comes.

Whoever had a node could stop its signer and write what he likes from then on; the chain alone shows
nothing of that.  A node that gives no records at all is silent, which others notice.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from gpusla.catalogue.codes import EVIDENCE_UNSIGNED
from gpusla.identity import NodeName
from gpusla_collector.ports import Cursor, Finding, finding_key

SIGNED_WITHIN_MS = 10 * 60_000
"""An agent signs each minute; so much time recorded without a signature is no hiccup."""

SIGNATURE_RECORDS = 1
"""Behind what a signature covers there is always the record that holds it."""


class Signing(StrEnum):
    """
    What stands behind a node's newest records.

    fresh: an enrolled key signed within the last ten minutes that were recorded.  silent: none did.
    no_key: the inventory lists none.
    """

    FRESH = "fresh"
    SILENT = "silent"
    NO_KEY = "no_key"


@dataclass(slots=True)
class SigningWatch:
    """
    Remembers up to when each node's records had been signed.

    After a restart of the collector the ten minutes begin anew.
    """

    _seen: dict[NodeName, tuple[int, int]] = field(default_factory=dict)

    def silent(
        self, cursors: Mapping[NodeName, Cursor], keys: Mapping[NodeName, AbstractSet[str]]
    ) -> frozenset[NodeName]:
        """Return the nodes that record and do not sign; keys: the inventory's, in base64."""
        found = set()
        for node, enrolled in keys.items():
            cursor = cursors.get(node)
            if cursor is None or not enrolled:
                continue
            signed = cursor.keyring.signed
            is_signed = signed + SIGNATURE_RECORDS >= cursor.head.sequence
            is_enrolled = cursor.keyring.is_enrolled(cursor.keyring.signed_by, enrolled)
            before = self._seen.get(node)
            if before is None or (is_enrolled and (is_signed or before[0] != signed)):
                self._seen[node] = (signed, cursor.evidence_until_ms)
            elif cursor.evidence_until_ms - before[1] > SIGNED_WITHIN_MS:
                found.add(node)
        return frozenset(found)


def counted(
    nodes: Iterable[NodeName],
    keys: Mapping[NodeName, AbstractSet[str]],
    silent: AbstractSet[NodeName],
) -> Counter[Signing]:
    """Count nodes by what stands behind their records; every value is there."""
    found = Counter(dict.fromkeys(Signing, 0))
    for node in nodes:
        if not keys.get(node):
            found[Signing.NO_KEY] += 1
        else:
            found[Signing.SILENT if node in silent else Signing.FRESH] += 1
    return found


def unsigned_finding(cursor: Cursor, now_ms: int) -> Finding:
    """Make the row for people; one for each time that a node stops."""
    signed = cursor.keyring.signed
    key = finding_key("unsigned", cursor.node, signed)
    since = f"since record {signed}" if signed else "at all"
    detail = (
        f"{cursor.node} has keys in the inventory and signed nothing {since}; its journal goes on "
        f"to record {cursor.head.sequence}, and what nobody signed has grade B"
    )
    return Finding(key, EVIDENCE_UNSIGNED.name, cursor.node, now_ms, detail)
