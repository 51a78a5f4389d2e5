"""A page as the agent's source: what is absent, what is old, and that sampling never waits."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from gpusla.catalogue.codes import EXPORTER_UNREACHABLE
from gpusla.catalogue.readings import GPU, Consent
from gpusla.errors import SourceError
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, Present
from gpusla_agent.sources.base import Source
from gpusla_agent.sources.dcgm import DcgmSource
from tests.agent.dcgm_exporter.lines import OTHER, UUID, sample
from tests.agent.dcgm_exporter.test_fetch import peer, says
from tests.fakes import FakeClock

SYNTHETIC = Path(__file__).parents[2] / "samples" / "dcgm-exporter-synthetic"
PAGE = sample("DEV_GPU_TEMP", "40") + sample("DEV_GPU_UTIL", "97") + sample("DEV_FB_USED", "3")
GPU_ID = GpuUuid(UUID)


class Exporter:
    """What answers the source: a text, or an error where it is None; counts how often."""

    def __init__(self, text: str | None = PAGE) -> None:
        self.text = text
        self.asked = 0

    def fetch(self, url: str, timeout: float) -> bytes:
        """Answer once."""
        self.asked += 1
        if self.text is None:
            raise SourceError(EXPORTER_UNREACHABLE, f"{url}: connection refused in {timeout:g}")
        return self.text.encode()


class Aside:
    """Runs what may block when it is told to, as a thread would later."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def __call__(self, act: Callable[[], None]) -> None:
        """Take an act."""
        self.waiting.append(act)

    def run(self) -> None:
        """Run what waits."""
        while self.waiting:
            self.waiting.pop()()


def source(exporter: Exporter, clock: FakeClock, aside: Aside | None = None) -> DcgmSource:
    """Return a source over an exporter; without aside it asks in the caller's thread."""
    run_aside = aside or (lambda act: act())
    return DcgmSource("http://a/", clock, fetch_page=exporter.fetch, run_aside=run_aside)


def test_it_is_a_source() -> None:
    """The port, with the name that the journal uses."""
    one: Source = source(Exporter(), FakeClock())
    assert (one.name, one.restarts) == ("dcgm_exporter", 0)
    one.close()


def test_a_reading_on_the_page_is_present_and_the_others_are_unsupported() -> None:
    """Capacity alone before anything is agreed; Xids never come from a page."""
    seen = source(Exporter(PAGE + sample("DEV_XID_ERRORS", "79")), FakeClock()).sample()
    gpu = seen.gpus[GPU_ID]
    assert gpu.numbers["temperature_celsius"] == Present(40)
    absent = Absent(Absence.UNSUPPORTED, "not on the page of dcgm-exporter")
    assert gpu.numbers["recovery_action"] == gpu.fabric == gpu.processes == absent
    assert {name for name, row in GPU.items() if row.consent is Consent.CAPACITY} == set(
        gpu.numbers
    )
    assert seen.events == ()


def test_what_was_not_agreed_is_left_out() -> None:
    """For the GPU that it was agreed for, and for no other."""
    exporter = Exporter(PAGE + sample("DEV_GPU_UTIL", "5", UUID=OTHER, gpu="1"))
    one = source(exporter, FakeClock())
    one.allow({GPU_ID: {Consent.ACTIVITY}})
    gpus = one.sample().gpus
    assert gpus[GPU_ID].numbers["utilization_ratio"] == Present(0.97)
    assert "utilization_ratio" not in gpus[GpuUuid(OTHER)].numbers


def test_the_exporter_is_asked_every_ten_seconds_and_not_more() -> None:
    """Sampling each second costs it nothing."""
    exporter, clock = Exporter(), FakeClock()
    one = source(exporter, clock)
    for _ in range(31):
        one.sample()
        clock.sleep(1)
    assert exporter.asked == 4


def test_a_request_that_hangs_blocks_nobody_and_its_readings_become_stale() -> None:
    """The last page serves for three periods; no second request joins the one that hangs."""
    exporter, clock, aside = Exporter(), FakeClock(), Aside()
    one = source(exporter, clock, aside)
    clock.sleep(30)
    assert one.sample().gpus[GPU_ID].numbers["temperature_celsius"] == Present(40)
    clock.sleep(0.5)
    stale = one.sample().gpus[GPU_ID].numbers["temperature_celsius"]
    assert stale == Absent(Absence.STALE, "the page is 30 seconds old")
    assert (len(aside.waiting), exporter.asked) == (1, 1)
    aside.run()
    assert one.sample().gpus[GPU_ID].numbers["temperature_celsius"] == Present(40)


def test_an_exporter_that_does_not_answer_is_an_absent_source() -> None:
    """Not a node without GPUs; and it comes back by itself."""
    exporter, clock = Exporter(None), FakeClock()
    one = source(exporter, clock)
    seen = one.sample()
    why = "http://a/: connection refused in 5"
    assert (seen.source, seen.gpus) == (Absent(Absence.UNOBSERVABLE, why), {})
    assert seen.probe_success == {"dcgm_exporter": False}
    exporter.text = PAGE
    clock.sleep(10)
    one.sample()
    assert one.sample().source is None


def test_a_page_without_a_gpu_is_an_absent_source() -> None:
    """An exporter that lost all of its GPUs must not read as a node that has none."""
    seen = source(Exporter("# HELP a b\n"), FakeClock()).sample()
    assert seen.source == Absent(Absence.ERROR, "the page of dcgm-exporter names no GPU")


def test_a_reading_that_cannot_be_true_is_named() -> None:
    """It is rejected, not unsupported."""
    seen = source(Exporter(sample("DEV_POWER_USAGE", "-1")), FakeClock()).sample()
    gpu = seen.gpus[GPU_ID]
    assert gpu.rejected == ("power_watts",)
    told = gpu.numbers["power_watts"]
    assert isinstance(told, Absent)
    assert told.absence is Absence.ERROR


def test_mig_instances_are_counted() -> None:
    """The page names neither their UUIDs nor their compute instances, so they are not listed."""
    text = (SYNTHETIC / "h100-mig.prom").read_text("utf-8")
    seen = source(Exporter(text), FakeClock()).sample()
    divided, whole = seen.gpus.values()
    assert divided.numbers["mig_instances"] == Present(3)
    assert isinstance(whole.numbers["mig_instances"], Absent)
    assert isinstance(divided.instances, Absent)


def test_it_reads_an_exporter_that_runs() -> None:
    """The same over a real socket and in a thread, and what it says when the exporter ended."""
    clock, asked = FakeClock(), Aside()
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with peer(says(head, PAGE.encode())) as url:
        one = DcgmSource(url, clock, run_aside=asked)
        assert one.sample().gpus[GPU_ID].numbers["temperature_celsius"] == Present(40)
    clock.sleep(10)
    one.sample()
    thread = Thread(target=asked.run)
    thread.start()
    thread.join()
    assert one.sample().source == Absent(Absence.UNOBSERVABLE, f"{url}: connection refused")


def test_a_closed_source_asks_no_more() -> None:
    """Its last request ends by itself."""
    exporter, clock = Exporter(), FakeClock()
    one = source(exporter, clock)
    one.close()
    clock.sleep(60)
    one.sample()
    assert exporter.asked == 1
