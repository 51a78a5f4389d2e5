"""The keys of one node: the one that signs, and the one that will replace it."""

from pathlib import Path

from gpusla.catalogue.codes import NODE_KEY
from gpusla.errors import InputError
from gpusla.evidence import ed25519
from gpusla.evidence.envelope import HOUR_TYPE, head_bytes, key_bytes, signed_bytes
from gpusla.evidence.keys import key_id, to_text
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import HeadSigned, Instant, KeyIntroduced
from gpusla.logs import get_logger
from gpusla_agent.evidence.files import KEY_FILE, NEXT_FILE, make_key, move_key, read_key, refused

_log = get_logger()


class NodeKeys:
    """
    The key files of a data directory, as the agent uses them.

    A new key comes into force in this order: its record is durable in the journal, signed by both;
    then its file takes the place of the old one.  A kill between the two is mended by `settle`.
    """

    def __init__(self, directory: Path, node: NodeName) -> None:
        """
        Read the node's key, or make it at its first start.

        Raises InputError(node_key) if it cannot be read or made, or others may read it.
        """
        self._node = node
        self._path, self._next_path = directory / KEY_FILE, directory / NEXT_FILE
        self._private = read_key(self._path) or make_key(self._path)
        self._id = _id(self._private)
        self._refused = ""

    def sign(self, at: Instant, head: Head) -> HeadSigned:
        """Return the signature of everything up to head."""
        signature = ed25519.sign(self._private, head_bytes(self._node, head))
        return HeadSigned(at, self._id, to_text(signature))

    @property
    def id(self) -> str:
        """The id of the key that signs."""
        return self._id

    def close_hour(self, at: Instant, block: HourBlock, payload: bytes) -> HourClosed:
        """Return a block with its signature; payload: what is signed of it."""
        content = signed_bytes(HOUR_TYPE, payload)
        return HourClosed(at, block, self._id, to_text(ed25519.sign(self._private, content)))

    def introduction(self, at: Instant, known: str) -> KeyIntroduced | None:
        """
        Return the record that the journal needs next, None if it has all.

        known: id of the key that the journal introduced last, empty if none.
        """
        following = self._following()
        if following is not None and known == _id(following):
            return None  # The journal has it, and its file waits for its place.
        if known != self._id:
            # Nobody can endorse it: it is the first, or the one before it was lost.
            return self._introduced(at, self._private, known, None)
        if following is None:
            return None
        return self._introduced(at, following, known, self._private)

    def settle(self, known: str) -> None:
        """Put the next key in force if the journal has it durably; known: as `introduction`."""
        following = self._following()
        if following is None or known != _id(following):
            return
        try:
            move_key(self._next_path, self._path)
        except OSError as cause:
            _log.error("node_key_not_replaced", path=str(self._path), cause=str(cause))
            return
        self._private, self._id = following, known
        _log.info("node_key_replaced", key=known[:16])

    def _following(self) -> bytes | None:
        # The file is there for a moment in years, and this is asked at each pass.
        if not self._next_path.exists():
            return None
        try:
            return read_key(self._next_path)
        except InputError as cause:
            if str(cause) != self._refused:
                _log.error("node_key_refused", cause=str(cause))
            self._refused = str(cause)
            return None

    def _introduced(
        self, at: Instant, private: bytes, previous: str, endorser: bytes | None
    ) -> KeyIntroduced:
        public = to_text(ed25519.public_of(private))
        content = key_bytes(self._node, public, previous)
        return KeyIntroduced(
            at,
            public,
            previous,
            to_text(ed25519.sign(private, content)),
            "" if endorser is None else to_text(ed25519.sign(endorser, content)),
        )


def public_key(directory: Path) -> bytes:
    """
    Return the public key of a node.

    Raises InputError(node_key) if it has none yet, or it cannot be read.
    """
    return ed25519.public_of(_current(directory))


def prepare_rotation(directory: Path) -> bytes:
    """
    Make the key that will replace the node's, and return its public part.

    The agent takes it up by itself.  Raises InputError(node_key) if the node has no key yet, or
    if one waits already.
    """
    _current(directory)
    path = directory / NEXT_FILE
    if path.exists():
        raise InputError(
            NODE_KEY,
            f"{path}: a new key waits already",
            fix="Let the agent run: it takes it up at its next pass.",
        )
    return ed25519.public_of(make_key(path))


def _id(private: bytes) -> str:
    return key_id(ed25519.public_of(private))


def _current(directory: Path) -> bytes:
    path = directory / KEY_FILE
    private = read_key(path)
    if private is None:
        raise refused(path, "there is no key: the agent makes it at its first start")
    return private
