"""
What the operator can do, who signs manifest and statement: all is listed and signed rightly again.

Left are the nodes' own keys, which he has not got.  Only what a node signed is changed here: of the
records behind its last block, and of the instant at which it closed one, it said nothing yet.
"""

import json
from functools import cache
from random import Random
from typing import Any

from gpusla.evidence import ed25519
from gpusla.evidence.envelope import canonical, hour_bytes
from gpusla.evidence.keys import to_text
from gpusla.journal.codec import digest
from tests.core.verify.maker import (
    STRANGER,
    NodeJournal,
    bundle,
    identity,
    journal,
    members,
    public,
    sealed,
    statement_bytes,
    text_of,
    usual,
)
from tests.mutations.attempts import Attempt, Members, one_bit

NODES = ("c1-r1-t1", "c1%2Er1%2Et2")
FOLLOW = frozenset({"chain", "block", "record", "signature", "key", "format"})

Record = dict[str, Any]


def bare() -> Members:
    """Return the members without the records behind the blocks."""
    return {name: one for name, one in usual().items() if not name.startswith("journals/")}


def hours(name: str) -> list[Record]:
    """Return a node's keys and blocks."""
    return [json.loads(line) for line in usual()[f"hours/{name}.jsonl"].splitlines()]


def with_hours(name: str, records: list[Record], *, is_bare: bool = True) -> bytes:
    """Return the bundle with other keys and blocks of a node, signed by the operator."""
    text = text_of([canonical(record) for record in records])
    return bundle((bare() if is_bare else usual()) | {f"hours/{name}.jsonl": text})


def blocks_of(records: list[Record]) -> list[int]:
    """Return the places of the blocks among a node's records."""
    return [place for place, record in enumerate(records) if record["kind"] == "hour"]


def edit_a_block(chance: Random) -> bytes:
    """Change what a block says: another GPU, an outage less, other times or counts."""
    name = chance.choice(NODES)
    records = hours(name)
    block = records[chance.choice(blocks_of(records))]["body"]["block"]
    slot = chance.choice(sorted(block["gpus"]))
    row = chance.choice(block["spans"][slot])
    edits = (
        lambda: block["gpus"].update({slot: f"GPU-other-{chance.randrange(99)}"}),
        lambda: block["gpus"].update({slot: None}),
        lambda: block["spans"].update({slot: block["spans"][slot][:-1]}),
        lambda: row.__setitem__(0, row[0] - chance.randint(1, 999)),
        lambda: row.__setitem__(1, row[1] + chance.randint(1, 999)),
        lambda: block["conditions"].__setitem__(0, ["down", [["gpu_lost", "NVML 16"]]]),
        lambda: block.update(samples=block["samples"] + 1),
        lambda: block.update(head="ab" * 32),
        lambda: block.update(node="c1-r9-t9"),
        lambda: block.update(until_ms=block["until_ms"] + chance.randint(1, 999)),
        lambda: block["records"].update(observed=block["records"]["observed"] + 1),
        lambda: block.update(number=block["number"] + chance.randint(1, 9)),
    )
    chance.choice(edits)()
    return with_hours(name, records)


def edit_and_sign(chance: Random) -> bytes:
    """Change a block and sign it with a key that the operator made, under one name or another."""
    name = chance.choice(NODES)
    records = hours(name)
    body = records[chance.choice(blocks_of(records))]["body"]
    slot = chance.choice(sorted(body["block"]["gpus"]))
    body["block"]["gpus"][slot] = f"GPU-other-{chance.randrange(99)}"
    body["signature"] = to_text(ed25519.sign(STRANGER, hour_bytes(body["block"])))
    if chance.random() < 0.5:
        body["key"] = identity(STRANGER)
    return with_hours(name, records)


def unsign(chance: Random) -> bytes:
    """Take signatures off, of one block or of all."""
    name = chance.choice(NODES)
    records = hours(name)
    places = blocks_of(records)
    for place in places if chance.random() < 0.3 else [chance.choice(places)]:
        records[place]["body"] |= {"key": "", "signature": ""}
    return with_hours(name, records)


