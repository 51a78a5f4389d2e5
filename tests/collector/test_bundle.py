"""Bundles of evidence: made of what is on record, checked here by plain code alone."""

import base64
import hashlib
import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from gpusla.catalogue.codes import NOTHING_TO_SHOW, SHARED_NODE
from gpusla.errors import InputError
from gpusla.identity import ContractId, TenantId
from gpusla.ledger.entries import Status
from gpusla_collector.ports import OPERATOR, Evidence, Scope, Store
from gpusla_collector.usecases import tail
from gpusla_collector.usecases.make_bundle import revision_of
from tests.collector.bookings import posted as posted_entry
from tests.collector.bundles import (
    OPERATORS_KEY,
    TRAYS,
    bundle_of,
    bundles_of,
    members_of,
    payload_of,
    posted,
)
from tests.collector.hours import close_hour, introduce
from tests.collector.memory_store import MemoryStore
from tests.collector.site import Tray
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, START_MS, Stage
from tests.core.evidence.signed import ONE

TENANT_B = "beta-2026", "tenant-b", "t02"
"""Words that only what belongs to the other tenant holds."""


@pytest.fixture(scope="module")
def stage() -> Stage:
    """July of two tenants on one rack, posted; nothing here changes it."""
    return posted(Stage(TRAYS))


@pytest.fixture(scope="module")
def members(stage: Stage) -> dict[str, bytes]:
    """What alpha's bundle of July holds, with journals."""
    return members_of(bundle_of(stage, with_journals=True)[0])


def is_signed(public: bytes, kind: str, payload: bytes, signature: str) -> None:
    """Raise unless the key signed a payload of this type in DSSE's encoding."""
    content = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    Ed25519PublicKey.from_public_bytes(public).verify(base64.b64decode(signature), content)


def opened(envelope: bytes, kind: str) -> Any:
    """Return what the operator signed."""
    found = json.loads(envelope)
    payload = base64.b64decode(found["payload"])
    (signature,) = found["signatures"]
    public = Ed25519PrivateKey.from_private_bytes(OPERATORS_KEY).public_key().public_bytes_raw()
    assert found["payloadType"] == kind
    assert signature["keyid"] == hashlib.sha256(public).hexdigest()
    is_signed(public, kind, payload, signature["sig"])
    return json.loads(payload)


def canonical(value: Any) -> bytes:
    """Return what is signed of a value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def test_a_bundle_holds_these_members_in_order(members: dict[str, bytes]) -> None:
    """The other tenant's node is not among them."""
    assert list(members) == [
        "contract/1.yaml",
        "facts.json",
        "hours/c2-r01-t01.jsonl",
        "journals/c2-r01-t01.jsonl",
        "manifest.json",
        "nodes.json",
        "statement.json",
    ]


def test_the_manifest_lists_every_other_member(members: dict[str, bytes]) -> None:
    """By digest and length, signed by the operator, whose key it names."""
    manifest = opened(members["manifest.json"], "application/vnd.gpusla.bundle+json")
    private = Ed25519PrivateKey.from_private_bytes(OPERATORS_KEY)
    assert manifest.pop("files") == {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in members.items()
        if name != "manifest.json"
    }
    assert manifest == {
        "format": "gpusla/bundle/1",
        "contract": "alpha-2026",
        "period": "2026-07",
        "revision": 1,
        "made_by": "gpusla 0.1.0",
        "key": base64.b64encode(private.public_key().public_bytes_raw()).decode(),
    }


def test_the_statement_is_the_posted_one(members: dict[str, bytes], stage: Stage) -> None:
    """Signed over its own bytes: one GPU of four for two days of 31 costs 5 % of $1,000."""
    statement = opened(members["statement.json"], "application/vnd.gpusla.statement+json")
    assert [(e["status"], e["amount_minor_units"]) for e in statement["entries"]][-1] == (
        "posted",
        5_000,
    )
    assert members["statement.json"] == bundles_of(stage).statement(OPERATOR, ALPHA, "2026-07")


def test_the_contract_and_the_facts_are_those_that_were_judged(
    members: dict[str, bytes], stage: Stage
) -> None:
    """As they were taken in, byte for byte."""
    text = stage.files.texts["Contract", "contracts/alpha-2026.yaml"]
    assert members["contract/1.yaml"] == text.encode()
    facts = json.loads(members["facts.json"])
    assert (facts["contract"], facts["period"]) == ("alpha-2026", "2026-07")
    assert [row["slot"] for row in facts["slots"]] == [f"c2/r01/t01/m{m}" for m in range(1, 5)]


