"""Keys, signed statements and bundles by command: what people see, and what stays on disk."""

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gpusla.commands.files import new_file
from tests.collector.bundles import members_of, payload_of, posted_site
from tests.collector.conftest import Told
from tests.collector.site import write_site

MONTH = ("alpha-2026", "2026-07")
SIGNING = "signing_key: signing-key.pem\n"


def names(folder: Path) -> list[str]:
    """Return everything that lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site on disk whose July is posted, and whose settings name a key that is not made yet."""
    folder = tmp_path_factory.mktemp("site")
    posted_site(folder, SIGNING)
    return folder


@pytest.fixture
def key(folder: Path, told: Told) -> str:
    """What was printed of the operator's key, which is there now."""
    file = folder / "signing-key.pem"
    if not file.exists():
        assert told("collector", "key", "new", file)[0] == 0
    return told("collector", "key", "show", "--config", folder / "collector.yaml")[1]


def test_a_new_key_is_its_owner_s_alone(tmp_path: Path, told: Told) -> None:
    """And what is printed of it is its public part, as anybody's tools see it."""
    file = tmp_path / "key.pem"
    code, words, _ = told("collector", "key", "new", file)
    assert code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    private = load_pem_private_key(file.read_bytes(), None)
    public = private.public_key().public_bytes_raw()  # type: ignore[union-attr]
    digits = hashlib.sha256(public).hexdigest()
    print_of = "-".join(digits[place : place + 4] for place in (0, 4, 8, 12))
    assert words.split() == [
        *("fingerprint:", print_of),
        *("public", "key:", base64.b64encode(public).decode()),
    ]
    assert names(tmp_path) == ["key.pem"]


def test_a_key_is_never_overwritten(tmp_path: Path, told: Told) -> None:
    """What it signed could not be told from what its successor signs."""
    file = tmp_path / "key.pem"
    file.write_text("old")
    code, _, words = told("collector", "key", "new", file)
    assert code == 2
    assert "there is a file already, and a key is never replaced" in words
    assert words.count("\n") == 1
    assert file.read_text() == "old"
    assert names(tmp_path) == ["key.pem"]


def test_a_key_that_others_may_read_signs_nothing(folder: Path, key: str, told: Told) -> None:
    """Refused with a sentence that says how to mend it."""
    del key
    file = folder / "signing-key.pem"
    try:
        for mode in (0o640, 0o604, 0o660):
            file.chmod(mode)
            code, out, words = told(
                *("statement", "sign", *MONTH, "--config", folder / "collector.yaml")
            )
            assert (code, out) == (2, "")
            assert f"others may use this key: its mode is {mode:04o}" in words
            assert "chmod 600" in words
    finally:
        file.chmod(0o600)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "the settings name no signing_key"),
        ("signing_key: nowhere.pem\n", "the key cannot be opened: No such file or directory"),
        ("signing_key: inventory.yaml\n", "others may use this key"),
    ],
)
def test_without_a_key_there_is_neither_statement_nor_bundle(
    tmp_path: Path, told: Told, more: str, said: str
) -> None:
    """One sentence, exit code 2, and no file."""
    path = write_site(tmp_path, "http://agents", more=more)
    out = tmp_path / "july.zip"
    for words in (("statement", "sign"), ("collector", "bundle")):
        code, _, error = told(*words, *MONTH, "--config", path, "--out", out)
        assert code == 2
        assert said in error
        assert error.count("\n") == 1
        assert not out.exists()


def test_a_file_that_is_no_key_is_refused(tmp_path: Path, told: Told) -> None:
    """Whatever stands in it."""
    path = write_site(tmp_path, "http://agents", more=SIGNING)
    file = tmp_path / "signing-key.pem"
    file.touch(0o600)
    for content in (b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        file.write_bytes(content)
        code, _, words = told("collector", "key", "show", "--config", path)
        assert code == 2
        assert "[GS3102]" in words


def test_a_signed_statement_is_the_statement_s_json(
    folder: Path, key: str, told: Told, tmp_path: Path
) -> None:
    """Sealed byte for byte, and twice the same."""
    settings = ("--config", folder / "collector.yaml")
    code, envelope, _ = told("statement", "sign", *MONTH, *settings)
    assert code == 0
    assert told("statement", "sign", *MONTH, *settings)[1] == envelope
    plain = tmp_path / "july.json"
    assert told("statement", "show", *MONTH, *settings, "--as", "json", "--out", plain)[0] == 0
    found = json.loads(envelope)
    payload = base64.b64decode(found["payload"])
    assert payload == plain.read_bytes()
    public = base64.b64decode(key.rsplit(maxsplit=1)[-1])
    kind = found["payloadType"]
    content = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    signature = base64.b64decode(found["signatures"][0]["sig"])
    Ed25519PublicKey.from_public_bytes(public).verify(signature, content)


def test_a_bundle_is_written_whole_and_twice_the_same(
    folder: Path, key: str, told: Told, tmp_path: Path
) -> None:
    """As open as other files, with the key that `key show` tells, and nothing beside it."""
    files = (tmp_path / "one.zip", tmp_path / "two.zip")
    for file in files:
        done = told(
            *("collector", "bundle", *MONTH, "--config", folder / "collector.yaml"),
            *("--out", file),
        )
        assert done[:2] == (0, "")
        assert done[2].count("\n") == 1
    first, second = (file.read_bytes() for file in files)
    assert first == second
    found = members_of(first)
    assert payload_of(found["manifest.json"])["key"] == key.rsplit(maxsplit=1)[-1]
    assert found["statement.pdf"].startswith(b"%PDF-")
    assert told("verify", files[0], "--key", key.rsplit(maxsplit=1)[-1], "--jobs", "1")[0] == 0
    assert names(tmp_path) == ["one.zip", "two.zip"]
    mask = os.umask(0)
    os.umask(mask)
    assert files[0].stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_bundle_that_fails_halfway_leaves_nothing(
    folder: Path, key: str, told: Told, tmp_path: Path
) -> None:
    """The evidence is gone, which shows only when the last members are written."""
    del key
    out = tmp_path / "july.zip"
    lines = folder / "data" / "evidence" / "c2-r01-t01"
    away = lines.rename(folder / "away")
    try:
        code, _, words = told(
            *("collector", "bundle", *MONTH, "--config", folder / "collector.yaml"),
            *("--out", out, "--journals"),
        )
    finally:
        away.rename(lines)
    assert code == 6
    assert "is shorter than what was acknowledged" in words
    assert names(tmp_path) == []


def test_a_month_without_a_statement_has_no_bundle(
    folder: Path, key: str, told: Told, tmp_path: Path
) -> None:
    """Exit code 4, and no file."""
    del key
    settings = ("--config", folder / "collector.yaml")
    code, _, words = told(
        *("collector", "bundle", "alpha-2026", "2031-01", *settings, "--out", tmp_path / "b.zip")
    )
    assert code == 4
    assert "has no statement of period '2031-01'" in words
    assert names(tmp_path) == []


def test_a_file_that_is_interrupted_leaves_what_was_there(tmp_path: Path) -> None:
    """By a signal as by an error."""
    path = tmp_path / "july.zip"
    path.write_bytes(b"the old one")

    def write() -> None:
        with new_file(path) as stream:
            stream.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert path.read_bytes() == b"the old one"
    assert names(tmp_path) == ["july.zip"]
