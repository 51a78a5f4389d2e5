"""Inventories, assignments, exclusions and claims are read whole or refused in one sentence."""

# ruff: noqa: E501  (a promised sentence stands on one line)

from pathlib import Path

import pytest

from gpusla.documents import parse
from gpusla.errors import InventoryError
from gpusla.identity import ContractId, NodeName, parse_slot
from gpusla.instants import Interval, parse_instant
from gpusla.inventory.load import (
    read_assignments,
    read_claims,
    read_exclusions,
    read_inventory,
)
from gpusla.inventory.registry import Assignments, Claims, Exclusions, Inventory

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "fleet"

INVENTORY = """\
apiVersion: gpusla/v1
kind: Inventory
metadata: {site: c2}
nodes:
  - {id: a, node: a, address: "http://a:1", rack: r01, tray: t01, sku: gb300, modules: [2, 1], from: 2026-01-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
  - {id: b, node: b, address: "http://b:1", rack: r01, tray: t02, sku: gb300, modules: [1], from: 2026-01-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
occupancy:
  - {id: o1, slot: c2/r01/t01/m2, gpu: GPU-00000001, from: 2026-01-01T00:00:00Z, until: 2026-02-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
  - {id: o2, slot: c2/r01/t01/m2, gpu: GPU-00000002, from: 2026-02-01T00:00:00Z, recorded_at: 2026-02-01T00:00:00Z}
"""
ASSIGNMENTS = """\
apiVersion: gpusla/v1
kind: Assignments
assignments:
  - {id: x, slots: [c2/r01/t01], contract: one, from: 2026-01-01T00:00:00Z, until: 2026-03-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
  - {id: y, slots: [c2/r01/t01/m1, c2/r01/t02], contract: two, from: 2026-03-01T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
"""
EXCLUSIONS = """\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {id: e, slots: [c2/r01/t01], contract: one, kind: planned-maintenance, reason: r, clause: c, approver: desk, from: 2026-01-05T00:00:00Z, until: 2026-01-06T00:00:00Z, recorded_at: 2026-01-01T00:00:00Z}
"""
CLAIMS = """\
apiVersion: gpusla/v1
kind: Claims
claims:
  - {id: k1, contract: one, period: 2026-01, claimed_at: 2026-02-09T10:00:00Z, by: tenant, reference: ticket 7, recorded_at: 2026-02-09T11:00:00Z}
  - {id: k2, contract: one, period: 2026-01, claimed_at: 2026-02-03T10:00:00Z, by: tenant, reference: mail, recorded_at: 2026-02-10T00:00:00Z}
  - {id: k3, contract: two, period: 2026-01, claimed_at: 2026-02-04T10:00:00Z, by: tenant, reference: mail, recorded_at: 2026-02-10T00:00:00Z}
"""


def inventory(text: str = INVENTORY) -> Inventory:
    """Read an inventory."""
    return read_inventory(parse(text.encode(), "i.yaml"))


def assignments(text: str = ASSIGNMENTS) -> Assignments:
    """Read assignments of the small inventory."""
    return read_assignments(parse(text.encode(), "a.yaml"), inventory())


def exclusions(text: str = EXCLUSIONS) -> Exclusions:
    """Read exclusions of the small inventory."""
    return read_exclusions(parse(text.encode(), "e.yaml"), inventory())


def claims(text: str = CLAIMS) -> Claims:
    """Read claims."""
    return read_claims(parse(text.encode(), "k.yaml"))


def test_a_slot_is_named_by_its_module_and_knows_the_gpu_of_the_day() -> None:
    """The GPU was replaced on the first of February."""
    january, february = (
        parse_instant("2026-01-31T23:59:59.999Z"),
        parse_instant("2026-02-01T00:00:00Z"),
    )
    first, second = inventory().expected(NodeName("a"), january)
    assert (str(first.slot), first.module_id, first.uuid) == ("c2/r01/t01/m2", 2, "GPU-00000001")
    assert (str(second.slot), second.uuid) == ("c2/r01/t01/m1", None)
    assert inventory().expected(NodeName("a"), february)[0].uuid == "GPU-00000002"
    assert inventory().expected(NodeName("a"), parse_instant("2025-12-31T00:00:00Z")) == ()


