"""Pages that are generated say what the code says."""

import subprocess
import sys

from tests.architecture.tree import ROOT


def test_every_generated_page_is_what_the_code_says() -> None:
    """`./run docs` writes them; nobody edits them."""
    checked = subprocess.run(
        [sys.executable, "tools/generate.py", "--check"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
