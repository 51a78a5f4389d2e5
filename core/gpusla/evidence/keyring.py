"""
Follows a journal's keys: which it introduced, which of them are believed, what they signed.

A key is believed if the inventory lists it for the node, or if a key that is believed endorsed it.
Where the inventory lists none, the first key of the journal is believed: whoever had the node at
its first start chose it, so what it signs is worth no more than the chain.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_SIGNATURE
from gpusla.errors import JournalError
from gpusla.evidence.ed25519 import is_signature
from gpusla.evidence.envelope import HOUR_TYPE, head_bytes, key_bytes, signed_bytes
from gpusla.evidence.hour_chain import NO_HOURS, HourHead, head_of, payload_of, require_next
from gpusla.evidence.keys import (
    PUBLIC_BYTES,
    SIGNATURE_BYTES,
    fingerprint,
    from_text,
    key_id,
)
from gpusla.journal.body import Body
from gpusla.journal.chain import Head
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import HeadSigned, KeyIntroduced


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that a journal introduced: 32 bytes in base64, and the id of the key that endorsed."""

    public: str
    endorsed_by: str = ""

    @property
    def id(self) -> str:
        """The key's id."""
        return key_id(from_text(self.public, PUBLIC_BYTES))


@dataclass(frozen=True, slots=True)
class Keyring:
    """
    What a journal says of its keys up to some record.

    keys: in the order in which they were introduced.  signed: number of the last record that a
    good signature covers, 0 if none does.  signed_by: id of the key that made it.  hours: the last
    block that the journal closed.
    """

    keys: tuple[KnownKey, ...] = ()
    signed: int = 0
    signed_by: str = ""
    hours: HourHead = NO_HOURS

    def known(self, identity: str) -> KnownKey | None:
        """Return the key of an id, None if the journal did not introduce it."""
        return next((key for key in self.keys if key.id == identity), None)

    def is_enrolled(self, identity: str, enrolled: AbstractSet[str]) -> bool:
        """Return whether a key leads back to one of the inventory; enrolled: keys in base64."""
        key = self.known(identity)
        seen: set[str] = set()
        while key is not None and key.public not in enrolled and key.public not in seen:
            seen.add(key.public)
            key = self.known(key.endorsed_by)
        return key is not None and key.public in enrolled

    def is_believed(self, identity: str, enrolled: AbstractSet[str]) -> bool:
        """Return whether a key may sign for the node."""
        if enrolled or not self.keys:
            return self.is_enrolled(identity, enrolled)
        return self.is_enrolled(identity, {self.keys[0].public})


NO_KEYS = Keyring()


def listed(enrolled: AbstractSet[str]) -> Keyring:
    """
    Return what is known of a node's keys before its journal is read: those of the inventory.

    Raises JournalError(journal_signature) if one of them is no key.
    """
    for public in enrolled:
        _bytes(public, PUBLIC_BYTES)
    return Keyring(tuple(map(KnownKey, sorted(enrolled))))


def attest(
    keyring: Keyring, node: str, before: Head, body: Body, enrolled: AbstractSet[str]
) -> Keyring:
    """
    Take in one record, and check it if it is a key, a signature or a block.

    before: the record before it.  enrolled: the node's keys of the inventory, in base64.
    Raises JournalError: `journal_signature` for a key or a signature that may not be believed,
    `journal_corrupt` or `journal_forked` for a block that does not follow the one before it, or is
    not about the records up to this one.
    """
    if isinstance(body, KeyIntroduced):
        return introduce(keyring, node, body, enrolled)
    if isinstance(body, HeadSigned):
        return _verify(keyring, node, before, body, enrolled)
    if isinstance(body, HourClosed):
        return _close(keyring, node, before, body, enrolled)
    return keyring