def test_an_assignment_is_held_from_its_first_instant_to_before_its_last() -> None:
    """Half-open, cut to what was asked."""
    whole = Interval(parse_instant("2026-02-01T00:00:00Z"), parse_instant("2026-04-01T00:00:00Z"))
    march = parse_instant("2026-03-01T00:00:00Z")
    slot = parse_slot("c2/r01/t01/m1")
    assert assignments().held(ContractId("one"), whole)[slot] == (Interval(whole.start_ms, march),)
    assert assignments().held(ContractId("two"), whole)[slot] == (Interval(march, whole.end_ms),)
    assert assignments().contract_at(slot, march - 1) == "one"
    assert assignments().contract_at(slot, march) == "two"
    assert assignments().contract_at(parse_slot("c2/r01/t01/m2"), march) is None


def test_an_exclusion_excuses_the_part_that_was_asked_about() -> None:
    """And names itself."""
    start = parse_instant("2026-01-05T12:00:00Z")
    excused = exclusions().excused(ContractId("one"), Interval(start, start + 10**9))
    assert list(excused) == [parse_slot("c2/r01/t01/m1"), parse_slot("c2/r01/t01/m2")]
    (part,) = excused[parse_slot("c2/r01/t01/m1")]
    assert part.interval == Interval(start, parse_instant("2026-01-06T00:00:00Z"))
    assert part.exclusion_id == "e"
    assert not exclusions().excused(ContractId("two"), Interval(start, start + 10**9))


INVENTORY_REFUSALS = [
    ("id: b, node: b", "id: a, node: b", "i.yaml:6:10: nodes[1].id: 'a' is used before. Give one another id. [GS1201]"),
    ("id: b, node: b", "id: b, node: a", "i.yaml:6:99: nodes[1].from: the node a is described twice, 'a' and 'b', from 2026-01-01T00:00:00Z. End the first before the second begins. [GS1203]"),
    ("tray: t02", "tray: t01", "i.yaml:6:99: nodes[1].from: the slot c2/r01/t01/m1 is part of two nodes, 'a' and 'b', from 2026-01-01T00:00:00Z. End the first before the second begins. [GS1203]"),
    ("modules: [2, 1]", "modules: [2, 2]", "i.yaml:5:92: nodes[0].modules[1]: module 2 stands here twice. Give one another id. [GS1201]"),
    ("until: 2026-02-01T00:00:00Z", "until: 2026-02-02T00:00:00Z", "i.yaml:9:60: occupancy[1].from: the slot c2/r01/t01/m2 holds two GPUs, 'o1' and 'o2', from 2026-02-01T00:00:00Z. End the first before the second begins. [GS1203]"),
    ("until: 2026-02-01T00:00:00Z", "until: 2026-01-01T00:00:00Z", "i.yaml:8:89: occupancy[0].until: 'o1' ends at 2026-01-01T00:00:00Z, not after it begins at 2026-01-01T00:00:00Z. Correct one of the two instants. [GS1205]"),
    ("slot: c2/r01/t01/m2, gpu: GPU-00000002", "slot: c2/r09/t01/m2, gpu: GPU-00000002", "i.yaml:9:20: occupancy[1].slot: 'c2/r09/t01/m2' is no slot of this inventory. Correct the name or add the thing. [GS1202]"),
    ("slot: c2/r01/t01/m2, gpu: GPU-00000002", "slot: c2/r01/t01/m1, gpu: GPU-00000002, supersedes: o9", "i.yaml:9:66: occupancy[1].supersedes: no record before this one has the id 'o9'. Correct the name or add the thing. [GS1202]"),
    ('"http://b:1"', '"b:1"', "i.yaml:6:31: nodes[1].address: 'b:1' is not a base URL. Write it like http://10.0.0.7:9641. [GS1010]"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), INVENTORY_REFUSALS)
