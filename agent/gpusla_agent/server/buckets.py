"""How often something may happen: token buckets, one or many of bounded number."""

import threading
from collections import OrderedDict
from collections.abc import Callable


class Bucket:
    """
    Lets `burst` through at once, and one each `interval_seconds` on the average.

    now: a monotonic clock in seconds.  May be asked from any thread.
    """

    def __init__(self, interval_seconds: float, burst: int, now: Callable[[], float]) -> None:
        self._interval_seconds = interval_seconds
        self._burst = burst
        self._now = now
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._at_seconds = now()

    def take(self) -> bool:
        """Take a token; return whether there was one."""
        with self._lock:
            now_seconds = self._now()
            gained = (now_seconds - self._at_seconds) / self._interval_seconds
            self._tokens = min(float(self._burst), self._tokens + gained)
            self._at_seconds = now_seconds
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def give_back(self) -> None:
        """Undo a take."""
        with self._lock:
            self._tokens = min(float(self._burst), self._tokens + 1)


class Buckets:
    """One bucket for each key, of the keys that were used last."""

    def __init__(
        self, interval_seconds: float, burst: int, now: Callable[[], float], count_max: int = 1_024
    ) -> None:
        self._interval_seconds = interval_seconds
        self._burst = burst
        self._now = now
        self._count_max = count_max
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, key: str) -> Bucket:
        """Return the bucket of a key; a full one for a key that is new or was forgotten."""
        with self._lock:
            if key not in self._buckets:
                if len(self._buckets) >= self._count_max:
                    self._buckets.popitem(last=False)
                self._buckets[key] = Bucket(self._interval_seconds, self._burst, self._now)
            self._buckets.move_to_end(key)
            return self._buckets[key]
