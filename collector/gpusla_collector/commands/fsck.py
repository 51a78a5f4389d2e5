"""`gpusla fsck --config`: a collector's database and the evidence that it keeps."""

from pathlib import Path

from gpusla.commands.fsck import Outcome
from gpusla.identity import NodeName
from gpusla_collector.ports import Segment
from gpusla_collector.settings import read_settings

COUNTED = ("files", "judgements", "records", "nodes")
"""Counts that are told also where they are 0: a site of which nothing came in is to be seen."""


def check_collector(config: Path, outcome: Outcome, held: tuple[int, str] | None) -> None:
    """
    Check what the settings name, and tell the outcome.

    Raises StoreError for another schema, InputError `nothing_to_show` for an empty database.
    """
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.sql.books import reading_books  # noqa: PLC0415
    from gpusla_collector.usecases.fsck.records import Fsck  # noqa: PLC0415
    from gpusla_collector.usecases.fsck.tally import Tally  # noqa: PLC0415

    settings = read_settings(config)
    evidence = EvidenceFiles(settings.evidence)

    def size_bytes(node: NodeName, segment: Segment) -> int | None:
        try:
            return evidence.path(node, segment).stat().st_size
        except FileNotFoundError:
            return None

    with reading_books(settings.database) as books:
        tally = Tally(outcome.told, outcome.counts, remarks=outcome.remarks)
        outcome.take(Fsck(books, evidence, size_bytes, held, tally).run())
    for what in COUNTED:
        outcome.counts.setdefault(what, 0)
    if tally.last is not None:
        outcome.last = f"{tally.last.number}:{tally.last.digest}"
