"""
A chain of blocks without the records behind it: what `gpusla recompute` has of a node's journal.

It proves that the node said so, in this order and with nothing left out between the first and the
last of them.  Whether the records say the same is asked where the records are.
Source: docs/reference/bundle.md; docs/decisions/0138-hourly-blocks.md.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from gpusla.catalogue.codes import JOURNAL_SIGNATURE
from gpusla.errors import JournalError
from gpusla.evidence.hour_chain import NO_HOURS, HourHead, head_of, payload_of, require_next
from gpusla.evidence.keyring import Keyring, introduce, listed, verify_hour
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import KeyIntroduced


def check_hours(
    node: str, bodies: Iterable[KeyIntroduced | HourClosed], enrolled: AbstractSet[str]
) -> tuple[HourBlock, ...]:
    """
    Check keys and blocks of one node, and return the blocks.

    bodies: in the journal's order; the first block may be any of the journal's, and of one that is
    not number 1 nobody can check what it names as the one before it.  enrolled: the node's keys in
    base64; where there are none, the first key among bodies is believed, and blocks before it, or
    without any, need no signature.
    Raises JournalError: `journal_corrupt` or `journal_forked` if the blocks are not a chain,
    `journal_signature` if a key or a signature may not be believed, or a block has none.
    """
    keyring = listed(enrolled)
    head: HourHead | None = None
    blocks: list[HourBlock] = []
    for body in bodies:
        if isinstance(body, KeyIntroduced):
            keyring = introduce(keyring, node, body, enrolled)
            continue
        if head is None:
            head = _before(body.block)
        require_next(node, head, body.block)
        payload = payload_of(body.block)
        _require_signed(keyring, node, body, enrolled)
        verify_hour(keyring, node, body, payload, enrolled)
        head = head_of(body.block, payload)
        blocks.append(body.block)
    return tuple(blocks)


def _before(block: HourBlock) -> HourHead:
    if block.number == 1:
        return NO_HOURS
    return HourHead(block.number - 1, block.previous, block.first_sequence - 1)


def _require_signed(
    keyring: Keyring, node: str, body: HourClosed, enrolled: AbstractSet[str]
) -> None:
    # Who changes a block would else only have to take the signature off as well.
    if not (body.key or body.signature) and (enrolled or keyring.keys):
        raise JournalError(JOURNAL_SIGNATURE, f"{node}: block {body.block.number} is not signed")
