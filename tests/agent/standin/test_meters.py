"""What moves by itself: energy, throttled time, bytes, and GPM between two samples."""

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from tests.agent.standin.tray import Tray

SM_UTIL, SM_ELAPSED, SM_ACTIVE, NVLINK_TX = 2, 248, 249, 61
PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read, and two moments between which it was."""

    after: float
    value: Any
    before: float

    def span_to(self, other: "Reading") -> tuple[float, float]:
        """The least and the most seconds that may lie between two readings."""
        return max(0.0, other.after - self.before), other.before - self.after


def let_time_pass(seconds: float = PAUSE) -> None:
    """Until the clock has moved; the meters run on the real one."""
    end = perf_counter() + seconds
    while perf_counter() < end:
        pass


def gpm(tray: Tray, first: Any, second: Any, ids: Sequence[int]) -> list[float]:
    """GPM metrics between two samples; each must have one."""
    wanted = tray.nvml.c_nvmlGpmMetricsGet_t()
    wanted.version, wanted.numMetrics = tray.nvml.NVML_GPM_METRICS_GET_VERSION, len(ids)
    wanted.sample1, wanted.sample2 = first, second
    for place, number in enumerate(ids):
        wanted.metrics[place].metricId = number
    tray.nvml.nvmlGpmMetricsGet(wanted)
    assert all(wanted.metrics[place].nvmlReturn == 0 for place in range(len(ids)))
    return [wanted.metrics[place].value for place in range(len(ids))]


def sample(tray: Tray) -> Any:
    """One sample of the first GPU."""
    return tray.nvml.nvmlGpmSampleGet(tray.gpus[0], tray.nvml.nvmlGpmSampleAlloc())


def timed(read: Callable[[Tray], Any], tray: Tray) -> Reading:
    """Read something, with the times before and after it."""
    before = perf_counter()
    value = read(tray)
    return Reading(before, value, perf_counter())


def energy(tray: Tray) -> Reading:
    """The energy counter of the first GPU."""
    return timed(lambda _: tray.fields([83])[0].value.ullVal, tray)


def change(tray: Tray, key: str, value: object) -> Reading:
    """Change a setting of the first GPU, with the times it was written between."""
    before = perf_counter()
    tray.set("gpu", 0, key, value)
    # The time of a file may be a tick of the kernel's clock old.
    return Reading(before - 0.011, 0, perf_counter())


def test_energy_is_power_times_time(tray: Tray) -> None:
    """In millijoules, on a base that the control file gives."""
    tray.set("gpu", 0, "power_watts", 1350)
    tray.set("gpu", 0, "energy_millijoules", 10**12)
    first = energy(tray)
    let_time_pass()
    second = energy(tray)
    assert first.value >= 10**12
    least, most = first.span_to(second)
    assert 1_350_000 * least - 1 <= second.value - first.value <= 1_350_000 * most + 1


def test_energy_before_a_change_counts_at_the_power_before_it(tray: Tray) -> None:
    """A change closes the account under the old state, at the time the file was written."""
    tray.set("gpu", 0, "power_watts", 1000)
    first = energy(tray)
    let_time_pass()
    changed = change(tray, "power_watts", 0)
    let_time_pass()
    least, most = first.span_to(changed)
    assert 1_000_000 * least - 1 <= energy(tray).value - first.value <= 1_000_000 * most + 1


def test_throttled_time_runs_while_its_reason_is_set(tray: Tray) -> None:
    """Hardware thermal slowdown, field 270; the power brake, 271, stands still."""
    tray.set("gpu", 0, "clock_event_reasons", 0x40)
    before = [value.value.ullVal for value in tray.fields([270, 271])]
    let_time_pass()
    after = [value.value.ullVal for value in tray.fields([270, 271])]
    assert after[0] - before[0] >= PAUSE * 1e9
    assert after[1] == before[1]


def test_link_bytes_run_over_active_links_only(tray: Tray) -> None:
    """A link that is down carries nothing, and the others share the rate."""
    tray.set("gpu", 0, "nvlink_tx_rate", 18_000)
    tray.set("gpu", 0, "link", 5, "state", 0)
    before = [value.value.ullVal for value in tray.fields([(202, 4), (202, 5)])]
    let_time_pass()
    after = [value.value.ullVal for value in tray.fields([(202, 4), (202, 5)])]
    assert after[0] > before[0]
    assert after[1] == before[1]


def test_a_rate_is_the_mean_between_two_samples(tray: Tray) -> None:
    """Some time at 90, some at 10: each counts for as long as it lasted."""
    tray.set("gpu", 0, "utilization", 90)
    first = timed(sample, tray)
    let_time_pass()
    changed = change(tray, "utilization", 10)
    let_time_pass()
    second = timed(sample, tray)
    (busy_least, busy_most), (least, most) = first.span_to(changed), first.span_to(second)
    rate = gpm(tray, first.value, second.value, [SM_UTIL])[0]
    assert 10 + 80 * busy_least / most <= rate <= 10 + 80 * busy_most / least


def test_cycle_counters_give_the_exact_share(tray: Tray) -> None:
    """Active by elapsed, over any window, is the share that was active."""
    tray.set("gpu", 0, "sm_clock", 1920)
    tray.set("gpu", 0, "sm_active", 88)
    first = sample(tray)
    let_time_pass()
    second = sample(tray)
    before, after = (gpm(tray, one, one, [SM_ELAPSED, SM_ACTIVE]) for one in (first, second))
    elapsed, active = after[0] - before[0], after[1] - before[1]
    assert elapsed >= 1920e6 * PAUSE
    assert abs(active / elapsed - 0.88) < 1e-6


def test_a_metric_without_a_source_is_not_supported(tray: Tray) -> None:
    """And one sample given twice has no rate."""
    one = sample(tray)
    wanted = tray.nvml.c_nvmlGpmMetricsGet_t()
    wanted.version, wanted.numMetrics, wanted.sample1, wanted.sample2 = 1, 2, one, one
    wanted.metrics[0].metricId, wanted.metrics[1].metricId = 160, SM_UTIL
    tray.nvml.nvmlGpmMetricsGet(wanted)
    assert [wanted.metrics[place].nvmlReturn for place in (0, 1)] == [
        tray.nvml.NVML_ERROR_NOT_SUPPORTED,
        tray.nvml.NVML_ERROR_NO_DATA,
    ]


def test_an_uncontended_call_is_far_below_a_microsecond(tray: Tray, monkeypatch: Any) -> None:
    """Benchmarks of the agent must not measure the stand-in; ctypes' own share is in it."""
    monkeypatch.setenv("GPUSLA_STANDIN_CHECK_MS", "1000")
    function = tray.nvml._nvmlGetFunctionPointer("nvmlDeviceGetPowerUsage")
    handle, value = tray.gpus[0], ctypes.c_uint()
    place = ctypes.byref(value)
    function(handle, place)

    def best_of(repeats: int, calls: int) -> float:
        times = list[float]()
        for _ in range(repeats):
            started = perf_counter()
            for _ in range(calls):
                function(handle, place)
            times.append((perf_counter() - started) / calls)
        return min(times)

    assert best_of(5, 5000) < 2e-6
