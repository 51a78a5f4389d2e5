"""A BMC's leak detectors and coolant, from a real server on loopback that may be anything."""

import json
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from gpusla.errors import SettingsError
from gpusla.readings import Absence, Absent, Present, Sensor
from gpusla_agent.sources.host.redfish import RedfishProbe, read_resource
from gpusla_agent.sources.host.redfish_client import RESPONSE_BYTES_MAX, check_redfish
from gpusla_agent.sources.host.settings import RedfishSettings
from tests.agent.sources.bmc import (
    CHASSIS,
    LEAKS,
    PASSWORD,
    THERMAL,
    USER,
    FakeBmc,
    answer,
    collection,
    detector,
    link,
    serving,
)

COLD_PLATE = f"{LEAKS}/Chassis_0_LeakDetector_0_ColdPlate"


@pytest.fixture
def bmc() -> Iterator[FakeBmc]:
    """A BMC without TLS on loopback."""
    with serving(FakeBmc()) as one:
        yield one


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    """The credentials' file, as it should be."""
    path = tmp_path / "credentials"
    path.write_text(f"{USER}:{PASSWORD}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def probe(bmc: FakeBmc, credentials: Path) -> RedfishProbe:
    """A probe of that BMC."""
    return RedfishProbe(RedfishSettings(bmc.url, credentials, total_ms=20_000))


def values(sensors: tuple[Sensor, ...]) -> dict[tuple[str, str], float]:
    """Return the readings that have a value, by name and kind."""
    return {
        (one.name, one.kind): one.reading.value
        for one in sensors
        if isinstance(one.reading, Present)
    }


def trouble(probe: RedfishProbe) -> str:
    """Return why a poll failed; there is no sensor then."""
    found = probe.read()
    assert found.trouble is not None
    assert found.sensors == ()
    return found.trouble.detail


def test_every_sensor_is_found_and_read_in_base_units(probe: RedfishProbe) -> None:
    """Litres a minute, kilopascals and leaks; a sensor of a fan is none of ours."""
    found = probe.read()
    assert found.trouble is None
    assert values(found.sensors) == {
        ("Chassis_0_LeakDetector_0_ColdPlate", "leak"): 0,
        ("Chassis_0_LeakDetector_0_Manifold", "leak"): 0,
        ("Chassis_0_1", "coolant_supply_celsius"): 32.5,
        ("Chassis_0_1", "coolant_flow_cubic_meters_per_second"): pytest.approx(0.001),
        ("Chassis_0_1", "coolant_supply_pascals"): 220_000,
        ("Chassis_0_Inlet_Liquid_Temp", "coolant_celsius"): 31,
    }


def test_a_reading_in_words_is_no_number(probe: RedfishProbe) -> None:
    """BMCs in the field answer with null, and with `Out of range`."""
    absent = {one.kind: one.reading for one in probe.read().sensors}
    for kind in ("coolant_return_celsius", "coolant_return_pascals"):
        assert isinstance(one := absent[kind], Absent)
        assert one.absence is Absence.ERROR


@pytest.mark.parametrize(("state", "leak"), [("OK", 0), ("Warning", 1), ("Critical", 1)])
def test_a_leak_is_one(probe: RedfishProbe, bmc: FakeBmc, state: str, leak: int) -> None:
    """A warning is a leak too."""
    bmc.resources[COLD_PLATE] = detector(state)
    assert probe.read().sensors[0].reading == Present(leak)


@pytest.mark.parametrize(
    ("state", "enabled"),
    [("Critical", "Degraded"), ("OK", "Disabled"), ("Unavailable", "Enabled"), (None, "Enabled")],
)
def test_a_broken_detector_says_nothing(
    probe: RedfishProbe, bmc: FakeBmc, state: str | None, enabled: str
) -> None:
    """Neither wet nor dry: its word is not to be trusted."""
    bmc.resources[COLD_PLATE] = detector(state, enabled)
    reading = probe.read().sensors[0].reading
    assert isinstance(reading, Absent)
    assert str(state) in reading.detail


def test_what_was_found_is_asked_directly(probe: RedfishProbe, bmc: FakeBmc) -> None:
    """A BMC is slow: after the search only the sensors themselves."""
    first = probe.read()
    bmc.asked.clear()
    assert probe.read() == first
    assert len(bmc.asked) == 4
    assert CHASSIS not in bmc.asked


def test_what_moved_is_looked_for_again(probe: RedfishProbe, bmc: FakeBmc) -> None:
    """A board was exchanged and its detectors have other names."""
    probe.read()
    moved = f"{LEAKS}/Chassis_0_LeakDetector_9"
    bmc.resources[moved] = bmc.resources.pop(COLD_PLATE)
    bmc.resources[LEAKS] = collection(moved)
    assert "Chassis_0_LeakDetector_9" not in {one.name for one in probe.read().sensors}
    assert "Chassis_0_LeakDetector_9" in {one.name for one in probe.read().sensors}


def test_leak_detection_may_be_a_collection_at_another_place(
    probe: RedfishProbe, bmc: FakeBmc
) -> None:
    """Links are followed and not guessed."""
    bmc.resources[THERMAL] = {"LeakDetection": link("/redfish/v1/Oem/Leaks")}
    bmc.resources["/redfish/v1/Oem/Leaks"] = collection("/redfish/v1/Oem/Leaks/0")
    bmc.resources["/redfish/v1/Oem/Leaks/0"] = {"LeakDetectors": link(LEAKS)}
    assert sum(one.kind == "leak" for one in probe.read().sensors) == 2


# --- what must not happen ---------------------------------------------------------------------


def test_no_link_leads_to_another_host(probe: RedfishProbe, bmc: FakeBmc) -> None:
    """The credentials go to the BMC that was named."""
    with serving(FakeBmc()) as other:
        for target in (f"{other.url}{CHASSIS}", f"//{other.url[7:]}{CHASSIS}", "/other"):
            bmc.resources[CHASSIS] = collection(target)
            assert trouble(probe) == "a link leads out of /redfish/"
        assert other.asked == []


def test_a_redirect_is_not_followed(probe: RedfishProbe, bmc: FakeBmc) -> None:
    """Not to another host, and not to anywhere."""
    with serving(FakeBmc()) as other:
        bmc.answers[CHASSIS] = lambda handler: answer(
            handler, 302, b"", Location=f"{other.url}{CHASSIS}"
        )
        assert trouble(probe) == "the BMC answers with 302"
        assert other.asked == []


def test_an_answer_without_end_is_given_up(probe: RedfishProbe, bmc: FakeBmc) -> None:
    """After a mebibyte."""
    bmc.answers[CHASSIS] = lambda handler: answer(handler, 200, b" " * (RESPONSE_BYTES_MAX + 1))
    assert trouble(probe) == f"an answer has more than {RESPONSE_BYTES_MAX} bytes"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"<html>", "the BMC answers with no JSON"),
        (b"[" * 100_000, "the BMC answers with no JSON"),
        (b"[]", "the BMC answers with no resource"),
    ],
)
def test_an_answer_that_is_no_resource_is_refused(
    probe: RedfishProbe, bmc: FakeBmc, content: bytes, why: str
) -> None:
    """And nothing is made of it."""
    bmc.answers[CHASSIS] = lambda handler: answer(handler, 200, content)
    assert trouble(probe) == why


