"""Who is told of bookings: everything, in order, at least once, and once under each key."""

import json
import time
from contextlib import nullcontext
from dataclasses import dataclass, field

import pytest

from gpusla.catalogue.codes import FENCED, RECEIVER_UNREACHABLE
from gpusla.clock import SystemClock
from gpusla.errors import ServiceError, StoreError
from gpusla_collector.adapters import webhook
from gpusla_collector.adapters.webhook import Webhook, body_of, digest_of
from gpusla_collector.ports import Announcement, Lease, Store
from gpusla_collector.usecases.announce import Announcer
from tests.collector.bookings import entry, judged, posted
from tests.collector.fakes import HandClock
from tests.collector.peers import dribbling, listening

ENTRIES = [entry(1), entry(2), posted(3)]
KEYS = [one.key for one in ENTRIES]


@dataclass(slots=True)
class FakeReceiver:
    """Takes what it is handed, but for the calls that it is told to refuse or to forget."""

    name: str = "billing"
    refused: set[int] = field(default_factory=set)
    lost: set[int] = field(default_factory=set)
    taken: list[str] = field(default_factory=list)
    calls: int = 0

    def take(self, announcement: Announcement) -> None:
        """Take it; where the answer is lost, the sender cannot know that it was taken."""
        self.calls += 1
        if self.calls not in self.refused:
            self.taken.append(announcement.key)
        if self.calls in self.refused | self.lost:
            raise ServiceError(RECEIVER_UNREACHABLE, "billing: no answer")

    def close(self) -> None:
        """Nothing is open."""


def announcer(store: Store, receiver: FakeReceiver) -> Announcer:
    """Return an announcer on a store with three entries."""
    return Announcer(store, receiver, HandClock())


@pytest.fixture
def booked(store: Store, lease: Lease) -> Store:
    """A store with three entries."""
    store.book(lease, judged(), lambda _: ENTRIES, 20)
    return store


def test_everything_is_told_once_and_in_order(booked: Store, lease: Lease) -> None:
    """A second turn finds nothing to do."""
    receiver = FakeReceiver()
    assert announcer(booked, receiver).announce_all(lease) == len(KEYS)
    assert announcer(booked, receiver).announce_all(lease) == 0
    assert receiver.taken == KEYS


@pytest.mark.parametrize("call", [1, 2, 3])
def test_what_was_refused_is_told_again_and_nothing_overtakes_it(
    booked: Store, lease: Lease, call: int
) -> None:
    """The next turn begins where this one stopped."""
    receiver = FakeReceiver(refused={call})
    with pytest.raises(ServiceError):
        announcer(booked, receiver).announce_all(lease)
    assert receiver.taken == KEYS[: call - 1]
    announcer(booked, receiver).announce_all(lease)
    assert receiver.taken == KEYS


def test_a_lost_answer_means_twice_under_the_same_key(booked: Store, lease: Lease) -> None:
    """Never not at all."""
    receiver = FakeReceiver(lost={2})
    with pytest.raises(ServiceError):
        announcer(booked, receiver).announce_all(lease)
    announcer(booked, receiver).announce_all(lease)
    assert receiver.taken == [KEYS[0], KEYS[1], KEYS[1], KEYS[2]]


def test_another_receiver_is_told_everything(booked: Store, lease: Lease) -> None:
    """What one has taken says nothing about the other."""
    announcer(booked, FakeReceiver()).announce_all(lease)
    other = FakeReceiver("audit")
    announcer(booked, other).announce_all(lease)
    assert other.taken == KEYS


def test_a_stale_leader_does_not_go_on_telling(booked: Store, lease: Lease) -> None:
    """It is refused at the first that it would remember."""
    assert booked.acquire("collector", "other", 1_000, 1_000) is not None
    receiver = FakeReceiver()
    with pytest.raises(StoreError) as caught:
        announcer(booked, receiver).announce_all(lease)
    assert caught.value.code is FENCED
    assert receiver.calls == 1


