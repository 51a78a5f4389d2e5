"""Agent against nvitop-exporter over one stand-in: CPU, memory, scrape latency, side by side."""

import argparse
import json
import operator
import os
import platform
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contenders import ROOT, Contender, Tray, contenders

RESULT = ROOT / "bench" / "results" / "agent.json"
TRAYS = [Tray(gpus, latency) for gpus in (4, 8) for latency in (0, 20, 100)]
SETTLE_SECONDS = 10
CPU_RATIO_MAX, PSS_MIB_MAX, SCRAPE_P95_MS_MAX = 0.5, 60.0, 10.0
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Figures:
    """What one contender cost over the measured seconds."""

    cpu_cores: float
    pss_mib_median: float
    pss_mib_max: float
    processes: int
    scrapes: int
    scrape_ms_p50: float
    scrape_ms_p95: float
    facts_of_a_gpu: int


def main() -> int:
    """Measure the trays, write and print the result of each; 1 if a target was missed."""
    options = _options()
    cells = []
    for tray in TRAYS:
        if options.gpus not in (None, tray.gpus) or options.latency not in (
            None,
            tray.call_microseconds,
        ):
            continue
        cells.append(_measure(tray, options))
        _print(cells[-1])
        _write(cells[-1])
    return 0 if all(one["met"] for cell in cells for one in cell["targets"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=120, help="for each of the six trays")
    parser.add_argument("--gpus", type=int, help="only trays of 4 or of 8")
    parser.add_argument("--latency", type=int, help="only 0, 20 or 100 µs")
    peers = Path(os.environ.get("GPUSLA_BENCH_ENVIRONMENT", ROOT / ".cache" / "venv" / "bench"))
    parser.add_argument("--peer", default=str(peers / "bin" / "nvitop-exporter"))
    return parser.parse_args()


def _measure(tray: Tray, options: argparse.Namespace) -> dict[str, Any]:
    with (
        tempfile.TemporaryDirectory() as folder,
        contenders(Path(folder), options.peer, tray) as both,
    ):
        time.sleep(SETTLE_SECONDS)
        seconds = _drive(both, options.seconds)
        figures = {contender.name: _figures(contender, seconds) for contender in both}
    return {
        "gpus": tray.gpus,
        "call_microseconds": tray.call_microseconds,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seconds": options.seconds,
        "figures": {name: asdict(found) for name, found in figures.items()},
        "targets": _targets(figures),
    }


def _drive(both: list[Contender], seconds: int) -> float:
    started = time.monotonic()
    for contender in both:
        contender.weigh()
    for second in range(1, seconds + 1):
        time.sleep(max(0.0, started + second - time.monotonic()))
        for contender in both:
            contender.scrape()
            if second % 10 == 0 or second == seconds:
                contender.weigh()
        if sys.stderr.isatty():
            print(f"\r{second} of {seconds} s", end="", file=sys.stderr, flush=True)
    return time.monotonic() - started


def _figures(contender: Contender, seconds: float) -> Figures:
    assert contender.first is not None
    assert contender.last is not None
    latencies = sorted(contender.latencies)
    sizes = sorted(contender.pss_bytes)
    return Figures(
        cpu_cores=round((contender.last.cpu_seconds - contender.first.cpu_seconds) / seconds, 4),
        pss_mib_median=round(sizes[len(sizes) // 2] / MIB, 1),
        pss_mib_max=round(sizes[-1] / MIB, 1),
        processes=contender.last.processes,
        scrapes=len(latencies),
        scrape_ms_p50=_percentile_ms(latencies, 50),
        scrape_ms_p95=_percentile_ms(latencies, 95),
        facts_of_a_gpu=contender.facts(),
    )


def _percentile_ms(ordered: list[float], percent: int) -> float:
    return round(1000 * ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 2)


def _targets(figures: dict[str, Figures]) -> dict[str, dict[str, Any]]:
    ours, peer = figures["gpusla-agent"], figures["nvitop-exporter"]
    ratio = round(ours.cpu_cores / peer.cpu_cores, 3) if peer.cpu_cores else 1.0
    fewer = peer.facts_of_a_gpu - ours.facts_of_a_gpu
    return {
        "cpu_ratio": {"value": ratio, "max": CPU_RATIO_MAX, "met": ratio < CPU_RATIO_MAX},
        "pss_mib": {
            "value": ours.pss_mib_max,
            "max": PSS_MIB_MAX,
            "met": ours.pss_mib_max < PSS_MIB_MAX,
        },
        "scrape_ms_p95": {
            "value": ours.scrape_ms_p95,
            "max": SCRAPE_P95_MS_MAX,
            "met": ours.scrape_ms_p95 < SCRAPE_P95_MS_MAX,
        },
        "fewer_facts": {"value": fewer, "max": 0, "met": fewer <= 0},
    }


def _write(cell: dict[str, Any]) -> None:
    """Put a cell in the place of the one of the same tray, so that a cut run can go on."""
    place = operator.itemgetter("gpus", "call_microseconds")
    stored = json.loads(RESULT.read_text("utf-8"))["cells"] if RESULT.exists() else []
    cells = [one for one in stored if place(one) != place(cell)]
    result = {
        "interval_seconds": 1,
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "cells": sorted([*cells, cell], key=place),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


def _print(cell: dict[str, Any]) -> None:
    ours, peer = cell["figures"]["gpusla-agent"], cell["figures"]["nvitop-exporter"]
    print(f"\n{cell['gpus']} GPUs, {cell['call_microseconds']} µs more for each call")
    print(f"{'':18}{'gpusla-agent':>16}{'nvitop-exporter':>18}")
    for name in Figures.__slots__:
        print(f"{name:18}{ours[name]:>16}{peer[name]:>18}")
    for name, target in cell["targets"].items():
        word = "met" if target["met"] else "MISSED"
        print(f"target {name}: {target['value']} (at most {target['max']}): {word}")


if __name__ == "__main__":
    sys.exit(main())
