"""Some hundreds of mutations in every run; `./run verify` makes ten thousand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpusla.verify import signed
from gpusla.verify.archive import Archive
from gpusla.verify.journals import Walk
from tests.core.verify.maker import bundle, dying, pdf, sealed, usual
from tests.mutations.operator import bare
from tests.mutations.survey import ATTEMPTS, SEED, survey, verdict

EACH = 6


@pytest.mark.parametrize("place", range(len(ATTEMPTS)), ids=[one.name for one in ATTEMPTS])
def test_a_mutation_is_found_and_named(place: int) -> None:
    """None is accepted, and each gets a word that fits what was done."""
    found = survey(SEED, range(place, place + EACH * len(ATTEMPTS), len(ATTEMPTS)))
    assert not [one for one in found if not one.is_right]
    assert [one.attempt for one in found] == [ATTEMPTS[place].name] * EACH


@pytest.mark.parametrize(
    "content",
    [bundle(usual()), bundle(bare()), bundle(dying()), pdf(sealed())],
    ids=["journals", "hours", "tails", "PDF"],
)
def test_what_is_mutated_was_whole(content: bytes, tmp_path: Path) -> None:
    """Otherwise everything would be found."""
    file = tmp_path / "whole"
    file.write_bytes(content)
    assert verdict(file).startswith("exit 0: verified")


@pytest.mark.parametrize(
    ("owner", "name", "blind"),
    [
        (signed, "is_signed", lambda *_: True),
        (Archive, "lines", lambda self, name, _: iter(b"".join(self.chunks(name)).splitlines())),
        (Walk, "_require_cited", lambda *_: None),
        (Walk, "_read_records", lambda *_: None),
        (Walk, "_require_head", lambda *_: None),
    ],
    ids=["signatures", "digests", "cited records", "records", "heads"],
)
def test_a_verifier_that_leaves_a_check_out_is_caught(
    owner: Any, name: str, blind: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mutations would notice each of these, so they say something of those that are there."""
    monkeypatch.setattr(owner, name, blind)
    found = survey(SEED, range(3 * len(ATTEMPTS)))
    assert [one for one in found if not one.is_right]
