"""The page on announcements shows what a receiver is really sent, and every setting of it."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
import yaml

from gpusla.clock import SystemClock
from gpusla.identity import ContractId, TenantId
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.adapters.webhook import Webhook
from gpusla_collector.ports import Judged
from gpusla_collector.settings import AnnouncementsForm
from gpusla_collector.usecases.announce import Announcer
from tests.collector.fakes import HandClock
from tests.collector.peers import Arrived, listening

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating" / "announcements.md"
TEXT = PAGE.read_text("utf-8")
SHOWN = re.compile(r"```http\nPOST (\S+) HTTP/1\.1\n(.*?)\n\n(.*?)```", re.DOTALL)
ACME, TENANT, MONTH = ContractId("acme-2026"), TenantId("acme"), "2026-07"
JUDGEMENT = hashlib.sha256(b"a judgement").hexdigest()
OWED = 184_250
BOOKED_MS = 1_785_801_600_000


def entry(revision: int, status: Status, amount: int, reverses: str | None = None) -> Entry:
    """Return an entry of the month on the page."""
    return Entry(
        key_of(ACME, MONTH, "availability", revision),
        ACME,
        TENANT,
        MONTH,
        "availability",
        revision,
        status,
        amount,
        "USD",
        lines_of(status, amount),
        reverses,
        JUDGEMENT,
    )


def month() -> list[Entry]:
    """Return how a month is settled: what accrued is taken back, and posted."""
    accrued = entry(1, Status.PENDING, OWED)
    return [
        accrued,
        entry(2, Status.VOID, -OWED, accrued.key),
        entry(3, Status.POSTED, OWED),
    ]


@pytest.fixture(scope="module")
def arrived(tmp_path_factory: pytest.TempPathFactory) -> list[Arrived]:
    """What a receiver gets of a month, from the ledger through the wire."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('page') / 'collector.db'}")
    require_newest(database)
    store = SqlStore(database)
    lease = store.acquire("collector", "this", 0, 1_000)
    assert lease is not None
    judged = Judged(ACME, TENANT, MONTH, BOOKED_MS, "f", JUDGEMENT, "{}", "{}", BOOKED_MS)
    store.book(lease, judged, lambda _: month(), BOOKED_MS)
    with listening([204, 204, 204]) as (url, found):
        receiver = Webhook("billing", url.replace("://", "://gpusla:secret@"), SystemClock())
        Announcer(store, receiver, HandClock()).announce_all(lease)
        receiver.close()
    database.close()
    return found


def test_the_example_is_what_a_receiver_gets_of_a_posting(arrived: list[Arrived]) -> None:
    """Each header that the page shows, and the body to the byte, once the spaces are out."""
    ((_, head, body),) = SHOWN.findall(TEXT)
    headers = dict(line.split(": ", 1) for line in head.splitlines())
    shown = json.dumps(json.loads(body), ensure_ascii=False, separators=(",", ":")).encode()
    assert shown == arrived[-1].body
    assert headers.items() <= arrived[-1].headers.items()
    assert {"Content-Type", "Idempotency-Key", "Content-Digest"} == set(headers)


def test_the_digest_of_the_example_is_that_of_its_bytes(arrived: list[Arrived]) -> None:
    """As whoever writes a receiver works it out."""
    digest = base64.b64encode(hashlib.sha256(arrived[-1].body).digest()).decode("ascii")
    assert f"Content-Digest: sha-256=:{digest}:\n" in TEXT


def test_every_field_of_the_body_is_on_the_page_and_no_other(arrived: list[Arrived]) -> None:
    """In the table, in the order of the body."""
    body = json.loads(arrived[-1].body)
    fields = [*body, *(f"entry.{name}" for name in body["entry"])]
    rows = re.findall(r"^\| (`[a-z_.]+`(?:, `[a-z_.]+`)*) \| ", TEXT, re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"`([a-z_.]+)`", row)]
    topics = [f"credit_{status.value}" for status in Status]
    assert sorted(told) == sorted([*AnnouncementsForm.model_fields, *fields, *topics])


def test_what_a_month_sends_on_the_way_has_the_topics_of_the_page(arrived: list[Arrived]) -> None:
    """Pending ones too: a receiver that takes each for owed pays twice."""
    bodies = [json.loads(one.body) for one in arrived]
    topics = ["credit_pending", "credit_void", "credit_posted"]
    assert [body["topic"] for body in bodies] == topics
    owed = [b["entry"]["amount_minor_units"] for b in bodies if b["topic"] == "credit_posted"]
    assert owed == [OWED]


def test_a_user_and_password_in_the_address_go_along(arrived: list[Arrived]) -> None:
    """As the table of settings says."""
    expected = base64.b64encode(b"gpusla:secret").decode("ascii")
    assert {one.headers["Authorization"] for one in arrived} == {f"Basic {expected}"}


def test_the_settings_on_the_page_are_ones_and_have_its_defaults() -> None:
    """Whoever copies them gets what is written."""
    (text,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    form = AnnouncementsForm.model_validate(yaml.safe_load(text)["announcements"])
    assert form.url == "https://billing.example/gpusla/credits"
    assert form.interval_ms == AnnouncementsForm.model_fields["interval_ms"].default
    assert f"| `interval_ms` | {form.interval_ms} |" in TEXT
