"""A whole fleet's month, from raw claims to credits: time, memory, and what others answer."""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the second opinion, and where programs are, lie in tests/

from sla_parts.month import Fleet  # noqa: E402
from sla_parts.peers import compare  # noqa: E402

UNIT = ROOT / "deploy" / "systemd" / "gpusla-collector.service"
RESULT = ROOT / "bench" / "results" / "sla.json"
SEED = 20261101
FLEETS = {
    "10k": Fleet(139),
    "10k x10": Fleet(139, factor=10),
    "10k x100": Fleet(139, factor=100),
    "100k": Fleet(1389),
    "100k with gaps": Fleet(1389, has_gaps=True),
    "100k x10": Fleet(1389, factor=10),
    "550k": Fleet(7639),
    "550k x10": Fleet(7639, factor=10),
    "100k x100": Fleet(1389, factor=100),
}
LARGE, HUGE = "100k", "550k"
"""What the targets are about."""
SECONDS_MAX, PEAK_MIB_MAX, RATIO_MAX, HUGE_SECONDS_MAX = 0.3, 256.0, 10.0, 1.5
QUIET_LOAD_MAX = 1.0


def main() -> int:
    """Measure what was asked for, write and print it part by part; 1 if a target was missed."""
    options = _options()
    result = _stored()
    with tempfile.TemporaryDirectory() as folder:
        for name in options.fleets:
            result["cells"][name] = _cell(name, options, Path(folder))
            _print_cell(name, result["cells"][name])
            _write(result)
    if options.reference:
        found = json.loads(_run("sla_parts.second_opinion", str(options.seed)))
        result["reference"] = {**_when(options), **found}
        _print_reference(found)
    if options.peers:
        result["peers"] = {**_when(options), **compare(options.seed)}
        _print_peers(result["peers"])
    _write(result)
    _print_targets(result["targets"])
    return 0 if all(target["met"] for target in result["targets"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of which the best counts")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--fleets", nargs="*", default=list(FLEETS), choices=list(FLEETS))
    parser.add_argument("--no-peers", dest="peers", action="store_false")
    parser.add_argument("--no-reference", dest="reference", action="store_false")
    return parser.parse_args()


def _cell(name: str, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Judge one fleet's month in a fresh process, which gets it as a file."""
    fleet, file = FLEETS[name], folder / "month.npz"
    words = (options.seed, fleet.racks, fleet.factor, int(fleet.has_gaps), file)
    _run("sla_parts.stored", *map(str, words))
    load_before = round(os.getloadavg()[0], 2)
    found = json.loads(_run("sla_parts.cell", str(file), str(options.runs)))
    file.unlink()
    best = min(run["seconds"] for run in found["runs"])
    bare = min(found["bare_seconds"])
    return {
        "name": name,
        "racks": fleet.racks,
        "fault_factor": fleet.factor,
        "has_gaps": fleet.has_gaps,
        **_when(options),
        "load_1m": [load_before, round(os.getloadavg()[0], 2)],
        **found,
        "best_seconds": best,
        "bare_best_seconds": bare,
        "ratio_to_bare": round(best / bare, 1),
    }


def _run(module: str, *words: str) -> str:
    """Run one of our modules in a process of its own; return what it prints."""
    finished = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=ROOT / "bench",
        env={**os.environ, **_of_the_unit(), "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return finished.stdout


def _of_the_unit() -> dict[str, str]:
    """Return what the collector's systemd unit sets: judged here as it is there."""
    text = UNIT.read_text("utf-8")
    return dict(re.findall(r"(?m)^Environment=(\w+)=(\S+)$", text))


def _when(options: argparse.Namespace) -> dict[str, Any]:
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "seed": options.seed}


def _stored() -> dict[str, Any]:
    """Return the last result, so that a part of it can be measured anew."""
    found: dict[str, Any] = json.loads(RESULT.read_text("utf-8")) if RESULT.exists() else {}
    return {"cells": {}, "reference": None, "peers": None} | found


def _write(result: dict[str, Any]) -> None:
    result["machine"] = {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
    result["cells"] = {name: result["cells"][name] for name in FLEETS if name in result["cells"]}
    result["targets"] = _targets(result)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


def _targets(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    cells = result["cells"]
    found = {}
    if LARGE in cells:
        large = cells[LARGE]
        found["seconds_100k"] = _at_most(large["best_seconds"], SECONDS_MAX)
        found["peak_rss_mib_100k"] = _at_most(large["peak_rss_mib"], PEAK_MIB_MAX)
        found["ratio_to_bare_100k"] = _at_most(large["ratio_to_bare"], RATIO_MAX)
    if HUGE in cells:
        found["seconds_550k"] = _at_most(cells[HUGE]["best_seconds"], HUGE_SECONDS_MAX)
    others = sum(not cell["same_as_bare"] for cell in cells.values())
    found["cells_unlike_the_bare_sweep"] = _at_most(others, 0)
    if result["reference"]:
        found["unlike_the_reference"] = _at_most(int(not result["reference"]["agree"]), 0)
    return found


def _at_most(value: float, most: float) -> dict[str, Any]:
    return {"value": value, "max": most, "met": value <= most}


def _print_cell(name: str, cell: dict[str, Any]) -> None:
    print(f"\n{name}: {cell['gpus']} GPUs, {cell['intervals']} intervals, {cell['claims']} claims")
    print(f"input {cell['digest']}, load {cell['load_1m'][0]} to {cell['load_1m'][1]}")
    for run in cell["runs"]:
        parts = "  ".join(f"{part} {seconds:.3f}" for part, seconds in run["parts"].items())
        print(f"{run['seconds']:.3f} s (CPU {run['cpu_seconds']:.3f})  {parts}")
    bare = ", ".join(f"{seconds:.4f}" for seconds in cell["bare_seconds"])
    same = "the same" if cell["same_as_bare"] else "ANOTHER"
    print(f"bare sweep {bare} s, {same} total; ratio {cell['ratio_to_bare']}")
    low, value, high = cell["answer"]["availability"]
    print(f"availability {value:.6%} [{low:.6%}, {high:.6%}], peak {cell['peak_rss_mib']} MiB")


def _print_reference(found: dict[str, Any]) -> None:
    word = "agree" if found["agree"] else "DISAGREE"
    print(
        f"\nreference: {found['gpus']} GPUs, {found['ticks']} ticks, {found['intervals']} intervals"
    )
    print(f"engine    {found['engine']}\nreference {found['reference']}: they {word}")


def _print_peers(found: dict[str, Any]) -> None:
    engine = found["engine"]
    print(
        f"\n{found['gpus']} GPUs for $150 million, judged by the engine in {engine['seconds']} s:"
    )
    print(f"{engine['delivered_gpu_seconds']} of {engine['total_gpu_seconds']} GPU-seconds")
    for name in ("prometheus", "duckdb"):
        peer = found[name]
        at_edge = ", ".join(
            f"{at}: ${one['peer'] / 100:,.0f} for ${one['engine'] / 100:,.0f}"
            for at, one in peer["credit_at_the_edge_minor_units"].items()
        )
        before = peer.get("backfill_seconds", peer.get("load_seconds"))
        print(f"{name} {peer['version']}: {before} s to load, {peer['query_seconds']} s to ask")
        print(
            f"  off by {peer['lost_off_gpu_seconds']:+} lost and {peer['total_off_gpu_seconds']:+} "
            f"owed GPU-seconds, ${peer['off_minor_units'] / 100:+,.2f}; at a tier's edge {at_edge}"
        )


def _print_targets(targets: dict[str, Any]) -> None:
    print()
    for name, target in targets.items():
        word = "met" if target["met"] else "MISSED"
        print(f"target {name}: {target['value']} (at most {target['max']}): {word}")


if __name__ == "__main__":
    sys.exit(main())
