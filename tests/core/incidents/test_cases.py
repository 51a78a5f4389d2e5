"""Small cases, a letter a minute: what is one incident, and what is several."""

import pytest

from gpusla.incidents import incidents
from tests.core.incidents.making import MINUTE_MS, fleet, row, short, told, watch, xid

TRAY = fleet(1, 1)
RACK = fleet(1, 2)
SITE = fleet(4, 2)
S1, S2 = str(TRAY[0]), str(TRAY[1])


def rows(first: int, count: int, text: str) -> dict[int, str]:
    """The same row for several slots in a row."""
    return dict.fromkeys(range(first, first + count), text)


CASES: list[tuple[str, tuple[object, ...], list[str]]] = [
    ("all is well", (TRAY, {}, ".60"), []),
    ("one GPU", (TRAY, {0: ".5l9.46"}, ".60"), [f"presence {S1} 5-14 1 slots 0/9/0"]),
    ("it still runs", (TRAY, {0: ".5l9"}, ".14"), [f"presence {S1} 5- 1 slots 0/9/0"]),
    (
        "back within ten minutes is the same",
        (TRAY, {0: ".5l9.10l3.30"}, ".57"),
        [f"presence {S1} 5-27 1 slots 0/12/0 flaps 1"],
    ),
    (
        "back after more is another",
        (TRAY, {0: ".5l9.11l3.30"}, ".58"),
        [f"presence {S1} 5-14 1 slots 0/9/0", f"presence {S1} 25-28 1 slots 0/3/0"],
    ),
    (
        "two GPUs of a tray with parts of their own",
        (TRAY, {0: ".5m9.46", 1: ".5m9.46"}, ".60"),
        [f"memory {S1} 5-14 1 slots 9/0/0", f"memory {S2} 5-14 1 slots 9/0/0"],
    ),
    (
        "two of four lost at once",
        (TRAY, {0: ".5l9.46", 1: ".6l9.45"}, ".60"),
        ["presence c2/r01/t01 5-15 2 slots 0/18/0"],
    ),
    (
        "not at once",
        (TRAY, {0: ".5l9.46", 1: ".7l9.44"}, ".60"),
        [f"presence {S1} 5-14 1 slots 0/9/0", f"presence {S2} 7-16 1 slots 0/9/0"],
    ),
    (
        "two of a rack out of the fabric",
        (RACK, {0: ".5f9.46", 7: ".5f5.50"}, ".60"),
        ["fabric c2/r01 5-14 2 slots 0/14/0"],
    ),
    (
        "each in its own rack",
        (SITE, {0: ".5f9.46", 9: ".5f9.46"}, ".60"),
        [f"fabric {SITE[0]} 5-14 1 slots 0/9/0", f"fabric {SITE[9]} 5-14 1 slots 0/9/0"],
    ),
    (
        "a switch fails and one slot is told of late, while it lasts",
        (RACK, rows(0, 7, ".5f30.25") | {7: ".20f15.25"}, ".60"),
        ["fabric c2/r01 5-35 8 slots 0/225/0"],
    ),
    (
        "two racks at once are no cause of the site",
        (SITE, rows(0, 16, ".5h30.25"), ".60"),
        ["cooling c2/r01 5-35 8 slots 240/0/0", "cooling c2/r02 5-35 8 slots 240/0/0"],
    ),
    (
        "three are",
        (SITE, rows(0, 8, ".5h30.25") | rows(8, 16, ".12h30.18"), ".60"),
        ["cooling c2 5-42 24 slots 720/0/0"],
    ),
    (
        "and a few hot GPUs of a fourth belong to it",
        (SITE, rows(0, 24, ".5h30.25") | {30: ".9h5.46"}, ".60"),
        ["cooling c2 5-35 25 slots 725/0/0"],
    ),
    ("an agent is silent", (TRAY, {}, ".5_9.46"), ["silence c2/r01/t01 5-14 4 slots 0/0/36"]),
    (
        "a GPU fails and its node is silent for a while: two incidents",
        (TRAY, {0: ".5l9_5l9.32"}, ".14_5.41"),
        ["presence c2/r01/t01/m1 5-28 1 slots 0/18/0", "silence c2/r01/t01 14-19 4 slots 0/0/20"],
    ),
    (
        "a rack fails and a node of it is silent meanwhile: one",
        (RACK, rows(0, 4, ".5f9_5f9.32"), ".5f23.32"),
        ["fabric c2/r01 5-28 8 slots 0/164/20"],
    ),
    (
        "a tray without power, then out of the fabric until that is up again",
        (TRAY, {}, ".5_9f1.45"),
        ["silence c2/r01/t01 5-15 4 slots 0/4/36"],
    ),
    (
        "what nobody sees in between neither ends a failure nor lengthens it",
        (TRAY, {0: ".5l9_40l3.30"}, ".14_40.33"),
        ["presence c2/r01/t01/m1 5-57 1 slots 0/12/0", "silence c2/r01/t01 14-54 4 slots 0/0/160"],
    ),
    (
        "a reset that follows the memory's fault",
        (TRAY, {0: ".5m9r2.44"}, ".60"),
        [f"memory {S1} 5-16 1 slots 9/2/0"],
    ),
    (
        "a limit that was there before, and comes back, is another's",
        (TRAY, {0: ".5p9l9p9.28"}, ".60"),
        [f"power {S1} 5-32 1 slots 18/0/0", f"presence {S1} 14-23 1 slots 0/9/0"],
    ),
    (
        "links beside the reset explain it, and stay when it is over",
        (TRAY, {0: ".5b9n9.37"}, ".60"),
        [f"fabric {S1} 5-23 1 slots 9/9/0"],
    ),
    (
        "extreme flapping is one",
        (TRAY, {0: "l." * 500}, ".1000"),
        [f"presence {S1} 0-999 1 slots 0/500/0 flaps 499"],
    ),
    (
        "a GPU that does not answer",
        (TRAY, {0: ".5u9.46"}, ".60"),
        [f"driver {S1} 5-14 1 slots 0/0/9"],
    ),
]


