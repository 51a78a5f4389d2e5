"""
A running dcgm-exporter as a source, for a node whose driver we may not ask ourselves.

It says less than the driver, later, and without Xids: a page is made every 30 seconds by default.
What is not on it is absent, and the default page lacks what a verdict of ok needs, so such a slot's
capacity is unknown until the exporter's list of fields is extended.
Source: docs/decisions/0078-another-exporters-page.md.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from threading import Thread

from gpusla.catalogue.readings import GPU, Consent
from gpusla.clock import Clock
from gpusla.errors import SourceError
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, GpuReadings, Identity, Pass, Present, Reading
from gpusla_agent.dcgm_exporter import Gpu, Page, fetch, read_page

PERIOD_MS = 10_000
"""The exporter makes a page every 30 seconds, so asking more often than this tells nothing."""

VALID_PERIODS = 3
"""A page may be missed twice before its readings are stale."""

TIMEOUT_SECONDS = 5.0

_NOT_ON_PAGE = Absent(Absence.UNSUPPORTED, "not on the page of dcgm-exporter")
_REJECTED = Absent(Absence.ERROR, "what the page says cannot be true")
_NOTHING_YET = Absent(Absence.UNOBSERVABLE, "dcgm-exporter has not answered yet")
_NO_GPU = Absent(Absence.ERROR, "the page of dcgm-exporter names no GPU")

Fetch = Callable[[str, float], bytes]
RunAside = Callable[[Callable[[], None]], None]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What the last poll gave: a page, or why there is none."""

    asked_ms: int
    page: Page | None
    why: Absent | None
    seconds: float = 0.0


def _run_in_thread(act: Callable[[], None]) -> None:
    Thread(target=act, name="dcgm-exporter", daemon=True).start()


class DcgmSource:
    """The GPUs of a page; sample is called by one thread and never waits for the network."""

    name = "dcgm_exporter"
    restarts = 0

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        period_ms: int = PERIOD_MS,
        fetch_page: Fetch = fetch,
        run_aside: RunAside = _run_in_thread,
    ) -> None:
        """
        Ask for the first page and wait for it, or for the time a page may take.

        run_aside: runs what may block without blocking who calls it.
        """
        self._url = url
        self._clock = clock
        self._period_ms = period_ms
        self._fetch = fetch_page
        self._run_aside = run_aside
        self._consents: Mapping[GpuUuid, AbstractSet[Consent]] = {}
        self._is_closed = False
        self._is_asking = False
        # Replaced as a whole by the thread that asks, and never changed.
        self._answer = _Answer(clock.monotonic_ms(), None, _NOTHING_YET)
        self._asked_ms = clock.monotonic_ms()
        self._ask()

    def sample(self) -> Pass:
        """Return what the last page said; asks for another when it is time, and does not wait."""
        now_ms = self._clock.monotonic_ms()
        if not self._is_asking and not self._is_closed and self._is_time(now_ms):
            self._asked_ms = now_ms
            self._is_asking = True
            self._run_aside(self._ask)
        answer = self._answer
        probes = {self.name: answer.seconds}, {self.name: answer.why is None}
        if answer.page is None or answer.why is not None:
            return Pass(now_ms, {}, (), answer.why, *probes)
        age_ms = now_ms - answer.asked_ms
        gpus = {
            GpuUuid(gpu.uuid): self._readings(position, gpu, answer.asked_ms, age_ms)
            for position, gpu in enumerate(answer.page.gpus)
        }
        return Pass(now_ms, gpus, (), None, *probes)

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Say what may be shown from now on, by GPU; a page holds the rest all the same."""
        self._consents = dict(consents)

    def close(self) -> None:
        """Ask no more; a request that is under way ends by itself."""
        self._is_closed = True

    # --- asking -------------------------------------------------------------------------------

    def _is_time(self, now_ms: int) -> bool:
        return now_ms - self._asked_ms >= self._period_ms

    def _ask(self) -> None:
        asked_ms = self._clock.monotonic_ms()
        try:
            page = read_page(self._fetch(self._url, TIMEOUT_SECONDS))
            self._answer = self._answered(asked_ms, page, None if page.gpus else _NO_GPU)
        except SourceError as cause:
            why = Absent(Absence.UNOBSERVABLE, cause.message)
            self._answer = self._answered(asked_ms, None, why)
        finally:
            self._is_asking = False

    def _answered(self, asked_ms: int, page: Page | None, why: Absent | None) -> _Answer:
        return _Answer(asked_ms, page, why, (self._clock.monotonic_ms() - asked_ms) / 1_000)

    # --- from the page's GPU to ours ----------------------------------------------------------

    def _readings(self, position: int, gpu: Gpu, asked_ms: int, age_ms: int) -> GpuReadings:
        index = position if gpu.index is None else gpu.index
        identity = Identity(
            GpuUuid(gpu.uuid),
            index,
            gpu.name,
            pci_bus_id=gpu.pci_bus_id or None,
            driver_version=gpu.driver_version or None,
        )
        allowed = {Consent.CAPACITY, *self._consents.get(identity.uuid, ())}
        told: dict[str, float] = dict(gpu.numbers)
        if gpu.instances:
            told |= {"mig_mode": 1, "mig_instances": len(gpu.instances)}
        numbers: dict[str, Reading] = {
            row.name: _REJECTED
            if row.name in gpu.rejected
            else self._reading(told.get(row.name), age_ms)
            for row in GPU.values()
            if row.consent in allowed
        }
        probes = {GPU[name].probe for name in numbers if name in told}
        return GpuReadings(
            identity,
            asked_ms,
            numbers,
            _NOT_ON_PAGE,
            links=_NOT_ON_PAGE,
            processes=_NOT_ON_PAGE,
            instances=_NOT_ON_PAGE,
            read_at_mono_ms=dict.fromkeys(sorted(probes), asked_ms),
            rejected=tuple(name for name in gpu.rejected if name in numbers),
        )

    def _reading(self, value: float | None, age_ms: int) -> Reading:
        if value is None:
            return _NOT_ON_PAGE
        if age_ms > VALID_PERIODS * self._period_ms:
            return Absent(Absence.STALE, f"the page is {age_ms // 1_000} seconds old")
        return Present(value)
