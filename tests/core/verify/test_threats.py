"""
What the operator may try, as far as a bundle alone has to show it; numbers are the threat table's.

The operator signs manifest and statement here with his own key, so only what nodes signed stands
against him.
"""

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from gpusla.verify.__main__ import main
from tests.core.verify.maker import (
    CONTRACT,
    OPERATOR,
    NodeJournal,
    bundle,
    journal,
    members,
    public,
    text_of,
    usual,
)

NODE, KEY, SECOND = "c1-r1-t1", b"\x0b" * 32, b"\x0c" * 32


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the bundle is."""
    return tmp_path / "october.bundle.zip"


def verdict(file: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the first two words of what the verifier says, and hold its exit code against them."""
    file.write_bytes(content)
    code = main([str(file), "--key", public(OPERATOR), "--jobs", "1"])
    words = capsys.readouterr().out
    assert words.startswith("broken: " if code else "verified: ")
    return ":".join(words.split(":")[:2])


def of(made: NodeJournal, *, with_journals: bool = False) -> dict[str, bytes]:
    """Return the members of one node, whose first key is enrolled."""
    return members({made.node: made}, {made.node: [public(KEY)]}, with_journals=with_journals)


def replaced_by(
    private: bytes, made: NodeJournal, hours: list[bytes], *, with_journals: bool = False
) -> bytes:
    """Return a bundle of one node, for which another key is enrolled than its first."""
    found = members({NODE: made}, {NODE: [public(private)]}, with_journals=with_journals)
    return bundle(found | {f"hours/{NODE}.jsonl": text_of(hours)})


def test_o1_no_record_can_be_dropped(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Any one of those that blocks stand for, and any number of them, from one to all."""
    made = journal(NODE, KEY)
    name, covered = f"journals/{NODE}.jsonl", len(made.lines) - 1
    chance = Random("O1")  # noqa: S311  (a seed repeats it)
    dropped = [{place} for place in range(covered)]
    dropped += [set(chance.sample(range(covered), count)) for count in range(2, covered + 1)]
    for places in dropped:
        left = [line for place, line in enumerate(made.lines) if place not in places]
        content = bundle(of(made, with_journals=True) | {name: text_of(left)})
        assert verdict(file, content, capsys) == "broken: chain"


def test_o3_blocks_cannot_be_cut_out_and_sealed_again(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the blocks numbered anew the signatures are gone; with a new key nobody endorsed it."""
    whole = journal(NODE, KEY)
    hour = [line for line in whole.kept if b'"kind":"hour"' in line]
    cut = of(whole) | {f"hours/{NODE}.jsonl": text_of([whole.kept[0], hour[0], hour[2]])}
    assert verdict(file, bundle(cut), capsys) == "broken: chain"

    sealed = NodeJournal(NODE, None).start().introduce(KEY).observe().close()
    sealed.introduce(b"\x63" * 32, endorsed=False).observe().close()
    assert verdict(file, bundle(of(sealed)), capsys) == "broken: key"


def test_a_stolen_key_signs_nothing_more_and_spoils_nothing(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """KEY was stolen and taken out of the inventory; SECOND came in its place, and is listed."""
    made = NodeJournal(NODE, None).start().introduce(KEY).observe().close()
    made.introduce(SECOND, endorsed=False).observe().close().observe().close()
    stolen, of_stolen, second, *blocks = made.kept
    later = replaced_by(SECOND, made, [stolen, second, *blocks])
    assert verdict(file, later, capsys).startswith("verified: acme-2026")
    whole = replaced_by(SECOND, made, [stolen, of_stolen, second, *blocks])
    assert verdict(file, whole, capsys) == "broken: key"

    heir = NodeJournal(NODE, None).start().introduce(KEY).introduce(b"\x63" * 32).observe().close()
    assert verdict(file, replaced_by(SECOND, heir, heir.kept), capsys) == "broken: key"
    head = NodeJournal(NODE, None).start().introduce(KEY).observe()
    head.introduce(SECOND, endorsed=False).observe().close()
    found = replaced_by(SECOND, head, head.kept, with_journals=True)
    assert verdict(file, found, capsys) == "broken: key"


def test_o8_a_healthy_nodes_blocks_cannot_stand_for_anothers(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither as they are, nor under the other's name, nor an old block once more as a new one."""
    healthy = journal("c1-r1-t2", KEY)
    clone = of(healthy) | {"nodes.json": of(journal(NODE, KEY))["nodes.json"]}
    clone[f"hours/{NODE}.jsonl"] = clone.pop("hours/c1-r1-t2.jsonl")
    assert verdict(file, bundle(clone), capsys) == "broken: signature"

    blocks = clone | {f"hours/{NODE}.jsonl": text_of(healthy.kept[1:])}
    assert verdict(file, bundle(blocks), capsys) == "broken: block"

    replayed = NodeJournal(NODE, None).start().introduce(KEY).observe()
    first = replayed.block()
    replayed.close(first).observe()
    replayed.close(replace(first, number=2, previous=replayed.previous))
    assert verdict(file, bundle(of(replayed)), capsys) == "broken: chain"


def test_o16_the_contract_cannot_change_later(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The statement cites the bytes of the version that it was judged by."""
    later = usual() | {"contract/1.yaml": CONTRACT.replace(b"acme", b"acmf")}
    assert verdict(file, bundle(later), capsys) == "broken: statement"
