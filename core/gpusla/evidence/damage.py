"""What a check of the records names as broken: its class, the thing, and what is wrong with it."""

from dataclasses import dataclass
from enum import StrEnum


class Breach(StrEnum):
    """
    Classes of damage.

    link: the chain over the records does not hold.  changed, missing, unlinked: a row that reads
    otherwise than its link says, is gone, or has no link.  key, legs, reversal, revisions,
    credit_note, announcement: an entry against itself and its neighbours.  balance: all entries.
    evaluation: a judgement is not what its digest is of.  input: a file is not, or is not there.
    journal: records do not follow one another, or a signature is none.  evidence: acknowledged
    bytes are gone.  cursor, spans, hours, keys: what was made of a journal is not what it gives.
    guards: a trigger or a right that keeps records as they are is not what it should be.
    unreadable: the database cannot give the row.
    """

    LINK = "link"
    CHANGED = "changed"
    MISSING = "missing"
    UNLINKED = "unlinked"
    KEY = "key"
    LEGS = "legs"
    REVERSAL = "reversal"
    REVISIONS = "revisions"
    CREDIT_NOTE = "credit_note"
    ANNOUNCEMENT = "announcement"
    BALANCE = "balance"
    EVALUATION = "evaluation"
    INPUT = "input"
    JOURNAL = "journal"
    EVIDENCE = "evidence"
    CURSOR = "cursor"
    SPANS = "spans"
    HOURS = "hours"
    KEYS = "keys"
    GUARDS = "guards"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is broken; subject names it, words say how."""

    breach: Breach
    subject: str
    words: str

    def __str__(self) -> str:
        return f"{self.breach}: {self.subject}: {self.words}"
