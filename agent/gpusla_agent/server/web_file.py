"""
The web configuration file: who may see the pages, in the format of Prometheus' exporter-toolkit.

A file that works there works here or is refused with a sentence; no key is taken and ignored.  What
cannot be honoured: HTTP/2, certificates and keys in the file itself, asking for client certificates
without verifying them, TLS below 1.2, the choice of TLS 1.3 suites, more than one curve.
Source: docs/web-configuration.md of prometheus/exporter-toolkit.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gpusla.catalogue.codes import BAD_SETTING, FILE_UNREADABLE
from gpusla.documents import SIZE_BYTES_MAX, Form, digest, parse, problem, validate
from gpusla.errors import Position, SettingsError

COST_MAX = 12
"""A login costs 0.3 s of a core at 12, twice that at 13, and whoever asks decides how often."""

_HASH = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}", re.ASCII)
_DURATION = re.compile(r"(?P<count>\d+(?:\.\d+)?)(?P<unit>ms|s|m|h)", re.ASCII)
_UNIT_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0}
_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)

CIPHERS = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
}
"""Go's names for TLS 1.2 suites (crypto/tls), and OpenSSL's for the same."""

CURVES = {
    "CurveP256": "prime256v1",
    "CurveP384": "secp384r1",
    "CurveP521": "secp521r1",
    "X25519": "X25519",
}
"""Go's names for curves (crypto/tls), and OpenSSL's for the same."""

_HEADER_VALUES = {
    "X-Frame-Options": {"deny", "sameorigin"},
    "X-Content-Type-Options": {"nosniff"},
}


def _refuse_inline(_: Any) -> Any:
    raise problem(
        BAD_SETTING,
        "a certificate or key in the file itself is not read",
        "Put it into a file of its own and name that with cert_file, key_file or client_ca_file.",
    )


def _version(value: Any) -> Any:
    if value in {"TLS10", "TLS11"}:
        raise problem(
            BAD_SETTING, f"{value} is broken and is not spoken", "Write TLS12, TLS13 or nothing."
        )
    return value


def _client_auth(value: Any) -> Any:
    if value in {"RequestClientCert", "RequireAnyClientCert"}:
        raise problem(
            BAD_SETTING,
            f"{value} takes any certificate without verifying it, which proves nothing",
            "Write RequireAndVerifyClientCert.",
        )
    return value


def _one_of(table: dict[str, str], value: Any) -> Any:
    if isinstance(value, str) and value not in table:
        why = "cannot be chosen" if value.startswith("TLS_") else "is not known"
        raise problem(
            BAD_SETTING, f"{value!r} {why} here", f"Choose from {', '.join(sorted(table))}."
        )
    return value


def _cipher(value: Any) -> Any:
    return _one_of(CIPHERS, value)


def _curve(value: Any) -> Any:
    return _one_of(CURVES, value)


def _http2(value: Any) -> Any:
    if value is True:
        raise problem(
            BAD_SETTING, "HTTP/2 is not served", "Write http2: false, or leave the key out."
        )
    return value


def _hash(value: Any) -> Any:
    found = _HASH.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise problem(
            BAD_SETTING,
            "this is not a bcrypt hash",  # and is not shown: it may be a password
            'Write the output of `htpasswd -nBC 10 ""` without the colon.',
        )
    if int(found["cost"]) > COST_MAX:
        raise problem(
            BAD_SETTING,
            f"a hash of cost {int(found['cost'])} lets strangers keep a core busy",
            f"Hash the password again at a cost of at most {COST_MAX}.",
        )
    return value


def _duration(value: Any) -> Any:
    text = "0s" if value in {0, "0"} else value
    if (
        not isinstance(text, str)
        or "".join(part[0] for part in _DURATION.finditer(text)) != text.strip()
    ):
        raise problem(BAD_SETTING, f"{value!r} is not a duration", "Write it like 100ms or 1s.")
    return sum(float(p["count"]) * _UNIT_SECONDS[p["unit"]] for p in _DURATION.finditer(text))


_Version = Annotated[Literal["TLS12", "TLS13"], BeforeValidator(_version)]
_Inline = Annotated[None, BeforeValidator(_refuse_inline)]


class TlsForm(Form):
    """`tls_server_config`; files are relative to the folder of the web configuration file."""

    cert: _Inline = None
    key: _Inline = None
    client_ca: _Inline = None
    cert_file: str
    key_file: str
    client_auth_type: Annotated[
        Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"],
        BeforeValidator(_client_auth),
    ] = "NoClientCert"
    client_ca_file: str | None = None
    client_allowed_sans: list[str] = Field(default_factory=list)
    min_version: _Version = "TLS12"
    max_version: _Version = "TLS13"
    cipher_suites: list[Annotated[str, BeforeValidator(_cipher)]] = Field(default_factory=list)
    prefer_server_cipher_suites: bool = True
    curve_preferences: list[Annotated[str, BeforeValidator(_curve)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def can_be_honoured(self) -> Self:
        """Each value may be allowed and the combination still make no sense."""
        for at, message, fix in self._contradictions():
            raise problem(BAD_SETTING, message, fix, at=(at,))
        return self

    def _contradictions(self) -> list[tuple[str, str, str]]:
        found: list[tuple[str, str, str]] = []
        asks = self.client_auth_type != "NoClientCert"
        if asks and not self.client_ca_file:
            words = f"{self.client_auth_type} has nothing to verify certificates with"
            found.append(("client_auth_type", words, "Name the authority with client_ca_file."))
        if self.client_ca_file and not asks:
            words = "an authority of clients is named and no client is asked for a certificate"
            fix = "Add client_auth_type: RequireAndVerifyClientCert, or remove it."
            found.append(("client_ca_file", words, fix))
        if self.client_allowed_sans and self.client_auth_type != "RequireAndVerifyClientCert":
            words = "a client that shows no certificate has no name to compare"
            fix = "Add client_auth_type: RequireAndVerifyClientCert."
            found.append(("client_allowed_sans", words, fix))
        if (self.min_version, self.max_version) == ("TLS13", "TLS12"):
            found.append(("max_version", "TLS12 is below min_version", "Remove one of the two."))
        if self.cipher_suites and self.min_version == "TLS13":
            words = "these are suites of TLS 1.2, which min_version rules out"
            found.append(("cipher_suites", words, "Remove one of the two."))
        if len(self.curve_preferences) > 1:
            words = "only one curve can be chosen here"
            found.append(("curve_preferences", words, "Keep the first, or leave the key out."))
        return found


class HeadersForm(Form):
    """`http_server_config.headers`: those that exporter-toolkit knows, and no others."""

    content_security_policy: str = Field("", alias="Content-Security-Policy")
    x_frame_options: str = Field("", alias="X-Frame-Options")
    x_content_type_options: str = Field("", alias="X-Content-Type-Options")
    x_xss_protection: str = Field("", alias="X-XSS-Protection")
    strict_transport_security: str = Field("", alias="Strict-Transport-Security")

    @model_validator(mode="after")
    def can_be_sent(self) -> Self:
        """Values go into answers as they are."""
        for name, value in self.pairs():
            allowed = _HEADER_VALUES.get(name)
            if allowed is not None and value not in allowed:
                words, fix = f"{value!r} is not allowed", f"Write {' or '.join(sorted(allowed))}."
                raise problem(BAD_SETTING, words, fix, at=(name,))
            if not _PRINTABLE.fullmatch(value):
                words, fix = "a header holds printable ASCII", "Remove the other characters."
                raise problem(BAD_SETTING, words, fix, at=(name,))
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """Return the headers that are set."""
        return [(name, value) for name, value in self.model_dump(by_alias=True).items() if value]


class HttpForm(Form):
    """`http_server_config`."""

    http2: Annotated[bool, BeforeValidator(_http2)] = False
    headers: HeadersForm = Field(default_factory=lambda: HeadersForm.model_validate({}))


class RateForm(Form):
    """`rate_limit`: a request each interval on the average, and so many at once."""

    interval: Annotated[float, BeforeValidator(_duration)] = 0.0
    burst: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def lets_somebody_in(self) -> Self:
        """With an interval and no burst nobody would ever be served."""
        if self.interval and not self.burst:
            words = "with a burst of 0 every request is refused"
            raise problem(BAD_SETTING, words, "Write 1 or more.", at=("burst",))
        return self


class WebForm(Form):
    """The file."""

    tls_server_config: TlsForm | None = None
    http_server_config: HttpForm = Field(default_factory=HttpForm)
    basic_auth_users: dict[str, Annotated[str, BeforeValidator(_hash)]] = Field(
        default_factory=dict
    )
    rate_limit: RateForm | None = None

    @model_validator(mode="after")
    def can_be_honoured(self) -> Self:
        """A name with a colon cannot be told from a name and the beginning of a password."""
        for name in self.basic_auth_users:
            if ":" in name or not name:
                words = f"{name!r} cannot be sent as the name of a user"
                fix = "Choose a name without a colon."
                raise problem(BAD_SETTING, words, fix, at=("basic_auth_users", name))
        return self


def read_web_file(path: Path) -> tuple[WebForm, str]:
    """
    Read a web configuration file; return what it says and the digest of its bytes.

    Raises SettingsError with file, line and field for the first thing that is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        words = f"cannot be read: {cause.strerror}"
        raise SettingsError(FILE_UNREADABLE, words, position=Position(str(path))) from cause
    return validate(WebForm, parse(content, str(path)), SettingsError), digest(content)
