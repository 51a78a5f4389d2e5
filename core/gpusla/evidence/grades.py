"""
What each record of a journal is worth, and where it breaks: one walk over its lines.

The grade of a record is about what can be proved of it later, not about whether it is true.
Source: docs/concepts/evidence.md.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import StrEnum

from gpusla.catalogue.codes import JOURNAL_FORKED
from gpusla.errors import JournalError
from gpusla.evidence.keyring import NO_KEYS, Keyring, attest
from gpusla.identity import NodeName
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.journal.model import Started


class Grade(StrEnum):
    """
    What a line of evidence is worth.

    A: chained, and covered by a head that an enrolled key signed.  B: chained.  C: of another
    source than a node's journal, such as Prometheus.
    """

    SIGNED = "A"
    CHAINED = "B"
    OTHER = "C"


@dataclass(frozen=True, slots=True)
class GradeSpan:
    """Records of one grade, first and last included."""

    first_sequence: int
    last_sequence: int
    grade: Grade


@dataclass(frozen=True, slots=True)
class Checked:
    """
    What a walk found.

    grades: in order, without gaps, up to head.  broken: why the line after head does not belong;
    None if all do.
    """

    head: Head
    keyring: Keyring
    grades: tuple[GradeSpan, ...]
    broken: JournalError | None


def check(
    node: NodeName,
    lines: Iterable[bytes],
    enrolled: AbstractSet[str],
    *,
    head: Head = EMPTY,
    keyring: Keyring = NO_KEYS,
) -> Checked:
    """
    Walk lines of a node's journal and grade each record, up to the first that does not belong.

    lines: without their ends, from the record after head on.  enrolled: keys in base64.  keyring:
    what is known up to head.
    """
    first = head.sequence + 1
    broken: JournalError | None = None
    covered = head.sequence
    for line in lines:
        try:
            after, _, body = follow(head, line)
            _require_own(node, body)
            keyring = attest(keyring, node, head, body, enrolled)
        except JournalError as cause:
            broken = cause
            break
        head = after
        if keyring.signed > covered and keyring.is_enrolled(keyring.signed_by, enrolled):
            covered = keyring.signed
    return Checked(head, keyring, tuple(_spans(first, covered, head.sequence)), broken)


def _spans(first: int, covered: int, last: int) -> Iterable[GradeSpan]:
    """Whatever an enrolled key signed last covers all before it, as each names the one before."""
    if first <= covered:
        yield GradeSpan(first, covered, Grade.SIGNED)
    if max(first, covered + 1) <= last:
        yield GradeSpan(max(first, covered + 1), last, Grade.CHAINED)


def _require_own(node: NodeName, body: object) -> None:
    if isinstance(body, Started) and body.node != node:
        raise JournalError(JOURNAL_FORKED, f"the journal of {node} says that it is {body.node}'s")
