"""
Tells a receiver of bookings by POST, one announcement at a time.

The entry's key goes along as Idempotency-Key: what is sent again after a lost answer is the same.
Content-Digest beside it (RFC 9530) tells a receiver when it is not: a restored ledger may give the
key of a booking that it lost to another one.  Nothing but 2xx counts as taken, and no redirect is
followed.  Source: docs/decisions/0133-announcements.md.
"""

import base64
import hashlib
import json

import httpx

from gpusla.catalogue.codes import RECEIVER_UNREACHABLE
from gpusla.clock import Clock
from gpusla.errors import ServiceError
from gpusla_collector.adapters.hurry import HurriedTransport
from gpusla_collector.ports import Announcement

CONNECT_SECONDS = 2.0
ANSWER_MS = 10_000
"""So long a receiver is waited for in all, however its answer dribbles in."""


class Webhook:
    """The port `Receiver`."""

    def __init__(self, name: str, url: str, clock: Clock) -> None:
        self.name = name
        self._url = url
        self._client = httpx.Client(
            transport=HurriedTransport(clock, ANSWER_MS, kept_connections=1),
            timeout=httpx.Timeout(ANSWER_MS / 1000, connect=CONNECT_SECONDS),
            trust_env=False,
        )

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def take(self, announcement: Announcement) -> None:
        """Hand an announcement over; returns when it was taken."""
        body = body_of(announcement)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": announcement.key,
            "Content-Digest": digest_of(body),
        }
        try:
            # Of the answer the status alone counts; what follows it is not waited for.
            with self._client.stream("POST", self._url, content=body, headers=headers) as answer:
                status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            raise self._refused(f"{type(cause).__name__} {cause}".strip()) from cause
        if not httpx.codes.is_success(status):
            raise self._refused(f"it answers {status}")

    def _refused(self, why: str) -> ServiceError:
        return ServiceError(RECEIVER_UNREACHABLE, f"{self.name}: {why}")


def body_of(announcement: Announcement) -> bytes:
    """Return what is sent: the same bytes in each release, or receivers would refuse its digest."""
    body = {
        "key": announcement.key,
        "topic": announcement.topic,
        "written_ms": announcement.written_ms,
        "entry": json.loads(announcement.content),
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def digest_of(body: bytes) -> str:
    """Return the value of the header Content-Digest.  Source: RFC 9530, section 2."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode('ascii')}:"