def introduce(
    keyring: Keyring, node: str, body: KeyIntroduced, enrolled: AbstractSet[str]
) -> Keyring:
    """
    Take in a key, believed or not.

    Where keys are enrolled, one that may not sign is no fault before it signs: the record of a key
    that was stolen and taken out of the inventory stays where it is.  Where none are, nothing but
    an endorsement could tell a new key from somebody else's.
    Raises JournalError(journal_signature) if it did not sign itself, its endorsement is none, or
    none are enrolled and no key before it endorsed it.
    """
    public = _bytes(body.public, PUBLIC_BYTES)
    content = key_bytes(node, body.public, body.previous)
    if not is_signature(public, _bytes(body.signature, SIGNATURE_BYTES), content):
        raise _refused(node, public, "introduces itself without a signature of its own")
    before = keyring.known(body.previous)
    endorsed_by = ""
    if body.endorsement:
        if before is None or not is_signature(
            _bytes(before.public, PUBLIC_BYTES),
            _bytes(body.endorsement, SIGNATURE_BYTES),
            content,
        ):
            raise _refused(node, public, "is endorsed by no key that the journal had before")
        endorsed_by = body.previous
    key = KnownKey(body.public, endorsed_by)
    known = keyring.known(key.id)
    if known is None:
        keyring = replace(keyring, keys=(*keyring.keys, key))
    elif not known.endorsed_by:  # it may say later who endorsed it
        keys = (key if one is known else one for one in keyring.keys)
        keyring = replace(keyring, keys=tuple(keys))
    if not enrolled and not keyring.is_believed(key.id, enrolled):
        raise _refused(node, public, _why(enrolled))
    return keyring


def verify_hour(
    keyring: Keyring, node: str, body: HourClosed, payload: bytes, enrolled: AbstractSet[str]
) -> None:
    """
    Check a block's signature, if it has one; payload: as `payload_of` gives it.

    Raises JournalError(journal_signature) if it is by no key that may sign, or not of this block.
    """
    if not (body.key or body.signature):
        return
    what = f"block {body.block.number}"
    public = _signer(keyring, node, what, body.key, enrolled)
    _require_signature(node, what, public, body.signature, signed_bytes(HOUR_TYPE, payload))


def _close(
    keyring: Keyring, node: str, before: Head, body: HourClosed, enrolled: AbstractSet[str]
) -> Keyring:
    block = body.block
    require_next(node, keyring.hours, block)
    if Head(block.last_sequence, block.head) != before:
        raise JournalError(
            JOURNAL_CORRUPT,
            f"{node}: block {block.number} ends with record {block.last_sequence}, "
            f"{block.head[:12]}; the one before it is {before.sequence}, {before.digest[:12]}",
        )
    payload = payload_of(block)
    verify_hour(keyring, node, body, payload, enrolled)
    keyring = replace(keyring, hours=head_of(block, payload))
    if not body.key:
        return keyring
    return replace(keyring, signed=before.sequence, signed_by=body.key)


def _verify(
    keyring: Keyring, node: str, before: Head, body: HeadSigned, enrolled: AbstractSet[str]
) -> Keyring:
    what = f"record {before.sequence}"
    public = _signer(keyring, node, what, body.key, enrolled)
    _require_signature(node, what, public, body.signature, head_bytes(node, before))
    return replace(keyring, signed=before.sequence, signed_by=body.key)


def _signer(
    keyring: Keyring, node: str, what: str, identity: str, enrolled: AbstractSet[str]
) -> bytes:
    """Return the public key of an id, if it may sign for the node."""
    key = keyring.known(identity)
    if key is None:
        raise JournalError(
            JOURNAL_SIGNATURE,
            f"{node}: {what} is signed by key {identity[:16]}, which the journal did not introduce",
        )
    public = _bytes(key.public, PUBLIC_BYTES)
    if not keyring.is_believed(identity, enrolled):
        raise _refused(node, public, _why(enrolled))
    return public


def _require_signature(node: str, what: str, public: bytes, text: str, content: bytes) -> None:
    if not is_signature(public, _bytes(text, SIGNATURE_BYTES), content):
        raise _refused(node, public, f"did not sign {what} as it is here")


def _bytes(text: str, length_bytes: int) -> bytes:
    try:
        return from_text(text, length_bytes)
    except ValueError as cause:
        raise JournalError(
            JOURNAL_SIGNATURE, f"a key or a signature cannot be read: {cause}"
        ) from cause


def _why(enrolled: AbstractSet[str]) -> str:
    if enrolled:
        return "is none of the inventory's for this node, and none of those endorsed it"
    return "replaces another one that did not endorse it"


def _refused(node: str, public: bytes, words: str) -> JournalError:
    return JournalError(JOURNAL_SIGNATURE, f"{node}: the key {fingerprint(public)} {words}")