def move_blocks(chance: Random) -> bytes:
    """Leave blocks out, double them, or swap them, even to before the key that signed them."""
    name = chance.choice(NODES)
    records = hours(name)
    places = blocks_of(records)
    one, two = sorted(chance.sample(places[:-1], 2))
    how = chance.randrange(3)
    if how == 0:
        del records[chance.choice(places[1:-1])]
    elif how == 1:
        records.insert(one, records[one])
    else:
        records[one], records[two] = records[two], records[one]
    return with_hours(name, records)


def splice_two_nodes(chance: Random) -> bytes:
    """Give a node blocks of another one: all, the last few, or with their node's name changed."""
    one, two = chance.sample(NODES, 2)
    ours, theirs = hours(one), hours(two)
    place = chance.randint(0, 3)
    records = [*ours[:place], *theirs[place:]]
    if chance.random() < 0.5:
        for record in records:
            if record["kind"] == "hour":
                record["body"]["block"]["node"] = one.replace("%2E", ".")
    return with_hours(one, records)


def edit_a_key(chance: Random) -> bytes:
    """Change what introduces a key, or replace it by one that nobody endorsed."""
    records = hours("c1%2Er1%2Et2")
    keys = [record for record in records if record["kind"] == "key"]
    body, how = keys[chance.randrange(len(keys))]["body"], chance.randrange(4)
    if how == 0:
        body["public"] = public(STRANGER)
    elif how == 1:
        body["signature"] = to_text(chance.randbytes(64))
    elif how == 2:
        keys[1]["body"]["endorsement"] = to_text(chance.randbytes(64))
    else:
        keys[1]["body"]["endorsement"] = ""
    return with_hours("c1%2Er1%2Et2", records)


@cache
def unendorsed() -> NodeJournal:
    """Return a journal whose second key the first did not endorse."""
    made = NodeJournal("c1-r1-t1", None).start().introduce(b"\x0b" * 32)
    made.observe().close().introduce(STRANGER, endorsed=False)
    return made.observe().close().observe().close()


def take_over_a_node(chance: Random) -> bytes:
    """Write a history of one's own with a key of one's own, which is not enrolled."""
    made = unendorsed() if chance.random() < 0.3 else journal("c1-r1-t1", STRANGER)
    found = members({"c1-r1-t1": made}, {"c1-r1-t1": [public(b"\x0b" * 32)]})
    return bundle(found, revision=chance.randint(1, 99))


def old_key(chance: Random) -> bytes:
    """Take a key out of the list of the node's: nothing that it signed counts any more."""
    told = json.loads(usual()["nodes.json"])
    told["nodes"]["c1.r1.t2"]["keys"] = [public(bytes([chance.randint(100, 200)]) * 32)]
    return bundle(usual() | {"nodes.json": canonical(told)})


def lines_of(name: str) -> tuple[list[bytes], int]:
    """Return a node's records, and how many of them its blocks stand for."""
    block = hours(name)[-1]["body"]["block"]
    return usual()[f"journals/{name}.jsonl"].splitlines(), block["last_sequence"]


def with_lines(name: str, lines: list[bytes]) -> bytes:
    """Return the bundle with other records of a node, signed by the operator."""
    return bundle(usual() | {f"journals/{name}.jsonl": text_of(lines)})


def flip_in_the_journal(chance: Random) -> bytes:
    """Change one bit of a record that a block stands for."""
    name = chance.choice(NODES)
    lines, covered = lines_of(name)
    place = chance.randrange(covered)
    lines[place] = one_bit(chance, lines[place])
    return with_lines(name, lines)


def move_records(chance: Random) -> bytes:
    """Leave a record out, double one, swap two, or end the journal early."""
    name = chance.choice(NODES)
    lines, covered = lines_of(name)
    one, two = sorted(chance.sample(range(covered), 2))
    how = chance.randrange(4)
    if how == 0:
        del lines[one]
    elif how == 1:
        lines.insert(one, lines[one])
    elif how == 2:
        lines[one], lines[two] = lines[two], lines[one]
    else:
        del lines[one:]
    return with_lines(name, lines)


