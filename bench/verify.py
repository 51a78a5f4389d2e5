"""A month of a thousand nodes, verified from hourly blocks, beside a bare loop of signatures."""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cryptography
from processes import measure
from verify_parts.month import HOURS, operator_key, shown, write_month

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("GPUSLA_CACHE", ROOT / ".cache")) / "bench"
RESULT = ROOT / "bench" / "results" / "verify.json"
SEED = 20261122
NODES = 1_000
PROCESSES = 2
SECONDS_MAX, PEAK_MIB_MAX = 600.0, 1_024.0
FORM = 1
"""Counted up when the month is made in another way, so that a kept bundle is not taken for it."""


def main() -> int:
    """Make the month if it is not kept, verify it, time the bare loop; 1 if a target was missed."""
    options = _options()
    CACHE.mkdir(parents=True, exist_ok=True)
    file = CACHE / f"month-{FORM}-{options.seed}-{options.nodes}.bundle.zip"
    if not file.exists():
        print(f"making a month of {options.nodes} nodes, once", flush=True)
        beside = file.with_suffix(".new")
        write_month(beside, options.nodes, options.seed)
        beside.replace(file)
    load = round(os.getloadavg()[0], 2)
    verified = _verify(file)
    bare = _bare(file, options.nodes)
    result = {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "seed": options.seed,
        "nodes": options.nodes,
        "blocks": options.nodes * HOURS,
        "bundle": {"size_bytes": file.stat().st_size, "sha256": shown(file)},
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "cryptography": cryptography.__version__,
            "load_1m": [load, round(os.getloadavg()[0], 2)],
        },
        "processes": PROCESSES,
        "verify": verified,
        "bare_loop": bare,
        "ratio_of_cpu_to_bare": round(verified["cpu_seconds"] / bare["cpu_seconds"], 2),
        "targets": {
            "seconds": _at_most(verified["seconds"], SECONDS_MAX),
            "peak_mib": _at_most(verified["peak_mib"], PEAK_MIB_MAX),
        },
    }
    print(json.dumps(result, indent=2))
    if options.nodes == NODES:
        RESULT.write_text(json.dumps(result, indent=2) + "\n", "utf-8")
    return 0 if all(target["met"] for target in result["targets"].values()) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=NODES, help="fewer are only printed")
    parser.add_argument("--seed", type=int, default=SEED)
    return parser.parse_args()


def _verify(file: Path) -> dict[str, Any]:
    """Run the verifier as a tenant does, and weigh its processes as it runs."""
    words = (str(file), "--key", operator_key(), "--jobs", str(PROCESSES), "--as", "json")
    told, cost = _run("gpusla.verify", *words)
    found = json.loads(told)
    blocks = sum(node["signed"] for node in found["nodes"])
    return {"verdict": found["verdict"], "signed_blocks": blocks, **cost}


def _bare(file: Path, nodes: int) -> dict[str, Any]:
    told, cost = _run("verify_parts.bare", str(file), str(nodes), str(PROCESSES))
    return {**cost, **json.loads(told)}


def _run(module: str, *words: str) -> tuple[str, dict[str, Any]]:
    """
    Run a module in processes of its own; return what it prints and what it cost.

    peak_mib: the most that its processes had together, by proportional set size, looked at twice a
    second.
    """
    peak_bytes, spent = 0, _spent()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        began = time.perf_counter()
        started = subprocess.Popen(
            [sys.executable, "-m", module, *words], cwd=ROOT / "bench", stdout=printed
        )
        while started.poll() is None:
            try:
                peak_bytes = max(peak_bytes, measure(started.pid).pss_bytes)
            except OSError:  # a process ended while it was looked at
                continue
            finally:
                time.sleep(0.5)
        seconds = time.perf_counter() - began
        printed.seek(0)
        told = printed.read()
    if started.returncode:
        sys.exit(f"bench verify: {module} ended with {started.returncode}: {told[:200]}")
    return told, {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(_spent() - spent, 1),
        "peak_mib": round(peak_bytes / 2**20, 1),
    }


def _spent() -> float:
    """Return the CPU seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _at_most(value: float, most: float) -> dict[str, Any]:
    return {"value": value, "max": most, "met": value <= most}


if __name__ == "__main__":
    sys.exit(main())
