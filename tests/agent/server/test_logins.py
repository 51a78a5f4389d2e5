"""Basic authentication: right logins are cheap, wrong ones are few, and neither tells of others."""

import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import bcrypt
import pytest

from gpusla_agent.server import Limits, WatchedWeb
from gpusla_agent.server.logins import KnownLogins, Login, LoginLimits, Logins
from tests.agent.server.stage import PAGE, Hand, ask, hashed, serving

HERE, THERE = "127.0.0.1", "127.0.0.2"


class Counting:
    """Compares passwords as bcrypt does, and counts what it is asked; cost by cost."""

    def __init__(self) -> None:
        self.costs: list[int] = []

    def __call__(self, password: bytes, stored: bytes) -> bool:
        """Compare."""
        self.costs.append(int(stored[4:6]))
        return bcrypt.checkpw(password, stored)


def header(user: str, password: str) -> str:
    """Return what a client sends."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def made(clock: Hand, check: Counting, **users: str) -> Logins:
    """Return logins for users with their passwords."""
    hashes = {name: hashed(password) for name, password in users.items()}
    return Logins(hashes, LoginLimits(clock), KnownLogins(), check)


def test_a_right_login_is_computed_once() -> None:
    """A scrape each second costs no bcrypt."""
    check = Counting()
    logins = made(Hand(), check, prometheus="secret")
    for _ in range(100):
        assert logins.judge(header("prometheus", "secret"), HERE) is Login.ALLOWED
    assert check.costs == [4]


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer abc",
        "Basic",
        "Basic !!!",
        "Basic " + b64encode(b"no colon").decode(),
        header("prometheus", "wrong"),
        header("prometheus", ""),
        header("prometheus", "secret\0"),
        header("Prometheus", "secret"),
        header("", "secret"),
        header("nobody", "secret"),
    ],
)
def test_a_login_that_is_not_right_is_refused(sent: str) -> None:
    """Whatever is wrong with it."""
    logins = made(Hand(), Counting(), prometheus="secret")
    assert logins.judge(sent, HERE) is Login.REFUSED


def test_a_name_that_nobody_has_costs_what_a_wrong_password_costs() -> None:
    """The same work on a hash of the same cost, or the time would tell who exists."""
    check = Counting()
    logins = made(Hand(), check, prometheus="secret", collector="other")
    assert logins.judge(header("prometheus", "wrong"), HERE) is Login.REFUSED
    assert logins.judge(header("nobody", "wrong"), HERE) is Login.REFUSED
    assert check.costs == [4, 4]


def test_what_nobody_knows_is_no_password_of_anybody() -> None:
    """The hash that stands in for an unknown name matches nothing, and would allow nothing."""
    logins = Logins(
        {"prometheus": hashed("secret")}, LoginLimits(Hand()), KnownLogins(), lambda *_: True
    )
    assert logins.judge(header("nobody", "any"), HERE) is Login.REFUSED


def test_a_known_login_cannot_be_put_together_from_parts_of_another() -> None:
    """Lengths are part of the digest, and the key is drawn at every start."""
    known, other = KnownLogins(), KnownLogins()
    digests = {
        known.digest(*parts)
        for parts in ((b"ab", b"c", b"h"), (b"a", b"bc", b"h"), (b"ab", b"ch", b""))
    }
    assert len(digests) == 3
    assert other.digest(b"ab", b"c", b"h") not in digests


def test_a_new_password_forgets_the_old_one() -> None:
    """The digest covers the hash that it was right for."""
    known, limits = KnownLogins(), LoginLimits(Hand())
    before = Logins({"prometheus": hashed("old")}, limits, known)
    assert before.judge(header("prometheus", "old"), HERE) is Login.ALLOWED
    after = Logins({"prometheus": hashed("new")}, limits, known)
    assert after.judge(header("prometheus", "old"), HERE) is Login.REFUSED
    assert after.judge(header("prometheus", "new"), HERE) is Login.ALLOWED
    gone = Logins({"collector": hashed("other")}, limits, known)
    assert gone.judge(header("prometheus", "new"), HERE) is Login.REFUSED


def test_wrong_logins_are_looked_at_a_few_times_and_then_not_now() -> None:
    """Five at once from one address, one in two seconds later; other addresses have their own."""
    check, clock = Counting(), Hand()
    logins = made(clock, check, prometheus="secret")
    verdicts = [logins.judge(header("prometheus", str(n)), HERE) for n in range(100)]
    assert verdicts == [Login.REFUSED] * 5 + [Login.NOT_NOW] * 95
    assert logins.judge(header("prometheus", "secret"), THERE) is Login.ALLOWED
    clock.seconds += 2
    assert logins.judge(header("prometheus", "x"), HERE) is Login.REFUSED
    assert logins.judge(header("prometheus", "x"), HERE) is Login.NOT_NOW
    assert len(check.costs) == 7


def test_many_addresses_together_have_a_limit_too() -> None:
    """Or a neighbour with a /64 would have as many tries as addresses."""
    check = Counting()
    logins = made(Hand(), check, prometheus="secret")
    for number in range(5_000):
        logins.judge(header("prometheus", "x"), f"2001:db8::{number:x}")
    assert len(check.costs) == 10


def test_a_known_login_passes_whatever_the_limits_say() -> None:
    """Strangers at the same address do not lock a scraper out that was let in before."""
    logins = made(Hand(), Counting(), prometheus="secret")
    assert logins.judge(header("prometheus", "secret"), HERE) is Login.ALLOWED
    for number in range(100):
        logins.judge(header("prometheus", str(number)), HERE)
    assert logins.judge(header("prometheus", "secret"), HERE) is Login.ALLOWED


def test_one_login_is_computed_at_a_time_and_one_may_wait() -> None:
    """The others are told to come again, so that threads are left for scrapes."""
    entered, leave = Event(), Event()

    def check(_password: bytes, _stored: bytes) -> bool:
        entered.set()
        return leave.wait(10)

    limits = LoginLimits(Hand())
    logins = Logins({"a": hashed("b")}, limits, KnownLogins(), check)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(logins.judge, header("a", "1"), HERE)
        assert entered.wait(5)
        second = pool.submit(logins.judge, header("a", "2"), HERE)
        while limits._waiting._value:  # until the second waits too
            pass
        assert logins.judge(header("a", "3"), THERE) is Login.NOT_NOW
        leave.set()
        assert {first.result(), second.result()} == {Login.ALLOWED}


def test_a_long_password_is_cut_where_htpasswd_cuts_it() -> None:
    """A hash that works in Prometheus works here."""
    logins = Logins({"a": hashed("x" * 72)}, LoginLimits(Hand()), KnownLogins())
    assert logins.judge(header("a", "x" * 80), HERE) is Login.ALLOWED


# --- through the server ---------------------------------------------------------------------------


def web_of(folder: Path, text: str) -> WatchedWeb:
    """Write a web configuration file and watch it."""
    path = folder / "web.yml"
    path.write_text(text)
    return WatchedWeb(path)


@pytest.mark.parametrize("path", ["/metrics", "/journal", "/healthz", "/nowhere"])
def test_every_page_stands_behind_the_gate(tmp_path: Path, path: str) -> None:
    """Health too: it names the node and what is wrong with it."""
    web = web_of(tmp_path, f"basic_auth_users: {{prometheus: '{hashed('secret')}'}}\n")
    with serving(web=web) as server:
        refused = ask(server, path)
        assert (refused.status, b'"login_refused"' in refused.body) == (401, True)
        assert b'\r\nWww-Authenticate: Basic realm="gpusla"\r\n' in refused.raw
        login = f"Authorization: {header('prometheus', 'secret')}\r\n"
        assert ask(server, path, headers=login).status in {200, 404}


def test_headers_of_the_file_go_with_every_answer(tmp_path: Path) -> None:
    """Refusals included."""
    web = web_of(
        tmp_path,
        "http_server_config: {headers: {X-Frame-Options: deny}}\n"
        f"basic_auth_users: {{prometheus: '{hashed('secret')}'}}\n",
    )
    login = f"Authorization: {header('prometheus', 'secret')}\r\n"
    with serving(web=web) as server:
        for headers in ("", login):
            assert b"\r\nX-Frame-Options: deny\r\n" in ask(server, headers=headers).raw


def test_requests_are_limited_as_the_file_says(tmp_path: Path) -> None:
    """A burst, then a refusal."""
    with serving(web=web_of(tmp_path, "rate_limit: {interval: 1h, burst: 2}\n")) as server:
        assert [ask(server).status for _ in range(3)] == [200, 200, 429]


@pytest.mark.slow
def test_a_hundred_bad_logins_a_second_do_not_delay_good_scrapes(tmp_path: Path) -> None:
    """At the highest cost, from the scraper's own address: under a second in 99 of 100."""
    web = web_of(tmp_path, f"basic_auth_users: {{prometheus: '{hashed('secret', cost=12)}'}}\n")
    login = f"Authorization: {header('prometheus', 'secret')}\r\n"
    bad = [f"Authorization: {header('prometheus', str(n))}\r\n" for n in range(500)]
    with serving(web=web, limits=Limits()) as server, ThreadPoolExecutor(2) as strangers:
        assert ask(server, headers=login).body == PAGE
        started = time.monotonic()
        attack = strangers.map(lambda one: ask(server, headers=one).status, bad)
        took = []
        for _ in range(100):
            began = time.monotonic()
            assert ask(server, headers=login).body == PAGE
            took.append(time.monotonic() - began)
        statuses = list(attack)
        rate = len(bad) / (time.monotonic() - started)
    assert sorted(took)[98] < 1
    assert rate > 50  # three hundred and more on a machine that is not busy with other tests
    assert 429 in statuses
    assert set(statuses) <= {401, 429}
    print(f"\np99 {sorted(took)[98] * 1000:.0f} ms beside {rate:.0f} bad logins a second")  # noqa: T201
