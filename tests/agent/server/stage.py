"""A served node, its certificates, and peers good and bad, all on loopback."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
import trustme

from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla_agent.server import Limits, Server, WatchedWeb, application

NODE = NodeName("c2-r01-t03")
PAGE = b"gpusla_agent_info 1\n"
REQUEST = b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
SWIFT = Limits(handshake_seconds=0.5, request_seconds=1, answer_seconds=1, sweep_seconds=0.05)


@dataclass(slots=True)
class FakeNode:
    """A node whose pages are as large as asked for."""

    node: NodeName = NODE
    page: bytes = PAGE
    lines: list[bytes] = field(default_factory=lambda: [b"1", b"2", b"3"])
    gate: threading.Event | None = None
    reading: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    @property
    def durable(self) -> Head:
        """The last line."""
        return Head(len(self.lines), "d" * 64)

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """Return lines after one, once the gate is open."""
        assert limit_bytes
        self.reading.release()
        if self.gate is not None:
            assert self.gate.wait(10)
        return self.lines[after : after + limit_records]

    def metrics(self, accept: str) -> tuple[bytes, str]:
        """Return the page."""
        assert accept is not None
        return self.page, "text/plain"

    def troubles(self) -> list[str]:
        """Return none."""
        return []


class Hand:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        """Return where it stands."""
        return self.seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; raw: all its bytes."""

    raw: bytes

    @property
    def status(self) -> int:
        """The number in the first line."""
        return int(self.raw.split(b" ", 2)[1])

    @property
    def body(self) -> bytes:
        """What follows the headers."""
        return self.raw.partition(b"\r\n\r\n")[2]


@contextmanager
def serving(
    node: FakeNode | None = None,
    web: WatchedWeb | None = None,
    limits: Limits = SWIFT,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Server]:
    """Serve a node on loopback."""
    app = application({"": node or FakeNode()})
    server = Server(app, "127.0.0.1", 0, web=web, limits=limits, now=now)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server
    finally:
        server.close()
        thread.join(5)
        assert not thread.is_alive()


def connect(server: Server, source: str = "127.0.0.1") -> socket.socket:
    """Connect to a server and say nothing."""
    return socket.create_connection(
        ("127.0.0.1", server.port), timeout=10, source_address=(source, 0)
    )


def connect_slowly(server: Server) -> socket.socket:
    """Connect to a server and take little at a time."""
    peer = socket.socket()
    peer.settimeout(10)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    peer.connect(("127.0.0.1", server.port))
    return peer


def ask(
    server: Server,
    path: str = "/metrics",
    *,
    tls: ssl.SSLContext | None = None,
    headers: str = "",
    source: str = "127.0.0.1",
) -> Reply:
    """Ask as a scraper does, over a connection of its own."""
    with connect(server, source) as plain:
        peer = tls.wrap_socket(plain, server_hostname="127.0.0.1") if tls else plain
        with peer:
            peer.sendall(
                f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{headers}\r\n".encode()
            )
            return Reply(rest_of(peer))


def rest_of(peer: socket.socket) -> bytes:
    """Return all that a peer gets until the server hangs up."""
    parts: list[bytes] = []
    try:
        while part := peer.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def is_dropped(peer: socket.socket) -> bool:
    """Return whether the server hung up, waiting for it as long as a socket waits."""
    try:
        return rest_of(peer) == b""
    except TimeoutError:
        return False


def descriptors() -> int:
    """Return how many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


# --- web configuration ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Papers:
    """Certificates in a folder: the server's, and what clients are made with."""

    folder: Path
    authority: trustme.CA
    clients: trustme.CA

    def client(self, *names: str) -> ssl.SSLContext:
        """Return what a client with a certificate of these names speaks TLS with; none for none."""
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        if names:
            self.clients.issue_cert(*names).configure_cert(context)
        return context

    def renew(self) -> None:
        """Put another certificate of the server in place, as a renewal does."""
        certificate = self.authority.issue_cert("127.0.0.1")
        for name, blob in (
            ("server.key", certificate.private_key_pem),
            ("server.pem", certificate.cert_chain_pems[0]),
        ):
            blob.write_to_path(self.folder / "new")
            (self.folder / "new").rename(self.folder / name)

    def write(self, text: str) -> Path:
        """Write the web configuration file; return its path."""
        path = self.folder / "web.yml"
        path.write_text(text)
        return path


def papers(folder: Path) -> Papers:
    """Return new certificates in a folder."""
    made = Papers(folder, trustme.CA(key_type=trustme.KeyType.ECDSA), trustme.CA())
    made.renew()
    made.clients.cert_pem.write_to_path(folder / "clients.pem")
    return made


TLS = "tls_server_config: {cert_file: server.pem, key_file: server.key}\n"
MUTUAL = """\
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.pem
"""


def hashed(password: str, cost: int = 4) -> str:
    """Return a bcrypt hash."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(cost)).decode()
