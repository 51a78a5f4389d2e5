"""TLS and client certificates by the web configuration file, over real sockets."""

import io
import json
import socket
import ssl
from pathlib import Path

import pytest

from gpusla.errors import SettingsError
from gpusla_agent.server import Limits, WatchedWeb
from tests.agent.server.stage import (
    MUTUAL,
    PAGE,
    TLS,
    FakeNode,
    Hand,
    Papers,
    ask,
    connect,
    is_dropped,
    papers,
    rest_of,
    serving,
)


@pytest.fixture
def made(tmp_path: Path) -> Papers:
    """Certificates in a folder."""
    return papers(tmp_path)


def test_pages_are_served_over_tls_and_not_without(made: Papers) -> None:
    """Who speaks plain HTTP to it gets nothing."""
    with serving(web=WatchedWeb(made.write(TLS))) as server:
        assert ask(server, tls=made.client()).body == PAGE
        with connect(server) as plain:
            plain.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            assert b"gpusla" not in rest_of(plain)


def test_a_connection_is_kept_and_ends_with_a_word(made: Papers) -> None:
    """Two pages over one handshake, of many records each, then TLS' own goodbye."""
    node = FakeNode(page=b"x" * 3_000_000)
    web = WatchedWeb(made.write(TLS))
    with serving(node, web, Limits(request_seconds=1)) as server, connect(server) as plain:
        context = made.client()
        with context.wrap_socket(
            plain, server_hostname="127.0.0.1", suppress_ragged_eofs=False
        ) as peer:
            for _ in range(2):
                peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
                received = 0
                while received < len(node.page):
                    part = peer.recv(65_536)
                    assert part
                    received += part.count(b"x")
            assert peer.recv(1) == b""  # an end without goodbye would raise


def test_an_answer_does_not_wait_for_the_peers_acknowledgement(made: Papers) -> None:
    """Small writes follow one another in a handshake, and Nagle would hold the last back 40 ms."""
    with (
        serving(web=WatchedWeb(made.write(TLS))) as server,
        connect(server) as plain,
        made.client().wrap_socket(plain, server_hostname="127.0.0.1"),
    ):
        (channel,) = server._server.active_channels.values()
        assert channel.socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_a_client_shows_a_certificate_of_the_authority(made: Papers) -> None:
    """None, and one of another authority, are turned away in the handshake."""
    stranger = made.client()
    made.authority.issue_cert("prometheus").configure_cert(stranger)
    with serving(web=WatchedWeb(made.write(MUTUAL))) as server:
        assert ask(server, tls=made.client("prometheus")).body == PAGE
        for context in (made.client(), stranger):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                assert ask(server, tls=context).status


def test_a_clients_certificate_has_an_allowed_name(made: Papers) -> None:
    """Any kind of alternative name will do; the right authority alone will not."""
    text = MUTUAL + "  client_allowed_sans: [prometheus.example, collector@house.example]\n"
    with serving(web=WatchedWeb(made.write(text))) as server:
        for name in ("prometheus.example", "collector@house.example"):
            assert ask(server, tls=made.client(name)).body == PAGE
        with pytest.raises((ssl.SSLError, ConnectionError, IndexError)):
            assert ask(server, tls=made.client("tenant.example")).status


def test_a_certificate_is_asked_for_and_not_needed(made: Papers) -> None:
    """But one that is shown must be good."""
    text = MUTUAL.replace("RequireAndVerifyClientCert", "VerifyClientCertIfGiven")
    stranger = made.client()
    made.authority.issue_cert("prometheus").configure_cert(stranger)
    with serving(web=WatchedWeb(made.write(text))) as server:
        assert ask(server, tls=made.client()).body == PAGE
        with pytest.raises((ssl.SSLError, ConnectionError)):
            assert ask(server, tls=stranger).status


