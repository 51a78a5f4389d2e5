"""What the web configuration file says of TLS, as a context to wrap connections with."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusla.catalogue.codes import BAD_SETTING, FILE_UNREADABLE
from gpusla.errors import Position, SettingsError
from gpusla_agent.server.web_file import CIPHERS, CURVES, TlsForm

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENTS = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_NAMES = {"DNS", "IP Address", "email", "URI"}


@dataclass(frozen=True, slots=True)
class TlsAccess:
    """
    How a connection is secured.

    allowed_names: alternative names of which a client's certificate has to have one; empty if any
    verified certificate will do.
    """

    context: ssl.SSLContext
    allowed_names: frozenset[str]


def tls_access(form: TlsForm, folder: Path) -> TlsAccess:
    """
    Load certificate, key and authority; folder: what their paths are relative to.

    Raises SettingsError if one of the files cannot be read or is not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[form.min_version]
    context.maximum_version = _VERSIONS[form.max_version]
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    if not form.prefer_server_cipher_suites:
        context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    suites = form.cipher_suites or list(CIPHERS)
    context.set_ciphers(":".join(CIPHERS[name] for name in suites))
    for name in form.curve_preferences:
        _choose_curve(context, name)
    _load_certificate(context, folder / form.cert_file, folder / form.key_file)
    if form.client_ca_file:
        _load_authority(context, folder / form.client_ca_file)
    context.verify_mode = _CLIENTS[form.client_auth_type]
    return TlsAccess(context, frozenset(form.client_allowed_sans))


def _choose_curve(context: ssl.SSLContext, name: str) -> None:
    try:
        context.set_ecdh_curve(CURVES[name])
    except (ssl.SSLError, ValueError) as cause:  # X25519, on some builds of Python 3.11
        words = f"curve_preferences: {name} cannot be chosen with {ssl.OPENSSL_VERSION} here"
        fix = "Write CurveP256, or leave the key out."
        raise SettingsError(BAD_SETTING, words, fix=fix) from cause


def _load_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        _check_readable(path)
    try:
        # A key with a passphrase would be asked for on the terminal, by a service that has none.
        context.load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as cause:
        words = f"is no certificate with its key in {key}: {cause}"
        fix = "Write both as PEM, the key without a passphrase."
        position = Position(str(certificate))
        raise SettingsError(BAD_SETTING, words, fix=fix, position=position) from cause


def _load_authority(context: ssl.SSLContext, path: Path) -> None:
    _check_readable(path)
    try:
        context.load_verify_locations(path)
    except (OSError, ValueError) as cause:
        words, fix = f"holds no certificates: {cause}", "Write the authority's certificate as PEM."
        position = Position(str(path))
        raise SettingsError(BAD_SETTING, words, fix=fix, position=position) from cause


def _check_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as cause:
        words = f"cannot be read: {cause.strerror}"
        raise SettingsError(FILE_UNREADABLE, words, position=Position(str(path))) from cause


def names_of(certificate: Mapping[str, Any] | None) -> frozenset[str]:
    """Return the alternative names of a peer's certificate: DNS, IP, e-mail and URI."""
    found = (certificate or {}).get("subjectAltName", ())
    return frozenset(name for kind, name in found if kind in _NAMES)
