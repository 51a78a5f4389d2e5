"""Takes the records out of a journal that a bundle will hold: its hours and its keys.  Pure."""

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.errors import JournalError
from gpusla.identity import NodeName
from gpusla.journal.hours import HourClosed
from gpusla_collector.ports import HourLine

INTEGER_MAX = 2**63 - 1
"""What a column of the database holds; JSON has no such limit."""


def hour_of(node: NodeName, sequence: int, line: bytes, hour: HourClosed) -> HourLine:
    """
    Return an hour of a node's journal as the line that it is, which has this number.

    Whether it may be believed is asked elsewhere: `gpusla.evidence.keyring.attest`.
    Raises JournalError `journal_corrupt` if it counts or dates what cannot be.
    """
    block = hour.block
    numbers = (
        block.number,
        block.first_sequence,
        block.last_sequence,
        block.from_ms,
        block.until_ms,
    )
    if any(not 0 <= number <= INTEGER_MAX for number in numbers):
        raise JournalError(
            JOURNAL_CORRUPT, f"{node}: record {sequence} has numbers that no hour has: {numbers}"
        )
    return HourLine(sequence, *numbers, line)
