"""
Captures: what a worker said of a node, one file each, named `<os>-<arch>__<model>__<driver>.jsonl`.

A capture of hardware comes from `gpusla-agent record`.  One whose header says `is_synthetic` met
none: `python -m tests.captures.standin` makes that of the NVML stand-in anew.
"""

from pathlib import Path

CAPTURES = tuple(sorted(Path(__file__).parent.glob("*.jsonl")))