def rewrite_the_journal(chance: Random) -> bytes:
    """Change a record and chain all behind it anew, which a signed head then is not of."""
    name = chance.choice(NODES)
    lines, covered = lines_of(name)
    records = [json.loads(line) for line in lines]
    place = chance.choice(
        [place for place in range(covered) if records[place]["kind"] == "observed"]
    )
    records[place]["body"]["slots"] = {}
    made = lines[:place]
    for record in records[place:]:
        record["prev"] = digest(made[-1])
        made.append(canonical(record))
    return with_lines(name, made)


def other_journal(chance: Random) -> bytes:
    """Give a node another one's records."""
    one, two = chance.sample(NODES, 2)
    lines, _ = lines_of(two)
    return with_lines(one, lines[: chance.randint(1, len(lines))])


def edited(**others: Any) -> bytes:
    """Return the statement's bytes with other parts, its own digests left as they were."""
    return canonical(json.loads(statement_bytes()) | others)


def other_statement(chance: Random) -> bytes:
    """Put another contract's, or another period's, or an edited statement in, rightly signed."""
    told = json.loads(statement_bytes())
    parts = chance.choice(
        [
            {"contract": told["contract"] | {"id": f"other-{chance.randrange(99)}"}},
            {"contract": told["contract"] | {"digest": "cd" * 32}},
            {"period": told["period"] | {"key": f"2027-{chance.randint(1, 9):02}"}},
            {"evaluation": told["evaluation"] | {"edited": chance.randrange(99)}},
        ]
    )
    return bundle(usual() | {"statement.json": sealed(edited(**parts))})


def cite_another_record(chance: Random) -> bytes:
    """Let the statement rest on a record that a block ends with, under a digest that is not its."""
    name = "c1-r1-t1"
    block = chance.choice([one for one in hours(name) if one["kind"] == "hour"])
    head = {"sequence": block["seq"] - 1, "digest": chance.randbytes(32).hex()}
    inputs = json.loads(statement_bytes())["inputs"] | {"journals": {name: head}}
    return bundle(usual() | {"statement.json": sealed(edited(inputs=inputs))})


def other_facts(chance: Random) -> bytes:
    """Put facts of another contract or period in."""
    told = json.loads(usual()["facts.json"])
    name = chance.choice(["contract", "period"])
    return bundle(
        usual() | {"facts.json": canonical(told | {name: f"other-{chance.randrange(99)}"})}
    )


def other_contract(chance: Random) -> bytes:
    """Put another contract's file in than the statement was judged by."""
    name = "contract/1.yaml"
    return bundle(usual() | {name: usual()[name] + b"#" * chance.randint(1, 99)})


ATTEMPTS = (
    Attempt("operator: a block edited", edit_a_block, frozenset({"signature", "block", "chain"})),
    Attempt("operator: a block signed anew", edit_and_sign, frozenset({"signature", "key"})),
    Attempt("operator: signatures taken off", unsign, frozenset({"signature"})),
    Attempt("operator: blocks moved", move_blocks, frozenset({"chain", "key"})),
    Attempt("operator: two nodes spliced", splice_two_nodes, FOLLOW),
    Attempt("operator: a key edited", edit_a_key, frozenset({"signature", "key"})),
    Attempt("operator: a node taken over", take_over_a_node, frozenset({"key"})),
    Attempt("operator: another key enrolled", old_key, frozenset({"key"})),
    Attempt("operator: a bit of a journal", flip_in_the_journal, FOLLOW),
    Attempt("operator: records moved", move_records, frozenset({"chain"})),
    Attempt("operator: a journal rewritten", rewrite_the_journal, FOLLOW),
    Attempt("operator: another's journal", other_journal, FOLLOW),
    Attempt("operator: another statement", other_statement, frozenset({"statement"})),
    Attempt("operator: another record cited", cite_another_record, frozenset({"statement"})),
    Attempt("operator: other facts", other_facts, frozenset({"statement"})),
    Attempt("operator: another contract", other_contract, frozenset({"statement"})),
)