def test_an_inventory_that_contradicts_itself_is_refused(old: str, new: str, sentence: str) -> None:
    """With the place of the second of the two."""
    assert old in INVENTORY
    with pytest.raises(InventoryError) as caught:
        inventory(INVENTORY.replace(old, new))
    assert str(caught.value) == sentence


ASSIGNMENT_REFUSALS = [
    ("until: 2026-03-01T00:00:00Z", "until: 2026-03-01T00:00:00.001Z", "a.yaml:5:70: assignments[1].from: the slot c2/r01/t01/m1 serves two assignments, 'x' and 'y', from 2026-03-01T00:00:00Z. End the first before the second begins. [GS1203]"),
    ("slots: [c2/r01/t01]", "slots: [c2/r01, c2/r02]", "a.yaml:4:29: assignments[0].slots[1]: the inventory has no slot 'c2/r02' at 2026-01-01T00:00:00Z. Correct the name or add the thing. [GS1202]"),
    ("slots: [c2/r01/t01]", "slots: [c2]", "a.yaml:4:21: assignments[0].slots[0]: 'c2' selects no slots. Write a rack like c2/r01, a tray like c2/r01/t03 or a slot like c2/r01/t03/m2. [GS1010]"),
    ("from: 2026-01-01T00:00:00Z", "from: 2025-01-01T00:00:00Z", "a.yaml:4:21: assignments[0].slots[0]: the inventory has no slot 'c2/r01/t01' at 2025-01-01T00:00:00Z. Correct the name or add the thing. [GS1202]"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), ASSIGNMENT_REFUSALS)
def test_assignments_that_cannot_be_are_refused(old: str, new: str, sentence: str) -> None:
    """A slot serves one contract at a time, and exists."""
    assert old in ASSIGNMENTS
    with pytest.raises(InventoryError) as caught:
        assignments(ASSIGNMENTS.replace(old, new))
    assert str(caught.value) == sentence


def test_an_exclusion_without_an_end_is_refused() -> None:
    """Nobody agrees to never."""
    with pytest.raises(InventoryError) as caught:
        exclusions(EXCLUSIONS.replace("until: 2026-01-06T00:00:00Z, ", ""))
    assert str(caught.value) == "e.yaml:4:5: exclusions[0].until is missing. Add it. [GS1009]"


def test_the_earliest_claim_in_force_counts() -> None:
    """Of one contract and period; one that is withdrawn, or not yet known, does not."""
    one, made = ContractId("one"), parse_instant("2026-02-03T10:00:00Z")
    assert claims().first_ms(one, "2026-01") == made
    assert claims().first_ms(one, "2026-02") is None
    assert claims().first_ms(ContractId("three"), "2026-01") is None
    withdrawn = CLAIMS + CLAIMS.splitlines(keepends=True)[4].replace("id: k2", "id: k4").replace(
        "recorded_at: 2026-02-10", "supersedes: k2, withdrawn: true, recorded_at: 2026-02-11"
    )
    assert claims(withdrawn).first_ms(one, "2026-01") == parse_instant("2026-02-09T10:00:00Z")


CLAIM_REFUSALS = [
    ("id: k2", "id: k1", "k.yaml:5:10: claims[1].id: 'k1' is used before. Give one another id. [GS1201]"),
    ("period: 2026-01, claimed_at: 2026-02-09", "period: 2026-13, claimed_at: 2026-02-09", "k.yaml:4:37: claims[0].period: '2026-13' is not a billing period. Write the month that it begins in, like 2026-10. [GS1010]"),
    ("period: 2026-01, claimed_at: 2026-02-09", "period: 2026-01-v2, claimed_at: 2026-02-09", "k.yaml:4:37: claims[0].period: '2026-01-v2' is not a billing period. Write the month that it begins in, like 2026-10. [GS1010]"),
    ("T11:00:00Z", "T09:59:59Z", "k.yaml:4:126: claims[0].recorded_at: 'k1' is recorded at 2026-02-09T09:59:59Z, before it was made at 2026-02-09T10:00:00Z. Correct one of the two instants. [GS1205]"),
    ("id: k2", "id: k2, supersedes: k9", "k.yaml:5:26: claims[1].supersedes: no record before this one has the id 'k9'. Correct the name or add the thing. [GS1202]"),
    ("id: k1", "id: k1, withdrawn: true", "k.yaml:4:25: claims[0].withdrawn: 'k1' is withdrawn and supersedes nothing. Name the record that it takes back in `supersedes`. [GS1010]"),
    ("reference: ticket 7, ", "", "k.yaml:4:5: claims[0].reference is missing. Add it. [GS1009]"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), CLAIM_REFUSALS)