def test_a_webhook_gets_the_entry_under_its_key() -> None:
    """As JSON; the key stands in a header that receivers know."""
    content = json.dumps({"amount_minor_units": 500, "document": "CN-alpha-000001"})
    told = Announcement("k" * 64, "credit_posted", content, 7)
    with listening([204]) as (url, arrived):
        receiver = Webhook("billing", url, SystemClock())
        receiver.take(told)
        receiver.close()
    (one,) = arrived
    assert one.headers["Idempotency-Key"] == told.key
    assert one.headers["Content-Type"] == "application/json"
    body = {"key": told.key, "topic": told.topic, "written_ms": 7, "entry": json.loads(content)}
    assert json.loads(one.body) == body


def test_a_known_key_with_another_content_is_told_by_its_digest() -> None:
    """As where a restored ledger gave the key of a booking that it lost to another one."""
    lost, anew = (
        Announcement("k" * 64, "credit_posted", f'{{"amount_minor_units":{amount}}}', 7)
        for amount in (500, 900)
    )
    with listening([204, 204, 409]) as (url, arrived):
        receiver = Webhook("billing", url, SystemClock())
        receiver.take(lost)
        receiver.take(lost)
        with pytest.raises(ServiceError, match="billing: it answers 409"):
            receiver.take(anew)
        receiver.close()
    first, again, other = (one.headers["Content-Digest"] for one in arrived)
    assert first == again != other
    assert [digest_of(one.body) for one in arrived] == [first, again, other]
    assert {one.headers["Idempotency-Key"] for one in arrived} == {"k" * 64}


def test_the_digest_is_that_of_the_standard_and_the_bytes_never_change() -> None:
    """The example of RFC 9530, appendix B.1; and a body as every release so far has sent it."""
    value = "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert digest_of(b'{"hello": "world"}\n') == value
    told = Announcement("k", "credit_posted", '{"contract":"ä-1"}', 7)
    assert body_of(told) == (
        '{"key":"k","topic":"credit_posted","written_ms":7,"entry":{"contract":"ä-1"}}'.encode()
    )


@pytest.mark.parametrize("status", [301, 307, 400, 401, 409, 500, 503])
def test_only_a_success_counts_as_taken(status: int) -> None:
    """A redirect is not followed: whoever answers there was not configured."""
    with listening([status]) as (url, arrived):
        receiver = Webhook("billing", url, SystemClock())
        with pytest.raises(ServiceError, match=f"billing: it answers {status}"):
            receiver.take(Announcement("k", "credit_posted", "{}", 7))
        receiver.close()
    assert len(arrived) == 1


@pytest.mark.parametrize(
    ("content", "is_taken"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + b"x" * 200, True),
        (b"HTTP/1.1 200 OK" + b"\r\nA: b" * 999, False),
    ],
    ids=["a status", "a body without an end", "a header without an end"],
)
def test_a_receiver_is_waited_for_until_its_status_is_there(
    content: bytes, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    """However it dribbles in, and no longer than a receiver is given in all."""
    monkeypatch.setattr(webhook, "ANSWER_MS", 1_000)
    with dribbling(content, 30) as url:
        receiver = Webhook("billing", url, SystemClock())
        began = time.monotonic()
        with nullcontext() if is_taken else pytest.raises(ServiceError, match="ReadTimeout"):
            receiver.take(Announcement("k", "credit_posted", "{}", 7))
        assert time.monotonic() - began < 8
        receiver.close()


def test_a_receiver_that_is_not_there_is_an_error_that_passes() -> None:
    """The same announcement is handed over at the next turn."""
    receiver = Webhook("billing", "http://127.0.0.1:1/credits", SystemClock())
    with pytest.raises(ServiceError) as caught:
        receiver.take(Announcement("k", "credit_posted", "{}", 7))
    assert caught.value.retryable
    receiver.close()
