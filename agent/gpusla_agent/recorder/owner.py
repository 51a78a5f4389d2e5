"""Whose journal lies in a folder: a node that is renamed, or gets another's disk, finds one."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.errors import JournalError
from gpusla.identity import NodeName
from gpusla.journal.codec import decode
from gpusla.journal.model import Kind, Started
from gpusla_agent.recorder.segments import Segment, lines
from gpusla_agent.recorder.tally import tally_at_start

_STARTED = f'"kind":"{Kind.STARTED}"'.encode()


def require_own(directory: Path, segments: Sequence[Segment], node: NodeName) -> None:
    """
    Check that a journal is the node's, without changing it.

    Raises JournalError(bad_setting) if its last start was another node's: whoever fetched it under
    one name would take what follows for a forgery.
    """
    owner = owner_of(segments)
    if owner not in (None, node):
        raise JournalError(
            BAD_SETTING,
            f"node: {node!r}: journal {directory} is that of node {owner!r}",
            fix="Move the journal and node-key.pem aside to begin anew, or give this node its old "
            f"name, {owner!r}.",
        )


def owner_of(segments: Sequence[Segment]) -> NodeName | None:
    """
    Return the node whose start is the last in a journal; None if nothing readable says it.

    What is torn or broken is passed over: whoever checks the chain says what is wrong.
    """
    for index in reversed(range(len(segments))):
        found: NodeName | None = None
        for line in lines([segments[index]], segments[index].first - 1):
            if _STARTED in line:
                found = _node_in(line) or found
        if found is None:
            with suppress(JournalError):
                found = tally_at_start(list(segments[index:])).carry.node
        if found is not None:
            return found
    return None


def _node_in(line: bytes) -> NodeName | None:
    with suppress(JournalError):
        body = decode(line)[1]
        return body.node if isinstance(body, Started) else None
    return None
