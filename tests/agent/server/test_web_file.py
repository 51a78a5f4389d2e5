"""The web configuration file: the toolkit's keys are taken or refused with a sentence."""

# ruff: noqa: E501  (a promised sentence stands as it is told)

from pathlib import Path

import pytest

from gpusla.errors import SettingsError
from gpusla_agent.server import WatchedWeb
from gpusla_agent.server.web_file import read_web_file
from tests.agent.server.stage import Papers, hashed, papers

FULL = """\
tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: clients.pem
  client_allowed_sans: [prometheus.example]
  min_version: TLS12
  max_version: TLS13
  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
  prefer_server_cipher_suites: false
  curve_preferences: [CurveP256]
http_server_config:
  http2: false
  headers:
    Content-Security-Policy: default-src 'none'
    X-Frame-Options: deny
    X-Content-Type-Options: nosniff
    X-XSS-Protection: "1"
    Strict-Transport-Security: max-age=31536000
basic_auth_users:
  prometheus: "HASH"
rate_limit: {interval: 1m30s, burst: 20}
"""


@pytest.fixture
def made(tmp_path: Path) -> Papers:
    """Certificates in a folder."""
    return papers(tmp_path)


def refusal(path: Path) -> str:
    """Return the sentence that a file is refused with, less the folder."""
    with pytest.raises(SettingsError) as caught:
        WatchedWeb(path)
    return str(caught.value).replace(f"{path.parent}/", "")


def test_every_key_of_the_toolkit_has_its_place(made: Papers) -> None:
    """A file with all of them is taken."""
    web = WatchedWeb(made.write(FULL.replace("HASH", hashed("secret"))))
    access = web.access()
    assert access.tls is not None
    assert access.tls.allowed_names == {"prometheus.example"}
    assert web.form.rate_limit is not None
    assert web.form.rate_limit.interval == 90
    assert dict(access.headers)["X-XSS-Protection"] == "1"
    assert len(access.headers) == 5


TLS_LINES = "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "tls_config: {}\n",
            (
                "web.yml:1:1: tls_config is not a known key. Write 'tls_server_config' if that is "
                "meant, or remove it. [GS1008]"
            ),
        ),
        (
            "http_server_config: {http2: true}\n",
            (
                "web.yml:1:29: http_server_config.http2: HTTP/2 is not served. Write http2: false, or "
                "leave the key out. [GS1301]"
            ),
        ),
        (
            "http_server_config: {headers: {X-Powered-By: me}}\n",
            (
                "web.yml:1:32: http_server_config.headers.X-Powered-By is not a known key. Remove it; "
                "known here are Content-Security-Policy, Strict-Transport-Security, "
                "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection. [GS1008]"
            ),
        ),
        (
            "http_server_config: {headers: {X-Frame-Options: allow}}\n",
            (
                "web.yml:1:49: http_server_config.headers.X-Frame-Options: 'allow' is not allowed. "
                "Write deny or sameorigin. [GS1301]"
            ),
        ),
        (
            'http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a"}}\n',
            (
                "web.yml:1:50: http_server_config.headers.X-XSS-Protection: a header holds printable "
                "ASCII. Remove the other characters. [GS1301]"
            ),
        ),
        (
            "basic_auth_users: {a: secret}\n",
            (
                "web.yml:1:23: basic_auth_users.a: this is not a bcrypt hash. Write the output of "
                '`htpasswd -nBC 10 ""` without the colon. [GS1301]'
            ),
        ),
        (
            f"basic_auth_users: {{a: '$2y$13${'x' * 53}'}}\n",
            (
                "web.yml:1:23: basic_auth_users.a: a hash of cost 13 lets strangers keep a core busy. "
                "Hash the password again at a cost of at most 12. [GS1301]"
            ),
        ),
        (
            f"basic_auth_users: {{'a:b': '$2y$10${'x' * 53}'}}\n",
            (
                "web.yml:1:27: basic_auth_users.a:b: 'a:b' cannot be sent as the name of a user. "
                "Choose a name without a colon. [GS1301]"
            ),
        ),
        (
            "rate_limit: {interval: soon, burst: 1}\n",
            (
                "web.yml:1:24: rate_limit.interval: 'soon' is not a duration. Write it like 100ms or "
                "1s. [GS1301]"
            ),
        ),
        (
            "rate_limit: {interval: 1s}\n",
            (
                "web.yml:1:13: rate_limit: with a burst of 0 every request is refused. Write 1 "
                "or more. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  cert: |\n    -----BEGIN\n",
            (
                "web.yml:4:9: tls_server_config.cert: a certificate or key in the file itself is not "
                "read. Put it into a file of its own and name that with cert_file, key_file or "
                "client_ca_file. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  client_auth_type: RequireAnyClientCert\n",
            (
                "web.yml:4:21: tls_server_config.client_auth_type: RequireAnyClientCert takes any "
                "certificate without verifying it, which proves nothing. Write "
                "RequireAndVerifyClientCert. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  client_auth_type: RequireAndVerifyClientCert\n",
            (
                "web.yml:4:21: tls_server_config.client_auth_type: RequireAndVerifyClientCert has "
                "nothing to verify certificates with. Name the authority with client_ca_file. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  client_ca_file: clients.pem\n",
            (
                "web.yml:4:19: tls_server_config.client_ca_file: an authority of clients is named and "
                "no client is asked for a certificate. Add client_auth_type: "
                "RequireAndVerifyClientCert, or remove it. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  client_allowed_sans: [a]\n",
            (
                "web.yml:4:24: tls_server_config.client_allowed_sans: a client that shows no "
                "certificate has no name to compare. Add client_auth_type: "
                "RequireAndVerifyClientCert. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  min_version: TLS10\n",
            (
                "web.yml:4:16: tls_server_config.min_version: TLS10 is broken and is not spoken. Write "
                "TLS12, TLS13 or nothing. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  min_version: TLS13\n  max_version: TLS12\n",
            (
                "web.yml:5:16: tls_server_config.max_version: TLS12 is below min_version. Remove one "
                "of the two. [GS1301]"
            ),
        ),
        (
            TLS_LINES + "  curve_preferences: [X25519, CurveP256]\n",
            (
                "web.yml:4:22: tls_server_config.curve_preferences: only one curve can be chosen here. "
                "Keep the first, or leave the key out. [GS1301]"
            ),
        ),
        (
            TLS_LINES.replace("server.key", "no.key"),
            (
                "no.key: cannot be read: No such file or directory. Check the path and that the user "
                "of the service may read it. [GS1001]"
            ),
        ),
    ],
)
def test_what_cannot_be_honoured_is_refused_with_a_sentence(
    made: Papers, text: str, sentence: str
) -> None:
    """The whole of it, and never a secret."""
    assert refusal(made.write(text)) == sentence


def test_suites_of_tls_13_cannot_be_chosen(made: Papers) -> None:
    """All three are always on; a list that rules one out could not be kept to."""
    text = TLS_LINES + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"
    assert "'TLS_AES_128_GCM_SHA256' cannot be chosen here. Choose from" in refusal(
        made.write(text)
    )


def test_a_key_that_is_not_the_certificates_is_refused(made: Papers) -> None:
    """As is one with a passphrase, which nobody is there to type."""
    made.authority.issue_cert("other").private_key_pem.write_to_path(made.folder / "server.key")
    assert refusal(made.write(TLS_LINES)).startswith("server.pem: is no certificate with its key")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """At the start there is no version before it."""
    with pytest.raises(SettingsError, match=r"web\.yml: cannot be read: No such file"):
        read_web_file(tmp_path / "web.yml")
