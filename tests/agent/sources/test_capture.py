"""What gets into a capture, what does not, and what is no capture."""

import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gpusla.catalogue.readings import Consent
from gpusla.errors import InputError
from gpusla_agent.sources.capture import CaptureReader, CaptureWriter, Header
from gpusla_agent.sources.masking import Masker

UUID = "GPU-11111111-2222-3333-4444-555555555555"
CLUSTER = "0123456789abcdef0123456789abcdef"
IDENTITY: dict[str, Any] = {
    "uuid": [0, UUID],
    "name": [0, "NVIDIA GB300"],
    "serial": [0, "1650000000000"],
    "chassis_serial": [0, "18101ABCD0001"],
    "module_id": [0, 2],
    "pci_bus_id": [0, "00000008:06:00.0"],
    "driver_version": [0, "580.173.02"],
    "something_new": [0, "tenant-seven"],
}
LISTED = {"code": 0, "count": 1, "gpus": [{"index": 0, "identity": IDENTITY}], "host": "node-one"}
READ: dict[str, Any] = {
    "temperature": [12, [71, 16]],
    "fabric": [3, [[3, 0, CLUSTER, 1, 0x1AA, 1]]],
    "instances": [4, [[["MIG-aaaaaaaa-2222-3333-4444-555555555555", 1, 0, None]]]],
    "clocks": [5, [None, 3_996, 0], {"0": 999}],
    "utilization": [6, [97, 41]],
    "processes": [7, [[[4_242, 1_000]]]],
}
PASS: dict[str, Any] = {
    "job": 1,
    "count": 1,
    "gpus": [{"index": 0, "at_ms": 900, "read": READ}],
    "identities": [],
    "xids": [[UUID, 79, 1_782_882_000_000, "nvml"]],
    "events": 0,
    "secret": "of a later version",
}


def written(*consents: Consent, size_bytes_max: int = 10**6) -> tuple[str, CaptureWriter]:
    """Return a capture of one list and one pass, and who wrote it."""
    file = io.StringIO()
    writer = CaptureWriter(file, set(consents), Masker(), size_bytes_max)
    writer.begin("nvml", "580.173.02", 1_000, is_synthetic=True, note="a test")
    writer.write(1_000, 2_000, LISTED)
    writer.write(1_000, 2_000, PASS)
    writer.write_silence(2_000, 3_000, "the worker does not answer")
    return file.getvalue(), writer


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return the lines as data."""
    return [json.loads(line) for line in text.splitlines()]


def test_no_identifier_of_the_node_is_in_a_capture() -> None:
    """Whatever names the node, its parts or whoever uses it, known to the writer or not."""
    text, _ = written(*Consent)
    names = (UUID[4:], CLUSTER, "1650000000000", "18101ABCD0001", "tenant-seven", "aaaaaaaa")
    assert not [name for name in (*names, "node-one", "later version") if name in text]
    assert "00000008:06:00.0" in text
    assert "NVIDIA GB300" in text


def test_what_was_not_agreed_is_not_in_a_capture() -> None:
    """Activity and processes only where they were, and the header says which."""
    families = [
        set(lines_of(written(*consents)[0])[2]["pass"]["gpus"][0]["read"])
        for consents in ((), (Consent.ACTIVITY,), (Consent.PROCESSES,))
    ]
    capacity = {"temperature", "fabric", "instances", "clocks"}
    assert families == [capacity, capacity | {"utilization"}, capacity | {"processes"}]
    header = lines_of(written(Consent.ACTIVITY)[0])[0]
    assert header["consents"] == ["activity", "capacity"]
    assert "processes" not in header["families"]


def test_the_values_stay_as_they_were_said() -> None:
    """Codes, numbers and their places."""
    told = lines_of(written()[0])[2]["pass"]["gpus"][0]["read"]
    assert told["temperature"] == READ["temperature"]
    assert told["clocks"] == READ["clocks"]


def test_the_same_gpu_has_the_same_mask_everywhere_in_a_capture() -> None:
    """An Xid still belongs to its GPU; and another capture does not show that it is the same."""
    first, again = (lines_of(written()[0]) for _ in range(2))
    masks = [lines[1]["listed"]["gpus"][0]["identity"]["uuid"][1] for lines in (first, again)]
    assert first[2]["pass"]["xids"][0][0] == masks[0]
    assert masks[0] != masks[1]


def test_a_capture_is_bounded() -> None:
    """What does not fit is left out, and said so; nothing is written behind it."""
    whole, _ = written()
    text, writer = written(size_bytes_max=len(whole) - 1)
    assert writer.is_full
    assert writer.size_bytes == len(text) < len(whole)
    assert len(lines_of(text)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "GPU-11111111-2222-3333-4444-555555555555",
        "MIG-GPU-11111111-2222-3333-4444-555555555555/1/0",
        "1650000000000",
        "18101ABCD0001",
        "0123456789abcdef0123456789abcdef",
        "x",
    ],
)
def test_a_mask_has_the_shape_of_what_it_masks(text: str) -> None:
    """Digits for digits, letters for letters, and what stands between them stays."""
    mask = Masker(b"key").mask(text)
    assert mask != text
    assert len(mask) == len(text)
    same = [letter for letter in text if not letter.isalnum()]
    assert [letter for letter in mask if not letter.isalnum()] == same
    if text.isdigit():
        assert mask.isdigit()


def test_zeros_say_that_there_is_none() -> None:
    """That a GPU has no cluster is what somebody may look for."""
    for text in ("", "0" * 32, "00000000-0000-0000-0000-000000000000"):
        assert Masker().mask(text) == text


def test_two_identifiers_never_share_a_mask() -> None:
    """Not even where there are hardly more masks than identifiers, or fewer than tries."""
    masker = Masker(b"key")
    texts = [f"{number:02}" for number in range(1, 100)]
    masks = [masker.mask(text) for text in texts]
    assert len(set(masks)) == len(texts)


def read(tmp_path: Path, *lines: str) -> CaptureReader:
    """Open a file of these lines."""
    path = tmp_path / "capture.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), "ascii")
    return CaptureReader(path)


def test_a_capture_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Header and lines, and again from the start."""
    reader = read(tmp_path, *written()[0].splitlines())
    assert isinstance(reader.header, Header)
    assert (reader.header.driver_version, reader.header.is_synthetic) == ("580.173.02", True)
    assert reader.header.links["links"] == ("state", "speed_megabytes_per_second")
    kinds = [line.kind for line in reader.lines()]
    assert kinds == [line.kind for line in reader.lines()] == ["listed", "pass", "silent"]
    reader.close()


