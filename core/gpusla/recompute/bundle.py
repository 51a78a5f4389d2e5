"""
The members of a bundle as what they say: docs/reference/bundle.md.

Members are read when they are asked for; nothing here looks at a signature.
"""

import json
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from gpusla.catalogue.codes import BUNDLE
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.errors import EvidenceError, GpuslaError
from gpusla.evidence.bundle import NODES_FORMAT
from gpusla.evidence.envelope import STATEMENT_TYPE
from gpusla.evidence.sealed import payload_of
from gpusla.identity import NodeName, Slot, parse_slot
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.recompute.words import printable
from gpusla.statement.model import Statement
from gpusla.statement.reading import unchecked

STATEMENT, FACTS, NODES = "statement.json", "facts.json", "nodes.json"
CONTRACTS, HOURS = "contract/", "hours/"
_PLAIN = frozenset(string.ascii_letters + string.digits + "-_~")


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the bundle: the slots that it may speak for, and its enrolled keys in base64."""

    slots: frozenset[Slot]
    keys: frozenset[str]


@dataclass(frozen=True)
class Bundle:
    """
    A bundle's content.

    members: by name.  Every part raises EvidenceError (`bundle`) if its member is not there or is
    nothing of the kind.
    """

    members: Mapping[str, bytes]

    @property
    def statement(self) -> Statement:
        """The statement as it is told, whether or not its parts belong together."""
        return self._told[0]

    @property
    def told(self) -> Mapping[str, Any]:
        """The same as maps, lists, text and integers."""
        return self._told[1]

    @cached_property
    def _told(self) -> tuple[Statement, Mapping[str, Any]]:
        try:
            return unchecked(payload_of(self.member(STATEMENT), STATEMENT_TYPE))
        except (ValueError, RecursionError) as cause:
            raise broken(f"{STATEMENT} holds no statement: {cause}") from cause

    @cached_property
    def versions(self) -> tuple[ContractVersion, ...]:
        """All versions of the contract, by number."""
        names = sorted(name for name in self.members if name.startswith(CONTRACTS))
        found = tuple(self._version(name) for name in names)
        if not found:
            raise broken("it holds no version of the contract")
        return tuple(sorted(found, key=lambda version: version.version))

    @property
    def version(self) -> ContractVersion:
        """The version of the contract that the statement is of."""
        number = self.statement.evaluation.contract.version
        found = [version for version in self.versions if version.version == number]
        if not found:
            raise broken(
                f"the statement is of version {number} of the contract, which it does not hold"
            )
        return found[0]

    @cached_property
    def nodes(self) -> Mapping[NodeName, Node]:
        """The nodes of the statement's slots."""
        told = _json(self.member(NODES), NODES)
        if told.get("format") != NODES_FORMAT:
            raise broken(f"{NODES} is of format {told.get('format')!r}, not {NODES_FORMAT}")
        rows = told.get("nodes")
        for name in rows if isinstance(rows, dict) else ():
            if not name or not name.isprintable():
                raise broken(f"{NODES} names a node {name!r}, which is no name")
        try:
            return {
                NodeName(name): Node(
                    frozenset(map(parse_slot, one["slots"])), frozenset(one["keys"])
                )
                for name, one in told["nodes"].items()
            }
        except (AttributeError, KeyError, TypeError, ValueError, GpuslaError) as cause:
            raise broken(f"{NODES} is not of the form {NODES_FORMAT}") from cause

    def member(self, name: str) -> bytes:
        """Return a member's bytes."""
        try:
            return self.members[name]
        except KeyError:
            raise broken(f"it holds no {name}") from None

    def lines(self, node: NodeName) -> Sequence[bytes]:
        """Return the lines of a node's hours; none of a node that has none in the bundle."""
        return self.members.get(hours_name(node), b"").splitlines()

    def blocks(self, node: NodeName) -> Iterator[HourBlock]:
        """Yield a node's blocks in order; none of a node that has none in the bundle."""
        return blocks_of(node, self.lines(node))

    def _version(self, name: str) -> ContractVersion:
        version = load_contract(self.member(name), name)
        told = self.statement.evaluation.contract.id
        if version.id != told or name != f"{CONTRACTS}{version.version}.yaml":
            raise broken(f"{name} is version {version.version} of contract {version.id}")
        return version


def hours_name(node: NodeName) -> str:
    """Return the name of the member that holds a node's blocks."""
    written = "".join(
        sign if sign in _PLAIN else "".join(f"%{byte:02X}" for byte in sign.encode())
        for sign in node
    )
    return f"{HOURS}{written}.jsonl"


def blocks_of(node: NodeName, lines: Sequence[bytes]) -> Iterator[HourBlock]:
    """Yield the blocks among the lines of a node's hours, in order."""
    before: HourBlock | None = None
    for line in lines:
        _, body = decode(line)
        if isinstance(body, HourClosed):
            _require_next(hours_name(node), node, before, body.block)
            before = body.block
            yield before


def broken(words: str) -> EvidenceError:
    """Return the error that says what is wrong with the bundle."""
    return EvidenceError(BUNDLE, f"the bundle cannot be used: {printable(words)}")


def _require_next(name: str, node: NodeName, before: HourBlock | None, block: HourBlock) -> None:
    if block.node != node:
        raise broken(f"{name} holds block {block.number} of {block.node}")
    is_next = before is None or (
        block.number == before.number + 1 and block.first_sequence == before.last_sequence + 1
    )
    if not is_next:
        raise broken(f"block {block.number} of {node} does not follow the one before it")


def _json(content: bytes, name: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as cause:
        raise broken(f"{name} is not JSON") from cause
    if not isinstance(found, dict):
        raise broken(f"{name} holds no map")
    return found
