"""Files that nobody should take in, each with the sentence that refuses it."""

# ruff: noqa: E501  (a promised sentence stands on one line)

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = (ROOT / "examples" / "contracts" / "reflection-2026.yaml").read_text("utf-8")
INVENTORY = (ROOT / "examples" / "fleet" / "inventory.yaml").read_text("utf-8")
ASSIGNMENTS = (ROOT / "examples" / "fleet" / "assignments.yaml").read_text("utf-8")
EXCLUSIONS = (ROOT / "examples" / "fleet" / "exclusions.yaml").read_text("utf-8")
CLAIMS = (ROOT / "examples" / "fleet" / "claims.yaml").read_text("utf-8")

WRITE_OUT = "Write the value out: a short file of aliases can expand to gigabytes. [GS1005]"
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [*{before}, *{before}, *{before}, *{before}, *{before}, *{before}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@dataclass(frozen=True, slots=True)
class Case:
    """A file and what is said of it behind its name."""

    name: str
    content: bytes
    sentence: str


ANY_FILE = (
    Case("empty", b"", ": the file holds nothing. An empty input is an error, not a clean result: write the file or remove it. [GS1011]"),
    Case("only_comments", b"# nothing\n\n", ": the file holds nothing. An empty input is an error, not a clean result: write the file or remove it. [GS1011]"),
    Case("ten_megabytes_of_nesting", b"a: " + b"[" * 10_000_000, ": the file has more than the 262,144 bytes that are read. Split it. [GS1002]"),
    Case("a_quarter_megabyte_of_nesting", b"a: " + b"[" * 250_000, ":1:23: this is nested over 20 levels. Flatten it. [GS1006]"),
    Case("many_values", b"a: [" + b"1," * 100_000 + b"]", ":1:40001: this is value number 20,001. Split the file. [GS1002]"),
    Case("billion_laughs", LAUGHS.encode(), f":1:4: &a is an anchor. {WRITE_OUT}"),
    Case("alias", b"a: *b\n", f":1:4: *b is an alias. {WRITE_OUT}"),
    Case("code", b"a: !!python/object/apply:os.system ['true']\n", ":1:4: the tag 'tag:yaml.org,2002:python/object/apply:os.system' is not allowed. Remove it: a value is what it looks like, and text goes in quotes. [GS1004]"),
    Case("latin_1", "kind: Verträge\n".encode("latin-1"), ":1:12: byte 0xe4 is not UTF-8. Save it as UTF-8. [GS1003]"),
    Case("utf_16", "kind: x\n".encode("utf-16"), ":1:1: byte 0xff is not UTF-8. Save it as UTF-8. [GS1003]"),
    Case("nul", b"kind: a\x00b\n", ":1:8: the character U+0000 is not allowed. Remove it. [GS1004]"),
    Case("duplicate_key", b"kind: a\nkind: b\n", ":2:1: the key 'kind' stands here and in line 1. Keep one of the two. [GS1007]"),
    Case("two_documents", b"kind: a\n---\nkind: b\n", ":2:1: a second document begins here. Keep one document in a file and remove this line. [GS1004]"),
    Case("tabs", b"metadata:\n\tid: a\n", ":2:1: a tab indents this line. Indent with spaces. [GS1004]"),
    Case("unclosed", b"a: [1, 2\n", ":2:1: this is not YAML: did not find expected ',' or ']'. Mend the line that the message names. [GS1004]"),
    Case("a_list", b"- a\n- b\n", ":1:1: a list is not a mapping. Write a mapping here. [GS1010]"),
)  # fmt: skip


def changed(text: str, name: str, old: str, new: str, sentence: str) -> Case:
    """Return a good file with one thing made bad."""
    assert text.count(old) >= 1, old
    return Case(name, text.replace(old, new, 1).encode(), sentence)


BAD_CONTRACTS = (
    changed(CONTRACT, "unknown_key", "timezone:", "time_zone:", ":19:3: term.time_zone is not a known key. Write 'timezone' if that is meant, or remove it. [GS1008]"),
    changed(CONTRACT, "wrong_type", "min_healthy_gpus: 64", "min_healthy_gpus: many", ":30:21: capacity.min_healthy_gpus: 'many' is not a whole number. Write a whole number here. [GS1010]"),
    changed(CONTRACT, "unquoted_is_text_too", 'target: "0.99"', "target: 99.5", ":38:13: slos[0].target: 99.5 is a percentage, and a ratio is asked for. Write 0.995. [GS1010]"),
    changed(CONTRACT, "unknown_zone", "America/Chicago", "America/Chikago", ":19:13: term.timezone: 'America/Chikago' is not in the IANA time zone database. Write an IANA name such as America/Chicago, or UTC. [GS1102]"),
    changed(CONTRACT, "overlapping_tiers", 'below: "0.98"', 'below: "0.99"', ":54:11: slos[0].credit.tiers[1]: this tier does not lie below the one before it with a larger percentage. List the tiers from the highest `below` to the lowest, each with a larger percent. [GS1101]"),
    changed(CONTRACT, "ends_before_it_starts", "end: 2029-12-31", "end: 2025-12-31", ":18:8: term.end: 2025-12-31 is before the start, 2026-07-01. Let every date lie inside the term and the term end after it starts. [GS1103]"),
    changed(CONTRACT, "missing_key", "  currency: USD\n", "", ":22:3: fees.currency is missing. Add it. [GS1009]"),
    changed(CONTRACT, "other_kind", "kind: Contract", "kind: Inventory", ":6:7: kind: 'Inventory' is not allowed. Write 'Contract'. [GS1010]"),
)  # fmt: skip

BAD_INVENTORIES = (
    changed(INVENTORY, "duplicate_id", "id: r01-t02", "id: r01-t01", ":17:9: nodes[1].id: 'r01-t01' is used before. Give one another id. [GS1201]"),
    changed(INVENTORY, "duplicate_node", "node: r01-t02", "node: r01-t01", ":24:11: nodes[1].from: the node r01-t01 is described twice, 'r01-t01' and 'r01-t02', from 2026-06-15T00:00:00Z. End the first before the second begins. [GS1203]"),
    changed(INVENTORY, "duplicate_slot", "tray: t02", "tray: t01", ":24:11: nodes[1].from: the slot c2/r01/t01/m2 is part of two nodes, 'r01-t01' and 'r01-t02', from 2026-06-15T00:00:00Z. End the first before the second begins. [GS1203]"),
    changed(INVENTORY, "unknown_key", "    sku: gb300", "    kind: gb300", ":13:5: nodes[0].kind is not a known key. Remove it; known here are address, from, id, keys, modules, node, rack, recorded_at, sku, supersedes, tray, until, withdrawn. [GS1008]"),
    changed(INVENTORY, "local_time", "2026-06-15T00:00:00Z", "2026-06-15T00:00:00+02:00", ":15:11: nodes[0].from: '2026-06-15T00:00:00+02:00' is not an instant in UTC. Write it like 2026-07-01T05:00:00Z. [GS1010]"),
    changed(INVENTORY, "wrong_type", "[2, 1, 4, 3]", "[2, one, 4, 3]", ":14:18: nodes[0].modules[1]: 'one' is not a whole number. Write a whole number here. [GS1010]"),
    changed(INVENTORY, "unknown_slot", "slot: c2/r01/t01/m2", "slot: c2/r01/t01/m9", ":496:11: occupancy[0].slot: 'c2/r01/t01/m9' is no slot of this inventory. Correct the name or add the thing. [GS1202]"),
)  # fmt: skip

BAD_ASSIGNMENTS = (
    changed(ASSIGNMENTS, "overlap", "slots: [c2/r02]", "slots: [c2/r02, c2/r01/t05]", ":14:11: assignments[1].from: the slot c2/r01/t05/m1 serves two assignments, 'reflection-2026-from-july' and 'anthropic-2026-from-july', from 2026-07-01T05:00:00Z. End the first before the second begins. [GS1203]"),
    changed(ASSIGNMENTS, "unknown_rack", "slots: [c2/r01]", "slots: [c2/r07]", ":7:13: assignments[0].slots[0]: the inventory has no slot 'c2/r07' at 2026-07-01T05:00:00Z. Correct the name or add the thing. [GS1202]"),
    changed(ASSIGNMENTS, "duplicate_id", "id: anthropic-2026-from-july", "id: reflection-2026-from-july", ":11:9: assignments[1].id: 'reflection-2026-from-july' is used before. Give one another id. [GS1201]"),
    changed(ASSIGNMENTS, "backwards", "    recorded_at", "    until: 2026-06-01T00:00:00Z\n    recorded_at", ":10:12: assignments[0].until: 'reflection-2026-from-july' ends at 2026-06-01T00:00:00Z, not after it begins at 2026-07-01T05:00:00Z. Correct one of the two instants. [GS1205]"),
)  # fmt: skip

BAD_EXCLUSIONS = (
    changed(EXCLUSIONS, "no_end", "    until: 2026-07-19T12:00:00Z\n", "", ":6:5: exclusions[0].until is missing. Add it. [GS1009]"),
    changed(EXCLUSIONS, "unknown_rack", "slots: [c2/r01]", "slots: [c2/r0]", ":7:13: exclusions[0].slots[0]: the inventory has no slot 'c2/r0' at 2026-07-19T08:00:00Z. Correct the name or add the thing. [GS1202]"),
    changed(EXCLUSIONS, "no_reason", "reason: Firmware of the NVLink switch trays.", "reason: ''", ":10:13: exclusions[0].reason: '' is not allowed. It should have at least 1 character. [GS1010]"),
)  # fmt: skip

BAD_CLAIMS = (
    changed(CLAIMS, "unknown_contract", "contract: reflection-2026", "contract: reflexion-2026", ":9:15: claims[0].contract: no contract file defines 'reflexion-2026'. Correct the name or add the contract. [GS1202]"),
    changed(CLAIMS, "unknown_period", "period: 2026-07", "period: 2062-07", ":10:13: claims[0].period: contract reflection-2026 has no period '2062-07'. Its periods run from 2026-07 to 2029-12. [GS1202]"),
    changed(CLAIMS, "no_reference", "    reference: Letter of 4 August, ticket 4711.\n", "", ":8:5: claims[0].reference is missing. Add it. [GS1009]"),
)  # fmt: skip