def test_nodes_are_the_contract_s_with_their_keys(members: dict[str, bytes]) -> None:
    """As the inventory had them."""
    public = Ed25519PrivateKey.from_private_bytes(b"\1" * 32).public_key().public_bytes_raw()
    assert json.loads(members["nodes.json"]) == {
        "format": "gpusla/nodes/1",
        "nodes": {
            "c2-r01-t01": {
                "slots": [f"c2/r01/t01/m{module}" for module in range(1, 5)],
                "keys": [base64.b64encode(public).decode()],
            }
        },
    }


def test_hours_are_a_chain_that_the_node_signed(members: dict[str, bytes]) -> None:
    """From its key on; blocks of a day cover July, which ends within the 32nd or as it begins."""
    key, *hours = map(json.loads, members["hours/c2-r01-t01.jsonl"].splitlines())
    public = base64.b64decode(key["body"]["public"])
    previous, after = "0" * 64, 0
    for number, record in enumerate(hours, 1):
        block = record["body"]["block"]
        kind = "application/vnd.gpusla.hour+json"
        is_signed(public, kind, canonical(block), record["body"]["signature"])
        assert (block["number"], block["previous"]) == (number, previous)
        assert block["first_sequence"] == after + 1
        previous, after = hashlib.sha256(canonical(block)).hexdigest(), block["last_sequence"]
    assert len(hours) == 32
    assert hours[-1]["body"]["block"]["until_ms"] >= AUGUST_MS


def test_journals_are_the_records_behind_the_hours(members: dict[str, bytes]) -> None:
    """A chain from the first block's first record to the last one's last."""
    hours = [json.loads(line) for line in members["hours/c2-r01-t01.jsonl"].splitlines()]
    last = hours[-1]["body"]["block"]
    lines = members["journals/c2-r01-t01.jsonl"].splitlines()
    digest = "0" * 64
    for sequence, line in enumerate(lines, 1):
        record = json.loads(line)
        assert (record["seq"], record["prev"]) == (sequence, digest)
        digest = hashlib.sha256(line).hexdigest()
    assert (len(lines), digest) == (last["last_sequence"], last["head"])


def test_nothing_of_another_tenant_is_in_a_bundle(members: dict[str, bytes]) -> None:
    """On the same rack, in the same files of inventory and assignments."""
    content = b"".join(
        json.dumps(payload_of(one)).encode() if name in {"manifest.json", "statement.json"} else one
        for name, one in members.items()
    )
    assert b"alpha-2026" in content
    assert [word for word in TENANT_B if word.encode() in content] == []


def test_nobody_gets_the_bundle_of_another_tenant(stage: Stage) -> None:
    """For him there is no such month."""
    with pytest.raises(InputError) as caught:
        bundles_of(stage).write(io.BytesIO(), Scope(TenantId("tenant-b")), ALPHA, "2026-07")
    assert caught.value.code is NOTHING_TO_SHOW


def test_a_bundle_made_twice_has_the_same_bytes(store: Store, evidence: Evidence) -> None:
    """From every store, whoever asks and when; without journals unless they are asked for."""
    stage = posted(Stage(TRAYS, store=store, evidence=evidence))
    first, made = bundle_of(stage)
    stage.clock.now_ms += DAY_MS
    assert bundle_of(stage) == (first, made)
    assert (made.nodes, made.lacking) == (1, [])
    statement = payload_of(members_of(first)["statement.json"])
    assert statement["inputs"]["signed"]["c2-r01-t01"] > 0
    assert "journals/c2-r01-t01.jsonl" not in members_of(first)
    with_journals, _ = bundle_of(stage, with_journals=True)
    assert bundle_of(stage, with_journals=True)[0] == with_journals != first


def test_an_archive_s_bytes_say_nothing_of_when_and_where(stage: Stage) -> None:
    """No times, no users, no flags, nothing beside the members."""
    content, _ = bundle_of(stage)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        infos, comment = archive.infolist(), archive.comment
    looks = {
        (i.date_time, i.create_system, i.external_attr, i.flag_bits, i.extra, i.comment)
        for i in infos
    }
    assert looks == {((1980, 1, 1, 0, 0, 0), 3, 0o644 << 16, 0, b"", b"")}
    assert comment == b""


def test_how_far_keys_signed_is_told_by_the_statement(stage: Stage) -> None:
    """Each day's block is signed, so nothing of July is worth less than an A."""
    statement = stage.statement()
    journals, signed = statement.inputs.journals, statement.inputs.signed
    assert list(signed) == ["c2-r01-t01"]
    # The last record closes a block, so the one before it is the last that is signed.
    assert signed["c2-r01-t01"] == journals["c2-r01-t01"].sequence - 1  # type: ignore[index]
    assert statement.grounds is not None
    assert statement.grounds.held.chained == 0
    assert statement.grounds.held.signed == 4 * 31 * DAY_MS