HEADER = written()[0].splitlines()[0]
BAD = [
    ((), "1:1: the capture is empty"),
    (("{}",), "1:1: the file is no capture"),
    (("not JSON",), "1:1: the line is not JSON"),
    (('{"gpusla_capture":2}',), "1:1: the capture's format is 2; this version reads 1"),
    (('{"gpusla_capture":1}',), "1:1: the header lacks something or has it in another form"),
    ((HEADER, "{}"), "2:1: the line is neither a list, nor a pass, nor a silence"),
    ((HEADER, "[" * 100_000), "2:1: the line is nested too deep"),
    ((HEADER, '{"at_ms":1,"wall_ms":2,"pass":{"gpus":[3]}}'), "2:1: the line is neither"),
    ((HEADER, '{"at_ms":1,"wall_ms":2,"listed":{"count":-1,"gpus":[]}}'), "2:1: the line is"),
]


@pytest.mark.parametrize(("lines", "words"), BAD)
def test_what_is_no_capture_is_refused_with_its_place(
    tmp_path: Path, lines: tuple[str, ...], words: str
) -> None:
    """Before anything of it is believed."""
    with pytest.raises(InputError) as refused, closing(read(tmp_path, *lines)) as reader:
        list(reader.lines())
    assert f"capture.jsonl:{words}" in str(refused.value)


def test_a_capture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """With the system's own words."""
    with pytest.raises(InputError, match="cannot be read: No such file or directory"):
        CaptureReader(tmp_path / "nothing")


def test_a_capture_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    """Half a line may be half a value."""
    path = tmp_path / "capture.jsonl"
    path.write_text(HEADER + "\n" + '{"at_ms":1', "ascii")
    with (
        pytest.raises(InputError, match="the line has no end"),
        closing(CaptureReader(path)) as reader,
    ):
        list(reader.lines())
