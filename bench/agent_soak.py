"""An hour of faults: does the agent's memory stay flat, and does its page stay fast?"""

import argparse
import json
import os
import platform
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from contenders import ROOT, Contender, Tray, contenders

from gpusla_agent.standin import Control

RESULT = ROOT / "bench" / "results" / "agent_soak.json"
MIB = 1024 * 1024
FAULT_SECONDS = 20
WEIGH_SECONDS = 10
PSS_MIB_MAX, GROWTH_PERCENT_MAX = 60.0, 2.0

FAULTS: tuple[tuple[object, ...], ...] = (
    ("hung",),
    ("lost",),
    ("reset_required",),
    ("absent",),
    ("recovery_action", 1),
    ("fabric_state", 2),
    ("enforced_limit", 1_000),
    ("clock_event_reasons", 0x40),
    ("remap_pending", 1),
    ("ecc_dram_corrected_volatile", 100_000),
    ("pcie_width", 8),
    ("utilization", 4),
    ("answers", 999),
)
"""One of them hits one GPU at a time; every other one comes with a burst of Xids."""

XIDS = (13, 31, 45, 63, 79, 94, 119, 145, 149, 777)
BURST = 40


def main() -> int:
    """Run the soak, write the result and print it; 1 if a target was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3_600)
    parser.add_argument("--seed", type=int, default=20_261_122)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with contenders(Path(folder), None, Tray()) as (agent,):
            trouble = Trouble(Control(Path(folder) / "standin.control"), options.seed)
            samples = _drive(agent, trouble, options.seconds)
        result = _result(options, agent, trouble, samples)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    return 0 if all(target["met"] for target in result["targets"].values()) else 1


class Trouble:
    """Faults that come and go, drawn from a seed."""

    def __init__(self, control: Control, seed: int) -> None:
        self._control = control
        self._random = random.Random(seed)  # noqa: S311  (which fault comes next is no secret)
        self._now: tuple[object, ...] | None = None
        self.faults = self.xids = 0

    def change(self) -> None:
        """Mend the last fault and make another one."""
        if self._now is not None:
            self._control.clear(*self._now)
        gpu = self._random.randrange(4)
        fault = self._random.choice(FAULTS)
        self._now = ("gpu", gpu, fault[0])
        self._control.set("gpu", gpu, *fault)
        self.faults += 1
        if self.faults % 2 == 0:
            for _ in range(BURST):
                self._control.event(gpu, "xid", self._random.choice(XIDS))
            self.xids += BURST


def _drive(agent: Contender, trouble: Trouble, seconds: int) -> list[tuple[int, int]]:
    """Return pairs of the second and the tree's PSS in bytes."""
    samples = []
    started = time.monotonic()
    for second in range(1, seconds + 1):
        time.sleep(max(0.0, started + second - time.monotonic()))
        if second % FAULT_SECONDS == 0:
            trouble.change()
        agent.scrape()
        if second % WEIGH_SECONDS == 0:
            agent.weigh()
            samples.append((second, agent.pss_bytes[-1]))
        if second % 600 == 0:
            print(f"{second} of {seconds} s", file=sys.stderr, flush=True)
    return samples


def _result(
    options: argparse.Namespace, agent: Contender, trouble: Trouble, samples: list[tuple[int, int]]
) -> dict[str, Any]:
    sixth = len(samples) // 6
    early = _median([size for _, size in samples[sixth : 2 * sixth]])
    late = _median([size for _, size in samples[-sixth:]])
    growth = round(100 * (late - early) / early, 2)
    largest = round(max(size for _, size in samples) / MIB, 1)
    latencies = sorted(agent.latencies)
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": options.seconds,
        "seed": options.seed,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "faults": trouble.faults,
        "xids": trouble.xids,
        "scrape_ms_p95": round(1_000 * latencies[len(latencies) * 95 // 100], 2),
        "scrape_ms_max": round(1_000 * latencies[-1], 2),
        "pss_mib_every_10_minutes": [round(size / MIB, 1) for _, size in samples[59::60]],
        "targets": {
            "pss_mib": {"value": largest, "max": PSS_MIB_MAX, "met": largest < PSS_MIB_MAX},
            "growth_percent": {
                "value": growth,
                "max": GROWTH_PERCENT_MAX,
                "met": growth <= GROWTH_PERCENT_MAX,
            },
        },
    }


def _median(sizes: list[int]) -> float:
    return float(sorted(sizes)[len(sizes) // 2])


if __name__ == "__main__":
    sys.exit(main())
