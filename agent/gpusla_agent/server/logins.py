"""
Who a password belongs to, without letting strangers spend the node's time.

A login that was right once is known again by a keyed digest, so that a scrape costs no bcrypt; the
digest's key is drawn at every start and it covers lengths, so it cannot be forged or confused
(CVE-2022-46146 of exporter-toolkit).  A name that nobody has costs the same as one with a wrong
password.  What is not known again passes limits first: by address, of all, and one at a time.
Source: docs/decisions/0085-logins.md.
"""

import hashlib
import hmac
import secrets
import threading
from base64 import b64decode
from binascii import Error as Base64Error
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import Enum

from gpusla_agent.server.buckets import Bucket, Buckets

_BYTES_MAX = 72
"""bcrypt looks no further, and htpasswd cuts there without a word."""

_KNOWN_MAX = 256
_WAITING_MAX = 2


class Login(Enum):
    """What became of a login."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    NOT_NOW = "not_now"


class LoginLimits:
    """
    How often a login may be looked at that was not right before; shared by all versions of a file.

    now: a monotonic clock in seconds.  Failures: five at once from an address and one in two
    seconds after that, ten and two a second from all.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._by_address = Buckets(2.0, 5, now)
        self._of_all = Bucket(0.5, 10, now)
        self._turn = threading.Lock()
        self._waiting = threading.BoundedSemaphore(_WAITING_MAX)

    def check(self, address: str, is_right: Callable[[], bool]) -> Login:
        """Look at a login unless too many failed; a right one leaves no trace in the limits."""
        mine = self._by_address.of(address)
        if not mine.take():
            return Login.NOT_NOW
        if not self._of_all.take():
            mine.give_back()
            return Login.NOT_NOW
        if not self._waiting.acquire(blocking=False):
            return self._undone(mine, Login.NOT_NOW)
        try:
            with self._turn:  # one core at most
                right = is_right()
        finally:
            self._waiting.release()
        return self._undone(mine, Login.ALLOWED) if right else Login.REFUSED

    def _undone(self, mine: Bucket, login: Login) -> Login:
        mine.give_back()
        self._of_all.give_back()
        return login


class KnownLogins:
    """Digests of logins that were right: bounded, and of no use to who reads them."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def digest(self, user: bytes, password: bytes, stored: bytes) -> bytes:
        """Return what a login is known by; a new hash of the same user makes it a new login."""
        parts = b"".join(len(part).to_bytes(4, "big") + part for part in (user, stored, password))
        return hmac.digest(self._key, parts, hashlib.sha256)

    def add(self, digest: bytes) -> None:
        """Know a login again."""
        with self._lock:
            self._known[digest] = None
            if len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)

    def has(self, digest: bytes) -> bool:
        """Return whether a login was right before."""
        with self._lock:
            return digest in self._known


class Logins:
    """The users of one version of the file."""

    def __init__(
        self,
        users: Mapping[str, str],
        limits: LoginLimits,
        known: KnownLogins,
        check: Callable[[bytes, bytes], bool] | None = None,
    ) -> None:
        import bcrypt  # noqa: PLC0415  (a megabyte that most agents do not need)

        self._users = {name.encode(): stored.encode() for name, stored in users.items()}
        # A hash of what nobody knows: its salt is drawn, its digest made up.
        self._nobody = bcrypt.gensalt(max(map(cost_of, users.values()))) + b"." * 31
        self._limits = limits
        self._known = known
        self._check = check or bcrypt.checkpw

    def judge(self, header: str, address: str) -> Login:
        """Return what an Authorization header of a peer is worth."""
        credentials = _credentials(header)
        if credentials is None:
            return Login.REFUSED
        user, password = credentials
        stored = self._users.get(user, self._nobody)
        digest = self._known.digest(user, password, stored)
        if self._known.has(digest):
            return Login.ALLOWED
        login = self._limits.check(address, lambda: self._is_right(user, password, stored))
        if login is Login.ALLOWED:
            self._known.add(digest)
        return login

    def _is_right(self, user: bytes, password: bytes, stored: bytes) -> bool:
        # Both are always computed, so that a name is not told by the time.
        matches = self._check(password[:_BYTES_MAX], stored)
        return user in self._users and matches


def cost_of(stored: str) -> int:
    """Return the cost that a bcrypt hash was made with."""
    return int(stored[4:6])


def _credentials(header: str) -> tuple[bytes, bytes] | None:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = b64decode(encoded.strip(), validate=True).partition(b":")
    except (Base64Error, ValueError):
        return None
    return (user, password) if colon else None