def test_a_key_that_nobody_enrolled_signs_nothing_that_counts() -> None:
    """All of it is a B then."""
    stage = Stage(TRAYS[:1])
    introduce(stage.journal(), ONE)
    stage.journal().observe(START_MS, AUGUST_MS + 3 * DAY_MS)
    close_hour(stage.journal(), ONE)
    stage.clock.now_ms = AUGUST_MS + 2 * DAY_MS
    stage.turns().once()
    statement = stage.statement()
    assert statement.inputs.signed == {}
    assert statement.grounds is not None
    assert statement.grounds.held.signed == 0


def test_a_judgement_of_before_keys_were_looked_at_says_nothing_of_them() -> None:
    """Its inputs name no signatures: unknown, and not signed; its figures are as they were."""
    stage = posted(Stage(TRAYS))
    store = stage.store
    assert isinstance(store, MemoryStore)
    before = stage.statement()
    for digest, judged in store.evaluations.items():
        inputs = json.loads(judged.inputs)
        del inputs["signed"]
        store.evaluations[digest] = replace(judged, inputs=json.dumps(inputs))
    after = stage.statement()
    assert after.inputs == replace(before.inputs, signed={}, signed_until_ms={})
    assert after.evaluation == before.evaluation


def test_a_node_without_hours_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its journal, too long for a tail, is there if asked for, up to the record that was judged."""
    monkeypatch.setattr(tail, "TAIL_RECORDS_MAX", 1)
    bare = Stage(TRAYS[:1])
    bare.journal().observe(START_MS, AUGUST_MS + 3 * DAY_MS)
    bare.clock.now_ms = AUGUST_MS + 2 * DAY_MS
    bare.turns().once()
    content, made = bundle_of(bare, with_journals=True)
    assert made.lacking == ["c2-r01-t01"]
    found = members_of(content)
    assert found["hours/c2-r01-t01.jsonl"] == b""
    assert found["journals/c2-r01-t01.jsonl"].splitlines() == bare.journal().lines


def test_a_node_that_served_two_contracts_is_told_of_only_on_purpose() -> None:
    """Its hours are signed whole: whoever gets them sees both."""
    stage = Stage(TRAYS)
    kind = ("Assignments", "assignments.yaml")
    stage.files.texts[kind] = (
        stage.files.texts[kind]
        .replace("c2/r01/t02", "c2/r01/t01/m4")
        .replace("[c2/r01/t01]", "[c2/r01/t01/m1, c2/r01/t01/m2, c2/r01/t01/m3]")
    )
    posted(stage)
    with pytest.raises(InputError, match="c2-r01-t01 served beta-2026 as well") as caught:
        bundle_of(stage)
    assert caught.value.code is SHARED_NODE
    _, made = bundle_of(stage, with_shared_nodes=True)
    assert made.nodes == 1


def test_a_contract_without_a_statement_has_no_bundle(stage: Stage) -> None:
    """The same code as for a statement."""
    with pytest.raises(InputError) as caught:
        bundles_of(stage).write(io.BytesIO(), OPERATOR, ContractId("gamma"), "2026-07")
    assert caught.value.code is NOTHING_TO_SHOW


def test_nodes_whose_names_begin_alike_are_in_one_bundle() -> None:
    """Their members are sorted as members: a hyphen and an encoded dot stand before `.jsonl`."""
    stage = Stage((Tray("t03", "alpha-2026"), Tray("t03-b", "alpha-2026")))
    for tray in ("t03", "t03-b"):
        stage.journal(tray).observe(START_MS, AUGUST_MS + 3 * DAY_MS)
    stage.clock.now_ms = AUGUST_MS + 2 * DAY_MS
    stage.turns().once()
    content, made = bundle_of(stage, with_journals=True)
    assert made.nodes == 2
    assert [name for name in members_of(content) if "t03" in name] == [
        "hours/c2-r01-t03-b.jsonl",
        "hours/c2-r01-t03.jsonl",
        "journals/c2-r01-t03-b.jsonl",
        "journals/c2-r01-t03.jsonl",
    ]


def test_a_revision_counts_the_judgements_that_were_posted() -> None:
    """Each once however many clauses it has; one that comes back is a revision of its own."""
    first = posted_entry()
    pending = replace(first, status=Status.PENDING)
    reversal = replace(first, reverses=first.key)
    again = [replace(first, evaluation_digest=digest) for digest in ("e1", "e2", "e2", "e1")]
    assert revision_of([]) == revision_of([pending]) == revision_of([pending, first]) == 1
    assert revision_of([first, *again[:1], reversal, *again[1:3]]) == 2
    assert revision_of(again) == 3
