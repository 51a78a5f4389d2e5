"""
Builds the NVML stand-in by its own script.

The agent's package has a helper for this, but collector and agent do not see one another.
"""

import subprocess
from pathlib import Path

from gpusla.catalogue.codes import SOURCE_UNAVAILABLE
from gpusla.errors import SourceError
from gpusla_collector.demo.cast import Tools
from gpusla_collector.demo.scenery import CHECKOUT

LIBRARY = "libnvidia-ml.so.1"


def build_standin(folder: Path, tools: Tools) -> Path | None:
    """Build the library and an empty control file for it; None without a compiler."""
    if tools.compiler is None:
        return None
    target = folder / "standin"
    script = CHECKOUT / "agent" / "standin" / "build"
    finished = subprocess.run(  # noqa: S603  (our own script)
        [str(script), str(target), tools.compiler], capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise SourceError(
            SOURCE_UNAVAILABLE, f"the NVML stand-in did not build: {finished.stderr.strip()}"
        )
    (folder / "standin.control").write_text("", "utf-8")
    return target / LIBRARY
