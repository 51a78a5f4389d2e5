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
from gpusla.errors import ServiceError
from gpusla_collector.ports import Announcement


class Webhook:
    """The port `Receiver`."""

    def __init__(self, name: str, url: str) -> None:
        self.name = name
        self._url = url
        self._client = httpx.Client(timeout=httpx.Timeout(10.0, connect=2.0), trust_env=False)

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
            answer = self._client.post(self._url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            raise self._refused(f"{type(cause).__name__} {cause}".strip()) from cause
        if not answer.is_success:
            raise self._refused(f"it answers {answer.status_code}")

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