@pytest.mark.parametrize(
    ("lines", "version", "cipher"),
    [
        ("", "TLSv1.3", None),
        (
            "  max_version: TLS12\n  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]\n",
            "TLSv1.2",
            "ECDHE-ECDSA-AES256-GCM-SHA384",
        ),
        ("  min_version: TLS13\n  curve_preferences: [CurveP256]\n", "TLSv1.3", None),
    ],
)
def test_versions_suites_and_curves_are_those_of_the_file(
    made: Papers, lines: str, version: str, cipher: str | None
) -> None:
    """As the handshake agreed them."""
    text = f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{lines}"
    with (
        serving(web=WatchedWeb(made.write(text))) as server,
        connect(server) as plain,
        made.client().wrap_socket(plain, server_hostname="127.0.0.1") as peer,
    ):
        assert peer.version() == version
        agreed = peer.cipher()
        assert agreed is not None
        assert cipher in {None, agreed[0]}


def test_a_curve_that_this_python_cannot_choose_is_refused_with_a_sentence(made: Papers) -> None:
    """X25519 is honoured by some builds of Python and unknown to others."""
    text = "tls_server_config: {cert_file: server.pem, key_file: server.key,"
    path = made.write(f"{text} curve_preferences: [X25519]}}\n")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ecdh_curve("X25519")
    except (ssl.SSLError, ValueError):
        with pytest.raises(SettingsError, match="X25519 cannot be chosen with OpenSSL"):
            WatchedWeb(path)
    else:
        with serving(web=WatchedWeb(path)) as server:
            assert ask(server, tls=made.client()).body == PAGE


def test_an_older_client_is_turned_away(made: Papers) -> None:
    """The lowest version is kept to."""
    text = "tls_server_config: {cert_file: server.pem, key_file: server.key, min_version: TLS13}\n"
    context = made.client()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(web=WatchedWeb(made.write(text))) as server, pytest.raises(ssl.SSLError):
        ask(server, tls=context)


def test_a_renewed_certificate_is_shown_to_the_next_peer(made: Papers) -> None:
    """Without a restart, and the connection that is open goes on."""
    clock = Hand()
    web = WatchedWeb(made.write(TLS), now=clock)
    with serving(web=web) as server:
        before = certificate(server.port, made)
        made.renew()
        assert certificate(server.port, made) == before  # looked at once a second
        clock.seconds += 1
        assert certificate(server.port, made) != before
        assert web.is_valid


def test_a_broken_file_changes_nothing_but_the_count(made: Papers, log: io.StringIO) -> None:
    """The last good version stays in force, is logged once, and is replaced when mended."""
    clock = Hand()
    web = WatchedWeb(made.write(TLS), now=clock)
    with serving(web=web) as server:
        for text in ("tls_server_confik: {}\n", "tls_server_confik: {}\n#\n", MUTUAL):
            made.write(text)
            clock.seconds += 1
            is_mended = text == MUTUAL
            assert ask(server, tls=made.client("prometheus")).body == PAGE
            assert web.is_valid is is_mended
        assert web.refusals == 2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            assert ask(server, tls=made.client()).status
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [one["event"] for one in told] == [
        "web_configuration_refused",
        "web_configuration_changed",
    ]
    assert ":1:1: tls_server_confik is not a known key." in told[0]["cause"]


def test_a_certificate_that_vanished_is_not_taken_for_no_tls(made: Papers) -> None:
    """Nothing of the file's protection is lost with a file that it names."""
    clock = Hand()
    web = WatchedWeb(made.write(TLS), now=clock)
    with serving(web=web) as server:
        (made.folder / "server.key").unlink()
        clock.seconds += 1
        assert ask(server, tls=made.client()).body == PAGE
        assert (web.is_valid, web.refusals) == (False, 1)


def test_a_silent_tls_peer_has_five_seconds_and_holds_nobody(made: Papers) -> None:
    """Here half a second: the handshake has a deadline of its own."""
    with serving(web=WatchedWeb(made.write(TLS))) as server:
        silent = [connect(server) for _ in range(5)]
        silent[0].sendall(b"\x16\x03\x01")  # the beginning of a handshake
        assert ask(server, tls=made.client()).body == PAGE
        assert all(is_dropped(peer) for peer in silent)
        for peer in silent:
            peer.close()


def certificate(port: int, made: Papers) -> bytes | None:
    """Return what the server shows to a new peer."""
    context = made.client()
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as peer,
    ):
        return peer.getpeercert(binary_form=True)
