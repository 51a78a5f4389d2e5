"""
Tells a receiver of bookings by POST, one announcement at a time.

The entry's key goes along as Idempotency-Key: what is sent again after a lost answer is the same.
Nothing but 2xx counts as taken, and no redirect is followed.
"""

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
        body = {
            "key": announcement.key,
            "topic": announcement.topic,
            "written_ms": announcement.written_ms,
            "entry": json.loads(announcement.content),
        }
        headers = {"Idempotency-Key": announcement.key}
        try:
            answer = self._client.post(self._url, json=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            raise self._refused(f"{type(cause).__name__} {cause}".strip()) from cause
        if not answer.is_success:
            raise self._refused(f"it answers {answer.status_code}")

    def _refused(self, why: str) -> ServiceError:
        return ServiceError(RECEIVER_UNREACHABLE, f"{self.name}: {why}")
