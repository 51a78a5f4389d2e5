"""The gate in front of the pages: how connections are secured, who may ask, and how often."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from gpusla.catalogue.codes import LOGIN_REFUSED, SERVER_BUSY
from gpusla_agent.server.buckets import Bucket
from gpusla_agent.server.logins import Login, Logins
from gpusla_agent.server.pages import Application, RefusedError, StartResponse
from gpusla_agent.server.tls import TlsAccess


@dataclass(frozen=True, slots=True)
class Access:
    """
    What one version of the web configuration file asks for; None for what it does not mention.

    headers: go with every answer of the pages.
    """

    tls: TlsAccess | None = None
    logins: Logins | None = None
    rate: Bucket | None = None
    headers: tuple[tuple[str, str], ...] = ()


def guarded(app: Application, access: Callable[[], Access]) -> Application:
    """Return the application behind the gate; nothing of it is open, health included."""

    def respond(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        asked = access()

        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            return start_response(status, [*headers, *asked.headers])

        try:
            _check(asked, environ)
        except RefusedError as refusal:
            status, headers, body = refusal.answer()
            start(status, [*headers, ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        return app(environ, start)

    return respond


def _check(access: Access, environ: dict[str, Any]) -> None:
    if access.rate is not None and not access.rate.take():
        raise _too_many("more requests than rate_limit allows")
    if access.logins is None:
        return
    login = access.logins.judge(
        environ.get("HTTP_AUTHORIZATION", ""), environ.get("REMOTE_ADDR", "")
    )
    if login is Login.NOT_NOW:
        raise _too_many("too many logins failed")
    if login is Login.REFUSED:
        raise RefusedError(
            "401 Unauthorized",
            LOGIN_REFUSED,
            "a name and its password are needed",
            WWW_Authenticate='Basic realm="gpusla"',
        )


def _too_many(words: str) -> RefusedError:
    return RefusedError("429 Too Many Requests", SERVER_BUSY, words, Retry_After="5")
