"""
What the operator can do to the records behind a node's last block, and cite what comes out of it.

He signs manifest and statement rightly and chains anew whatever he changed.  Left are the nodes'
keys; behind the last record that its node signed a tail is his word, so nothing is changed there.
"""

import json
from random import Random
from typing import Any

from gpusla.evidence import ed25519
from gpusla.evidence.envelope import canonical, head_bytes
from gpusla.evidence.keys import to_text
from gpusla.journal.chain import Head
from gpusla.journal.codec import digest
from tests.core.verify.maker import (
    STRANGER,
    bundle,
    citing,
    dead,
    dying,
    identity,
    sealed,
    text_of,
)
from tests.mutations.attempts import Attempt, one_bit

NODES = ("c1-r1-t1", "c1-r1-t2")
FOLLOW = frozenset({"chain", "record", "signature", "key", "format", "statement"})

Lines = list[bytes]


def lines_of(name: str) -> tuple[Lines, int]:
    """Return the lines of a node's hours, and the place of the first one of its tail."""
    lines = dying()[f"hours/{name}.jsonl"].splitlines()
    closing = [place for place, line in enumerate(lines) if b'"kind":"hour"' in line]
    return lines, closing[-1] + 1


def with_lines(name: str, lines: Lines, *, is_cited: bool) -> bytes:
    """Return the bundle with other hours of a node; is_cited: the statement cites their last."""
    heads = {node: made.head for node, made in dead().items()}
    if is_cited:
        heads |= {name: Head(json.loads(lines[-1])["seq"], digest(lines[-1]))}
    found = dying(with_journals=False) | {f"hours/{name}.jsonl": text_of(lines)}
    return bundle(found | {"statement.json": sealed(citing(heads))})


def chained(lines: Lines, place: int, record: dict[str, Any]) -> Lines:
    """Return lines with another record at a place, and all behind it chained and numbered anew."""
    made = lines[:place]
    for behind in (record, *map(json.loads, lines[place + 1 :])):
        behind |= {"prev": digest(made[-1]), "seq": json.loads(made[-1])["seq"] + 1}
        made.append(canonical(behind))
    return made


def flip(chance: Random) -> bytes:
    """Change one bit of a record of a tail."""
    name = chance.choice(NODES)
    lines, first = lines_of(name)
    place = chance.randrange(first, len(lines) - 1)
    lines[place] = one_bit(chance, lines[place])
    return with_lines(name, lines, is_cited=False)


def rewrite(chance: Random) -> bytes:
    """Change what a sample saw, chain all behind it anew, and cite the last of them."""
    name = chance.choice(NODES)
    lines, first = lines_of(name)
    place = chance.choice(range(first, len(lines) - 1, 2))
    record = json.loads(lines[place])
    record["body"]["slots"] = dict.fromkeys(record["body"]["slots"], "ok")
    record["body"]["samples"] += chance.randint(1, 99)
    return with_lines(name, chained(lines, place, record), is_cited=True)


def move(chance: Random) -> bytes:
    """Leave records out, double one, or swap two."""
    name = chance.choice(NODES)
    lines, first = lines_of(name)
    one, two = sorted(chance.sample(range(first, len(lines) - 1), 2))
    how = chance.randrange(3)
    if how == 0:
        del lines[one:two]
    elif how == 1:
        lines.insert(one, lines[one])
    else:
        lines[one], lines[two] = lines[two], lines[one]
    return with_lines(name, lines, is_cited=chance.random() < 0.5)


def leave_out(chance: Random) -> bytes:
    """Leave a signed sample out, and chain and number what comes after anew."""
    name = chance.choice(NODES)
    lines, first = lines_of(name)
    place = chance.choice(range(first, len(lines) - 3, 2))
    record = json.loads(lines[place + 1])
    return with_lines(
        name, chained([*lines[:place], *lines[place + 1 :]], place, record), is_cited=True
    )


def cut_off(chance: Random) -> bytes:
    """End a tail before the record that the statement cites."""
    name = chance.choice(NODES)
    lines, first = lines_of(name)
    return with_lines(name, lines[: chance.randrange(first + 1, len(lines))], is_cited=False)


def append(chance: Random) -> bytes:
    """Add records behind the one that is cited, rightly chained."""
    name = chance.choice(NODES)
    lines, _ = lines_of(name)
    for _ in range(chance.randint(1, 5)):
        record = json.loads(lines[-1])
        record |= {"prev": digest(lines[-1]), "seq": record["seq"] + 1}
        lines.append(canonical(record))
    return with_lines(name, lines, is_cited=False)


def swap_nodes(chance: Random) -> bytes:
    """Put one record, or all of a tail, of another node in."""
    one, two = chance.sample(NODES, 2)
    (lines, first), (others, _) = lines_of(one), lines_of(two)
    place = chance.randrange(first, len(lines) - 1)
    until = chance.choice([place + 1, len(lines)])
    made = [*lines[:place], *others[place:until], *lines[until:]]
    return with_lines(one, made, is_cited=chance.random() < 0.5)


def forge_a_signature(chance: Random) -> bytes:
    """Change a sample, and sign what comes out with a key of one's own."""
    name = chance.choice(NODES)
    lines, first = lines_of(name)
    place = chance.choice(range(first, len(lines) - 2, 2))
    record = json.loads(lines[place])
    record["body"]["samples"] += chance.randint(1, 99)
    lines = chained(lines, place, record)
    signature = json.loads(lines[place + 1])
    head = Head(record["seq"], digest(lines[place]))
    signature["body"]["signature"] = to_text(ed25519.sign(STRANGER, head_bytes(name, head)))
    if chance.random() < 0.5:
        signature["body"]["key"] = identity(STRANGER)
    return with_lines(name, chained(lines, place + 1, signature), is_cited=True)


def another_start(chance: Random) -> bytes:
    """Change the start that a tail rests on, with or without the signature that vouches for it."""
    name = chance.choice(NODES)
    lines, _ = lines_of(name)
    record = json.loads(lines[0])
    record["body"]["valid_ms"] = chance.randint(10**4, 10**7)
    end = [b'"kind":"signature"' in line for line in lines].index(True)
    made = [canonical(record)]
    for line in lines[1:end]:
        made.append(canonical(json.loads(line) | {"prev": digest(made[-1])}))
    rest = lines[end + chance.randint(0, 1) :]
    return with_lines(name, [*made, *rest], is_cited=False)


ATTEMPTS = (
    Attempt("tail: a bit", flip, FOLLOW),
    Attempt("tail: rewritten", rewrite, frozenset({"signature"})),
    Attempt("tail: records moved", move, frozenset({"chain", "statement"})),
    Attempt("tail: a record left out", leave_out, frozenset({"signature"})),
    Attempt("tail: cut off", cut_off, frozenset({"chain"})),
    Attempt("tail: records appended", append, frozenset({"chain"})),
    Attempt("tail: another's records", swap_nodes, frozenset({"chain"})),
    Attempt("tail: signed by a stranger", forge_a_signature, frozenset({"signature", "key"})),
    Attempt("tail: another start", another_start, frozenset({"chain", "signature"})),
)
