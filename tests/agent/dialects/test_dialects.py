"""The dialects: golden pages, what is absent, and that our own client reads them back."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics

from gpusla.readings import Absence, Absent, Present, Reading
from gpusla_agent.dcgm_exporter import Generation, Page, read_page
from gpusla_agent.dcgm_exporter.units import is_blank
from gpusla_agent.exposition import NodeView, render
from gpusla_agent.exposition.dcgm import DIALECTS, dialect
from tests.agent.dialects.node import NUMBERS, UUIDS, node, page, readings

GOLDEN = Path(__file__).parents[2] / "golden" / "metrics"
RESOLUTION: dict[str, dict[str, float]] = {"4.8": {}, "4.9": {"energy_joules": 1.0}}
"""By dialect, what a reading may lose; the joules of 4.9 are whole."""
MIB = 1_048_576
NOT_IN_4_8 = {"memory_total_bytes"}


@pytest.mark.parametrize("spoken", DIALECTS)
def test_the_page_of_a_dialect_is_the_golden_one(spoken: str) -> None:
    """People have dashboards on these names, labels and units."""
    text = page(node(), spoken).decode()
    golden = GOLDEN / f"dcgm-{spoken}.prom"
    if os.environ.get("GPUSLA_UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()


def test_no_dialect_adds_nothing() -> None:
    """The default."""
    assert page(node()) == b""


def test_a_family_that_both_dialects_have_is_told_once() -> None:
    """With the labels of both; a sum over it would otherwise be double."""
    both = page(node(), *DIALECTS).decode().splitlines()
    told = [line for line in both if line.startswith("DCGM_FI_PROF_PCIE_TX_BYTES")]
    assert len(told) == len(UUIDS)
    assert all(' hostname="c2' in line.replace(",", " ") for line in told)
    assert all("Hostname=" in line for line in told)
    assert len([line for line in both if line.startswith("# TYPE")]) == len(
        {line.split()[2] for line in both if line.startswith("# TYPE")}
    )


@pytest.mark.parametrize("spoken", DIALECTS)
def test_our_client_reads_our_own_page_back(spoken: str) -> None:
    """Each reading within the resolution of the dialect, and nothing else."""
    first = read(spoken).gpus[0]
    expected = {name: told.value for name, told in NUMBERS.items() if isinstance(told, Present)}
    if spoken == "4.8":
        expected = {
            name: value // MIB * MIB if name.startswith("memory_") and "bytes" in name else value
            for name, value in expected.items()
            if name not in NOT_IN_4_8
        }
    else:
        expected["energy_joules"] = int(expected["energy_joules"])
    assert first.numbers == pytest.approx(expected, rel=1e-12)
    assert (first.uuid, first.index, first.name) == (UUIDS[0], 0, "NVIDIA GB300")
    assert (first.hostname, first.driver_version) == ("c2-r01-t03", "590.48.01")
    assert (first.pci_bus_id, first.last_xid) == ("00000008:06:00.0", "13")


def plausible(name: str) -> st.SearchStrategy[float]:
    """Return values that the driver could give for a reading, at its own resolution."""
    if name.endswith("_ratio"):
        return st.integers(0, 100).map(lambda percent: percent / 100)
    if name == "remap_failed":
        return st.integers(0, 1)
    if name.endswith("_hertz"):
        return st.integers(0, 9_999).map(lambda megahertz: megahertz * 1_000_000)
    if name.endswith("_celsius"):
        return st.integers(1, 120)
    if name in {"power_watts", "energy_joules"}:
        return st.integers(0, 10**9).map(lambda milli: milli / 1_000).filter(lambda v: v < 100_000)
    return st.integers(0, 10**13).filter(lambda v: not is_blank(v))


@pytest.mark.parametrize("spoken", DIALECTS)
@given(told=st.fixed_dictionaries({name: plausible(name) for name in sorted(NUMBERS)}))
def test_any_reading_comes_back_within_the_resolution(spoken: str, told: dict[str, float]) -> None:
    """What the driver can say, through our page and our client."""
    numbers: dict[str, Reading] = {name: Present(value) for name, value in told.items()}
    found = read(spoken, view=node(readings(0, **numbers))).gpus[0].numbers
    for name, value in told.items():
        if spoken == "4.8" and name in NOT_IN_4_8:
            continue
        is_memory = name.startswith("memory_") and name.endswith("_bytes")
        lost = MIB if spoken == "4.8" and is_memory else RESOLUTION[spoken].get(name, 1e-6)
        assert 0 <= value - found[name] + 1e-6 <= lost + 1e-6, name


def test_our_client_tells_the_dialects_apart() -> None:
    """By their names, as it does with the exporter's pages."""
    assert read("4.8").generation is Generation.UP_TO_4_8_2
    assert read("4.9").generation is Generation.SINCE_4_9
    assert read("4.8", "4.9").generation is Generation.MIXED


def test_what_could_not_be_read_has_no_sample() -> None:
    """Nor has a GPU that did not answer."""
    second = read("4.8").gpus[1]
    assert "power_watts" not in second.numbers
    lost = replace(readings(1), answered=Absent(Absence.LOST))
    assert [gpu.index for gpu in read("4.8", view=node(readings(0), lost)).gpus] == [0]


def test_the_last_xid_is_there_only_if_one_was_seen() -> None:
    """As a number that stays, which is what the exporter gives."""
    lines = page(node(), "4.8").decode().splitlines()
    told = [line for line in lines if line.startswith("DCGM_FI_DEV_XID_ERRORS{")]
    assert [line.split()[-1] for line in told] == ["13.0"]
    assert UUIDS[0] in told[0]


def test_a_name_that_is_no_text_does_not_lose_the_page() -> None:
    """A driver may say anything."""
    odd = readings(0)
    odd = replace(odd, identity=replace(odd.identity, name='GB"300\udcff\n'))
    assert read("4.8", view=node(odd)).gpus[0].name == 'GB"300?\n'


def test_the_page_is_good_openmetrics_too() -> None:
    """Prometheus asks for that format first."""
    accept = "application/openmetrics-text;version=1.0.0"
    text, kind = render(node(), accept, dialects=(dialect(frozenset(DIALECTS)),))
    assert kind.startswith("application/openmetrics-text")
    families = parse_openmetrics(text.decode())  # type: ignore[no-untyped-call]
    names = {family.name for family in families}
    assert {"DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "DCGM_FI_DEV_FB_USED_BYTES"} <= names


def read(*spoken: str, view: NodeView | None = None) -> Page:
    """Return what our client makes of a page of ours."""
    return read_page(page(view or node(), *spoken))