@pytest.mark.parametrize(("name", "case", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_small_case(name: str, case: tuple[object, ...], expected: list[str]) -> None:
    """Family, place, minutes, slots, GPU-minutes degraded, down and unknown."""
    assert told(*case) == expected, name  # type: ignore[arg-type]


def test_what_the_driver_says_followed_is_one_incident_with_its_root() -> None:
    """A link's 149 on one GPU; another, of a far tray, has to be reset after its 145."""
    texts = {3: ".5r20.35", 6: ".5r10.45"}
    spans = [one for n, slot in enumerate(RACK) for one in row(slot, texts.get(n, ".60"))]
    at_ms = 5 * MINUTE_MS
    xids = [
        xid(slot, 149 if n == 3 else 145, at_ms + n, "root" if n == 3 else "after_effect")
        for n, slot in enumerate(RACK)
    ]
    apart = incidents(watch(RACK, *spans))
    assert [short(one) for one in apart] == [
        f"recovery {RACK[3]} 5-25 1 slots 0/20/0",
        f"recovery {RACK[6]} 5-15 1 slots 0/10/0",
    ]
    (one,) = incidents(watch(RACK, *spans, xids=xids))
    assert short(one) == "recovery c2/r01 5-25 2 slots 0/30/0"
    assert (one.root.slot, one.root.xid) == (RACK[3], 149)
    assert {effect.slot for effect in one.after_effects if effect.what == "xid 145"} == {
        slot for slot in RACK if slot != RACK[3]
    }
    assert one.why[0] == f"Xid 149 of {RACK[3]} began it; 7 other slots reported what followed"


def test_an_incident_says_why_it_is_one_and_how_it_ended() -> None:
    """In words, with the rule's source."""
    texts = rows(0, 8, ".5f9.20")
    spans = [one for n, slot in enumerate(RACK) for one in row(slot, texts[n])]
    (one,) = incidents(watch(RACK, *spans))
    assert one.why[0].startswith("8 of 8 slots of c2/r01 began within 0 s: all GPUs of a domain")
    assert one.ending.startswith("The fabric state is completed with status success again")
    assert (one.root.slot, one.root.reason) == (None, "fabric_down")
    assert len(one.after_effects) == len(RACK)
    assert [(e.node, e.first_sequence, e.last_sequence) for e in one.root.evidence] == [
        ("r01-t01", 6, 6),
        ("r01-t02", 6, 6),
    ]


def test_nobody_saw_how_a_failure_ended() -> None:
    """Then it says so; the end is where it was seen last."""
    spans = list(row(TRAY[0], ".5l9_40.9"))
    (one,) = incidents(watch(TRAY[:1], *spans))
    assert short(one) == f"presence {S1} 5-54 1 slots 0/9/40"
    spans = [
        one for n, slot in enumerate(TRAY) for one in row(slot, ".14_40.9" if n else ".5l9_40")
    ]
    failure = incidents(watch(TRAY, *spans))[0]
    assert (failure.end_ms, failure.ending[:45]) == (
        14 * MINUTE_MS,
        "It was seen no more; nobody observed how it e",
    )
