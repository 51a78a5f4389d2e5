"""Where the programs are that are not Python: ./run finds or gets them and says so."""

import os
import shutil


def program(name: str) -> str:
    """
    Return the path of a program such as `promtool` or `systemd-analyze`.

    A test that needs one fails without it: a skipped test would hide a missing part.
    """
    variable = "GPUSLA_" + name.upper().replace("-", "_")
    path = os.environ.get(variable) or shutil.which(name)
    assert path, f"{name} is not here; ./run test gets it, and {variable} names another place"
    return path
