"""An archive has one reading: no byte of it, and no name in it, can be taken in two ways."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest

from gpusla.evidence.envelope import canonical
from gpusla.verify import archive
from tests.core.verify.conftest import Asked
from tests.core.verify.maker import bundle, manifest, packed_by_hand, usual


@pytest.mark.parametrize("end", [0, 1, 20, 29, 30, 35, 500, -2_000, -300, -40, -23, -22, -1])
def test_a_torn_download_is_told_as_one(end: int, asked: Asked) -> None:
    """Wherever it ends; it was `behind hours/… is no directory of the headers`."""
    whole = bundle(usual())
    last = whole.rindex(b"PK\x03\x04")
    content = whole[: last + end if 0 <= end < 500 else end]
    assert asked(content) == (6, "broken: archive: the file ends early, or was altered\n")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"revision":1', '"revision":1.0', "not JSON of whole numbers and text"),
        ('"revision":1', '"revision":NaN', "not JSON of whole numbers and text"),
        ('"revision":1', '"revision":1,"revision":1', "not JSON in its canonical form"),
        ('"revision":1', '"revision": 1', "not JSON in its canonical form"),
        ('"revision":1', '"revision":-0', "not JSON in its canonical form"),
    ],
)
def test_what_two_readers_could_read_in_two_ways_is_refused(
    before: str, after: str, sentence: str, asked: Asked
) -> None:
    """Even if the operator signed it."""
    told = canonical({"format": "gpusla/nodes/1", "nodes": {}, "revision": 1})
    content = told.decode().replace(before, after).encode()
    found = usual() | {"nodes.json": content}
    assert asked(bundle(found)) == (6, f"broken: format: nodes.json is {sentence}\n")


def test_a_nodes_name_is_text(asked: Asked) -> None:
    """Half a character has no bytes, so its member's name would stand for any other one's too."""
    found = dict(usual())
    told = json.loads(found["nodes.json"])
    told["nodes"]["\ud800"] = told["nodes"].pop("c1-r1-t3")
    found["nodes.json"] = canonical(told)
    for kind in ("hours", "journals"):
        found[f"{kind}/%3F.jsonl"] = found.pop(f"{kind}/c1-r1-t3.jsonl")
    sentence = "broken: format: '\\ud800' in nodes.json is no name of a node\n"
    assert asked(bundle(found)) == (6, sentence)


def test_hours_of_a_node_that_is_none_of_the_bundles(asked: Asked) -> None:
    """Nobody would have looked at them."""
    found = usual() | {"hours/c9.jsonl": b""}
    assert asked(bundle(found)) == (6, "broken: unlisted: hours/c9.jsonl is of no node\n")


def test_every_byte_of_headers_and_directory_is_accounted_for(asked: Asked) -> None:
    """The last entry's lengths too, behind which another reader would see another name."""
    whole = bundle(usual())
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        infos, start = file.infolist(), file.start_dir
    headers = [(one.header_offset, 30 + len(one.filename)) for one in infos]
    places = [place + step for place, size in headers for step in range(size)]
    places += range(start, len(whole))
    last = whole.rindex(b"PK\x01\x02")
    assert set(range(last + 28, last + 34)) < set(places)
    for place in places:
        changed = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        code, words = asked(changed)
        assert (code, words[:16]) == (6, "broken: archive:"), place


def packed_anew(change: Callable[[bytes], bytes], kind: int = 8) -> bytes:
    """Return the usual bundle with the contract's packed bytes changed, and all told rightly."""
    found = {**usual(), "manifest.json": manifest(usual())}
    return packed_by_hand(found, "contract/1.yaml", change, kind)


def test_packed_bytes_end_where_what_they_stand_for_does(asked: Asked) -> None:
    """Junk behind the end of a member, near or far, and an end that is none."""
    behind = "broken: archive: contract/1.yaml goes on behind its end\n"
    for kind in (0, 8):
        assert asked(packed_anew(bytes, kind))[0] == 0
        assert asked(packed_anew(lambda body: body + b"\0", kind)) == (6, behind)
        assert asked(packed_anew(lambda body: body + bytes(100_000), kind)) == (6, behind)
        code, words = asked(packed_anew(lambda body: body[:-1], kind))
        assert (code, words[:47]) == (6, "broken: archive: contract/1.yaml breaks off, or")


def test_an_archive_of_more_than_32_bits(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the format widens its numbers; the limit is put down here, as is the writer's."""
    limit = 100_000
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", limit)
    monkeypatch.setattr(archive, "_WIDE_FROM", limit)
    stream, found = io.BytesIO(), {**usual(), "manifest.json": manifest(usual())}
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as wide:
        for name in sorted(found):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            wide.writestr(info, found[name])
    content = bytearray(stream.getvalue())
    assert content[-98:-94] == b"PK\x06\x06"
    assert asked(bytes(content))[0] == 0
    for place in range(len(content) - 98, len(content)):
        changed = bytes(content[:place]) + bytes([content[place] ^ 1]) + bytes(content[place + 1 :])
        assert asked(changed)[0] == 6
