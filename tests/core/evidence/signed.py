"""Journals with keys and signatures, made by hand, for tests on both sides."""

from dataclasses import dataclass, field

from gpusla.catalogue.reasons import State
from gpusla.evidence import ed25519
from gpusla.evidence.envelope import HOUR_TYPE, head_bytes, key_bytes, signed_bytes
from gpusla.evidence.hour_chain import head_of, payload_of
from gpusla.evidence.keys import key_id, to_text
from gpusla.identity import NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import digest, encode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import (
    ClockState,
    Condition,
    HeadSigned,
    Instant,
    KeyIntroduced,
    Observed,
    Started,
)
from gpusla.timeline.hours import OpenBlock

NODE = NodeName("c2-r01-t03")
SLOT = Slot("c2", "r01", "t03", "m1")
ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))
"""Private keys."""


def public(private: bytes) -> str:
    """Return the public key in base64, as the inventory lists it."""
    return to_text(ed25519.public_of(private))


def identity(private: bytes) -> str:
    """Return the key's id."""
    return key_id(ed25519.public_of(private))


def at(seconds: int) -> Instant:
    """Return an instant, some seconds after the first."""
    return Instant(
        "boot", 1, seconds * 1_000, 1_790_000_000_000 + seconds * 1_000, ClockState.SYNCHRONISED, 4
    )


def introduced(
    private: bytes, before: bytes | None = None, *, node: str = NODE, endorsed: bool = True
) -> KeyIntroduced:
    """Return the record of a new key, endorsed by the one before it if there is one."""
    previous = "" if before is None else identity(before)
    content = key_bytes(node, public(private), previous)
    return KeyIntroduced(
        at(0),
        public(private),
        previous,
        to_text(ed25519.sign(private, content)),
        "" if before is None or not endorsed else to_text(ed25519.sign(before, content)),
    )


def signed(private: bytes, head: Head, *, node: str = NODE, seconds: int = 0) -> HeadSigned:
    """Return a signature of everything up to head."""
    signature = ed25519.sign(private, head_bytes(node, head))
    return HeadSigned(at(seconds), identity(private), to_text(signature))


def closed(private: bytes | None, block: HourBlock, *, seconds: int = 0) -> HourClosed:
    """Return the record of a block, signed if there is a key."""
    if private is None:
        return HourClosed(at(seconds), block)
    signature = ed25519.sign(private, signed_bytes(HOUR_TYPE, payload_of(block)))
    return HourClosed(at(seconds), block, identity(private), to_text(signature))


@dataclass(slots=True)
class SignedJournal:
    """A journal and where it ends; open: the records since its last block."""

    node: NodeName = NODE
    lines: list[bytes] = field(default_factory=list)
    head: Head = EMPTY
    open: OpenBlock = field(init=False)

    def __post_init__(self) -> None:
        self.open = OpenBlock(self.node)

    def append(self, *bodies: Body) -> "SignedJournal":
        """Write records."""
        for body in bodies:
            line = encode(self.head.sequence + 1, self.head.digest, body)
            self.lines.append(line)
            self.head = Head(self.head.sequence + 1, digest(line))
            self.open.add(self.head, body)
        return self

    def start(self) -> "SignedJournal":
        """Write that the agent started."""
        return self.append(Started(at(0), self.node, "0.1.0", "fake", 1_000, 2_500))

    def observe(self, seconds: int, times: int = 1) -> "SignedJournal":
        """Write samples that saw nothing wrong."""
        for second in range(seconds, seconds + times):
            seen = {SLOT: Condition(State.OK)}
            self.append(Observed(at(second), at(second).mono_ms, 1, 0, seen))
        return self

    def introduce(self, private: bytes, before: bytes | None = None) -> "SignedJournal":
        """Write a key."""
        return self.append(introduced(private, before, node=self.node))

    def sign(self, private: bytes) -> "SignedJournal":
        """Sign all so far."""
        return self.append(signed(private, self.head, node=self.node))

    def close(self, private: bytes | None = None) -> "SignedJournal":
        """Close the block of all since the last one, and sign it if there is a key."""
        before, block = self.open, self.open.block()
        behind = head_of(block, payload_of(block))
        self.open = OpenBlock(self.node, behind, before.carry, before.gpus)
        return self.append(closed(private, block))