def test_a_bmc_that_links_in_circles_is_given_up(probe: RedfishProbe, bmc: FakeBmc) -> None:
    """So many requests and no more."""
    bmc.resources[CHASSIS] = collection(*[f"{CHASSIS}/Chassis_0"] * 1_000)
    assert trouble(probe) == "more than 300 requests would be needed"


def test_a_bmc_that_drips_is_given_up_in_time(bmc: FakeBmc, credentials: Path) -> None:
    """A byte now and then keeps no socket waiting, and yet the poll ends."""
    over = threading.Event()

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    bmc.answers[CHASSIS] = drip
    started = time.monotonic()
    found = trouble(RedfishProbe(RedfishSettings(bmc.url, credentials, total_ms=500)))
    over.set()
    assert found == "the BMC takes too long"
    assert time.monotonic() - started < 5


def test_a_bmc_that_is_not_there_is_an_error(credentials: Path) -> None:
    """In words."""
    probe = RedfishProbe(RedfishSettings("http://127.0.0.1:9", credentials))
    assert trouble(probe) == "the BMC cannot be asked: Connection refused"


def test_wrong_credentials_are_an_error(probe: RedfishProbe, credentials: Path) -> None:
    """Read anew at every poll, so that they can be changed."""
    credentials.write_text("monitor:wrong\n")
    assert trouble(probe) == "the BMC answers with 401"
    credentials.write_text(f"{USER}:{PASSWORD}\n")
    assert probe.read().trouble is None


