"""What `gpusla collector findings` is asked for: kinds and subjects that the collector makes."""

import ast
from collections import Counter
from collections.abc import Mapping

import pytest

from gpusla.errors import InputError
from gpusla.identity import NodeName
from gpusla_collector.commands.findings import KINDS, require_known
from gpusla_collector.ports import Cursor, Finding
from gpusla_collector.usecases.world import RECORDS
from tests.collector.memory_store import MemoryStore
from tests.conftest import ROOT


class Asked(MemoryStore):
    """A store that counts how often it is asked for the cursors of all nodes."""

    cursors_asked = 0

    def cursors(self) -> Mapping[NodeName, Cursor]:
        """Return no cursor."""
        self.cursors_asked += 1
        return {}


@pytest.mark.parametrize(("subject", "times"), [(None, 0), ("Assignments", 1)])
def test_cursors_are_asked_for_only_where_a_subject_is(subject: str | None, times: int) -> None:
    """Of a fleet there are 25,000."""
    store = Asked()
    require_known((), "evidence_late", subject, store)
    assert store.cursors_asked == times


@pytest.mark.parametrize("kind", RECORDS)
def test_a_kind_of_record_may_be_asked_about(kind: str) -> None:
    """As record_backdated tells it, also before anything of it was found."""
    require_known((), "record_backdated", kind, Asked())


def test_a_kind_of_record_in_small_letters_is_refused_with_its_name() -> None:
    """Names are told and compared to the letter, as those of nodes are."""
    with pytest.raises(InputError) as caught:
        require_known((), None, "assignments", Asked())
    assert str(caught.value).startswith(
        "--subject 'assignments' is no contract and no node of which anything is on record, and no "
        "kind of record. Close to it: Assignments."
    )


def test_a_subject_of_a_finding_is_known() -> None:
    """Also where nothing else is on record of it any more."""
    found = Finding("a", "posting_held", "gone-2026", 0, "USD 5.00 wait")
    require_known((found,), None, "gone-2026", Asked())


def test_each_kind_of_finding_is_written_once() -> None:
    """The command asks for the very names that findings are made with."""
    package = ROOT / "collector" / "gpusla_collector"
    files = (package / "commands" / "findings.py", *(package / "usecases").rglob("*.py"))
    written = Counter(
        node.value
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in KINDS
    )
    assert written == {"posting_held": 1, "node_silent": 1, "month_waits": 1}  # no error has these
