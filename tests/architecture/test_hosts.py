"""Nothing that is handed out names a package index, a mirror or a folder of one machine."""

import re

from tests.architecture.tree import ROOT, handed_out_files

# Written in halves, so that this file does not find itself.
HOSTS = (
    "py" + "pi.org",
    "python" + "hosted.org",
    "deb." + "debian.org",
    "archive." + "ubuntu.com",
    "registry." + "npmjs",
    "proxy." + "golang.org",
    "crates" + ".io",
    "repo" + ".maven",
)
FOLDERS = ("/wo" + "rk/", "/ro" + "ot/", "/opt/wh" + "eels")
HOME = re.compile("/ho" + r"me/[a-z]")


def test_no_file_names_a_host_or_a_folder_of_one_machine() -> None:
    """A clone works the same for everybody, from whatever mirror they have."""
    found = []
    for file in handed_out_files():
        text = file.read_bytes().decode("utf-8", "replace")
        found += [
            f"{file.relative_to(ROOT)}: {needle}" for needle in (*HOSTS, *FOLDERS) if needle in text
        ]
        found += [f"{file.relative_to(ROOT)}: {match}" for match in HOME.findall(text)]
    assert not found