# --- TLS and settings -------------------------------------------------------------------------


def test_a_certificate_is_verified(tmp_path: Path, credentials: Path) -> None:
    """With the authority that was named, and never without one that fits."""
    authority, file = trustme.CA(), tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with serving(FakeBmc(), context) as bmc:
        trusted = RedfishProbe(RedfishSettings(bmc.url, credentials, file)).read()
        assert (trusted.trouble, len(trusted.sensors)) == (None, 8)
        bmc.asked.clear()
        untrusted = RedfishProbe(RedfishSettings(bmc.url, credentials))
        assert "its certificate is not to be trusted" in trouble(untrusted)
        assert bmc.asked == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://10.0.0.1", "would send the credentials in the clear"),
        ("ftp://10.0.0.1", "is not https://<address>[:port]"),
        ("https://", "is not https://<address>[:port]"),
        ("https://bmc/redfish", "is not https://<address>[:port]"),
        ("https://a:b@bmc", "credentials belong in their file and not in the address"),
        ("https://bmc:x", "is no address"),
    ],
)
def test_an_address_that_cannot_be_honoured_is_refused(
    credentials: Path, url: str, words: str
) -> None:
    """At the start, with the reason."""
    with pytest.raises(SettingsError, match=r"\[") as caught:
        check_redfish(RedfishSettings(url, credentials))
    assert words in caught.value.message


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        ("a:b\n", 0o644, "others may read the credentials; only their owner should"),
        ("a\n", 0o600, "the credentials are not one line, <user>:<password>"),
        ("a:b\nc:d\n", 0o600, "the credentials are not one line, <user>:<password>"),
        (None, 0, "the credentials cannot be read: No such file or directory"),
    ],
)
def test_credentials_that_cannot_be_used_are_refused(
    tmp_path: Path, content: str | None, mode: int, words: str
) -> None:
    """And no part of them is in the message."""
    path = tmp_path / "secret"
    if content is not None:
        path.write_text(content)
        path.chmod(mode)
    with pytest.raises(SettingsError) as caught:
        check_redfish(RedfishSettings("https://bmc", path))
    assert caught.value.message == f"redfish: {words}"


def test_an_authority_that_is_none_is_refused(tmp_path: Path, credentials: Path) -> None:
    """A file without a certificate verifies nothing."""
    with pytest.raises(SettingsError, match="cannot be used as certificate authority"):
        check_redfish(RedfishSettings("https://bmc", credentials, tmp_path / "none.pem"))
    check_redfish(RedfishSettings("https://bmc", credentials))


KEYS = st.sampled_from(
    ["DetectorState", "Status", "State", "Reading", "ReadingUnits", "FlowLitersPerMinute"]
)
SCALARS = st.sampled_from([None, True, "Cel", "OK", 10**400, 1e308]) | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner))


@given(st.dictionaries(KEYS, JSON))
def test_any_resource_is_read_or_refused(resource: dict[str, object]) -> None:
    """Nothing raises, and what is no number is none."""
    for one in read_resource(json.loads(json.dumps(resource)), f"{CHASSIS}/a/b"):
        assert isinstance(one.reading, Present | Absent)