def test_claims_that_cannot_be_are_refused(old: str, new: str, sentence: str) -> None:
    """With the place and the way out."""
    assert CLAIMS.count(old) == 1
    with pytest.raises(InventoryError) as caught:
        claims(CLAIMS.replace(old, new))
    assert str(caught.value) == sentence


def test_the_examples_are_a_fleet_of_three_racks_and_five_contracts() -> None:
    """54 trays, 216 GPUs, all but none of them assigned."""
    fleet = read_inventory(parse((EXAMPLES / "inventory.yaml").read_bytes(), "inventory.yaml"))
    held = read_assignments(parse((EXAMPLES / "assignments.yaml").read_bytes(), "a"), fleet)
    read_exclusions(parse((EXAMPLES / "exclusions.yaml").read_bytes(), "e"), fleet)
    read_claims(parse((EXAMPLES / "claims.yaml").read_bytes(), "k"))
    start = parse_instant("2026-07-01T05:00:00Z")
    month = Interval(start, start + 1)
    assert len(fleet.nodes(start)) == 54
    assert {c: len(held.held(c, month)) for c in held.contracts()} == {
        "anthropic-2026": 72, "cursor-2026": 16, "google-2026": 36,
        "house": 20, "reflection-2026": 72,
    }  # fmt: skip
    assert not held.held(ContractId("house"), Interval(start - 1, start))


KEY, OTHER_KEY = "AQ" + "A" * 41 + "=", "Ag" + "A" * 41 + "="


def with_keys(first: str, second: str = "[]") -> str:
    """Return the inventory whose two nodes list keys."""
    one, two = "modules: [2, 1],", "modules: [1],"
    return INVENTORY.replace(one, f"{one} keys: {first},").replace(two, f"{two} keys: {second},")


def test_a_node_may_list_the_keys_that_sign_its_journal() -> None:
    """And lists none where it does not say."""
    listed = inventory(with_keys(f'["{KEY}", "{OTHER_KEY}"]'))
    assert listed.keys(NodeName("a")) == {KEY, OTHER_KEY}
    assert listed.keys(NodeName("b")) == frozenset()


def test_a_key_is_one_nodes_alone() -> None:
    """Else each could tell the other's story."""
    with pytest.raises(InventoryError, match=r"nodes\[1\]\.keys\[0\]: the key is a's"):
        inventory(with_keys(f'["{KEY}"]', f'["{KEY}"]'))


@pytest.mark.parametrize("text", ['"AQ=="', '"not a key"', "7", '"AR' + "A" * 41 + '"'])
def test_what_is_no_key_is_refused(text: str) -> None:
    """With the way out."""
    with pytest.raises(InventoryError, match="is not a node's public key"):
        inventory(with_keys(f"[{text}]"))


def test_a_record_that_supersedes_takes_keys_away() -> None:
    """A key that is listed no more signs no more."""
    again = INVENTORY.replace(
        "occupancy:",
        '  - {id: a2, node: a, address: "http://a:1", rack: r01, tray: t01, sku: gb300, modules: [2, 1], supersedes: a, from: 2026-01-01T00:00:00Z, recorded_at: 2026-01-02T00:00:00Z}\noccupancy:',
    )
    first = again.replace("modules: [2, 1], from", f'modules: [2, 1], keys: ["{KEY}"], from')
    assert inventory(first).keys(NodeName("a")) == frozenset()
