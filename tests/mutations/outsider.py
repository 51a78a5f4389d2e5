"""What somebody can do to a bundle without any key: the file, the archive, the members."""

import io
import json
import warnings
import zipfile
from operator import itemgetter
from random import Random

from gpusla.evidence.envelope import BUNDLE_TYPE, canonical
from gpusla.evidence.sealed import payload_of
from tests.core.verify.maker import (
    OPERATOR,
    STRANGER,
    bundle,
    manifest,
    packed,
    packed_by_hand,
    packed_so,
    public,
    sealed,
    statement_bytes,
    usual,
)
from tests.mutations.attempts import Attempt, Members, contents, one_bit

MANIFEST = "manifest.json"
WHOLE = frozenset({"archive", "manifest", "missing", "unlisted", "digest"})
"""A flip in the file itself may hit anything between the members as well."""


def everything() -> Members:
    """Return all members, the manifest among them."""
    return {**usual(), MANIFEST: manifest(usual())}


def flip_in_a_member(chance: Random) -> bytes:
    """Change one bit of a member, and pack all again."""
    found = everything()
    name = chance.choice(sorted(usual()))
    return packed(found | {name: one_bit(chance, found[name])})


def flip_in_the_manifest(chance: Random) -> bytes:
    """Change one bit of what is not in the manifest because it is the manifest."""
    found = everything()
    return packed(found | {MANIFEST: one_bit(chance, found[MANIFEST])})


def flip_in_the_file(chance: Random) -> bytes | None:
    """Change one bit of the file; deflate leaves a few at a member's end that say nothing."""
    changed = one_bit(chance, bundle(usual()))
    is_nothing = is_padding(changed) and contents(changed) == contents(bundle(usual()))
    return None if is_nothing else changed


def is_padding(changed: bytes) -> bool:
    """Return whether the one byte that differs is the last of a member's packed bytes."""
    whole = bundle(usual())
    place = next(place for place, byte in enumerate(whole) if byte != changed[place])
    with zipfile.ZipFile(io.BytesIO(whole)) as file:
        return place in {
            info.header_offset + 30 + len(info.filename) + info.compress_size - 1
            for info in file.infolist()
        }


def truncate_the_file(chance: Random) -> bytes:
    """Cut the file anywhere behind its first bytes."""
    whole = bundle(usual())
    return whole[: chance.randrange(30, len(whole))]


def add_to_the_file(chance: Random) -> bytes:
    """Put bytes before or behind the archive, where many readers do not look."""
    extra, whole = chance.randbytes(chance.randint(1, 40)), bundle(usual())
    return b"PK" + extra + whole if chance.random() < 0.5 else whole + extra


def drop_a_member(chance: Random) -> bytes:
    """Leave a member out."""
    found = everything()
    del found[chance.choice(sorted(found))]
    return packed(found)


def add_a_member(chance: Random) -> bytes:
    """Put one in that nobody signed for."""
    name = chance.choice(["hours/c9.jsonl", "notes.txt", "contract/9.yaml", "journals/c9.jsonl"])
    return packed(everything() | {name: chance.randbytes(chance.randint(0, 99))})


def swap_two_members(chance: Random) -> bytes | None:
    """Give two members each other's content."""
    found = everything()
    one, two = chance.sample(sorted(usual()), 2)
    return packed(found | {one: found[two], two: found[one]})


def truncate_a_member(chance: Random) -> bytes:
    """Cut a member short."""
    found = everything()
    name = chance.choice(sorted(usual()))
    return packed(found | {name: found[name][: chance.randrange(len(found[name]))]})


def name_twice(chance: Random) -> bytes:
    """Pack a second member of a name: some readers take the first, some the last."""
    found = everything()
    twice = chance.choice(sorted(found))
    other = {**found, twice: b"other"}
    order = sorted([*other.items(), (twice, found[twice])], key=itemgetter(0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return packed_so(order)


def reorder_members(chance: Random) -> bytes | None:
    """Pack the same members in another order."""
    found = everything()
    names = sorted(found)
    chance.shuffle(names)
    return None if names == sorted(found) else packed_so((name, found[name]) for name in names)


def header_unlike_directory(chance: Random) -> bytes:
    """Change a field of a header, or of the directory's entry, and not of the other."""
    whole = bytearray(bundle(usual()))
    with zipfile.ZipFile(io.BytesIO(bytes(whole))) as file:
        info, start = chance.choice(file.infolist()), file.start_dir
    place = info.header_offset
    offset, size = chance.choice(
        [(4, 2), (6, 2), (8, 2), (10, 2), (12, 2), (14, 4), (18, 4), (22, 4)]
    )
    if chance.random() < 0.5:
        place, offset = whole.index(b"PK\x01\x02", start), offset + 2
    field = whole[place + offset : place + offset + size]
    other = chance.randbytes(size)
    whole[place + offset : place + offset + size] = (
        other if other != field else bytes(~byte & 255 for byte in field)
    )
    return bytes(whole)


def lengths_of_the_last_entry(chance: Random) -> bytes:
    """Change how long name, addition or comment of the directory's last entry are said to be."""
    whole = bytearray(bundle(usual()))
    place = whole.rindex(b"PK\x01\x02") + chance.randrange(28, 34)
    whole[place] ^= 1 << chance.randrange(8)
    return bytes(whole)


def junk_in_a_member(chance: Random) -> bytes:
    """Put bytes behind the end of a member's packed bytes, or take its end away."""
    junk, kind = chance.randbytes(chance.choice([1, 9, 100_000])), chance.choice([0, 8])

    def change(body: bytes) -> bytes:
        return body + junk if chance.random() < 0.7 else body[:-1]

    return packed_by_hand(everything(), chance.choice(sorted(usual())), change, kind)


def bomb(chance: Random) -> bytes:
    """Put a member in that unpacks to a thousand times its size, rightly listed."""
    name = chance.choice(["facts.json", "journals/c1-r1-t1.jsonl", "hours/c1-r1-t1.jsonl"])
    found = usual() | {name: b" " * chance.randint(2 << 20, 4 << 20)}
    return bundle(found, STRANGER)


def edit_the_statement(chance: Random) -> bytes:
    """Edit figures, make digests anew, and have no key to sign with."""
    text = statement_bytes()
    places = [place for place in range(len(text)) if text[place : place + 1].isdigit()]
    place = chance.choice(places)
    digit = (text[place] - 48 + chance.randint(1, 9)) % 10
    edited = text[:place] + str(digit).encode() + text[place + 1 :]
    old = json.loads(sealed())
    envelope = canonical(old | {"payload": json.loads(sealed(edited, STRANGER))["payload"]})
    found = usual() | {"statement.json": envelope + b"\n"}
    return packed({**found, MANIFEST: unsigned(found)})


def unsigned(found: Members) -> bytes:
    """Return a manifest of these members with the signature of the old one."""
    fresh = json.loads(manifest(found))
    return canonical(fresh | {"signatures": json.loads(manifest(usual()))["signatures"]}) + b"\n"


def fix_the_digests(chance: Random) -> bytes:
    """Change a member, and the manifest to match; its signature stays the old one."""
    name = chance.choice(sorted(usual()))
    found = usual() | {name: one_bit(chance, usual()[name])}
    return packed({**found, MANIFEST: unsigned(found)})


def sign_as_a_stranger(chance: Random) -> bytes:
    """Make all of it anew with a key of one's own, which may pose as the operator's."""
    found = usual() | {"statement.json": sealed(private=STRANGER)}
    pose = {} if chance.random() < 0.5 else {"key": public(OPERATOR)}
    return bundle(found, STRANGER, revision=chance.randint(1, 9), **pose)


def repeat_a_json_key(chance: Random) -> bytes:
    """Write a key twice, a float, or a space, where two readers could read two things."""
    text = manifest(usual()).decode()
    before, after = chance.choice(
        [
            ('{"payload"', '{"payload":"","payload"'),
            (":", ": "),
            ("}]", "},{}]"),
            ("{", '{"a":1.5,'),
        ]
    )
    return packed({**usual(), MANIFEST: text.replace(before, after, 1).encode()})


def other_size(chance: Random) -> bytes:
    """List a member's right digest with another size, or no digest at all; by the right key."""
    payload = json.loads(payload_of(manifest(usual()), BUNDLE_TYPE))
    name = chance.choice(sorted(payload["files"]))
    payload["files"][name]["size_bytes"] += chance.choice([-1, 1, 2**40])
    return bundle(usual(), files=payload["files"])


ATTEMPTS = (
    Attempt("a bit of a member", flip_in_a_member, frozenset({"digest"})),
    Attempt(
        "a bit of the manifest",
        flip_in_the_manifest,
        frozenset({"format", "signature", "manifest", "key"}),
    ),
    Attempt("a bit of the file", flip_in_the_file, WHOLE),
    Attempt("the file cut", truncate_the_file, frozenset({"archive"})),
    Attempt("bytes around the archive", add_to_the_file, frozenset({"archive"})),
    Attempt("a member left out", drop_a_member, frozenset({"missing", "manifest"})),
    Attempt("a member added", add_a_member, frozenset({"unlisted"})),
    Attempt("two members swapped", swap_two_members, frozenset({"digest"})),
    Attempt("a member cut", truncate_a_member, frozenset({"digest"})),
    Attempt("two members of one name", name_twice, frozenset({"archive"})),
    Attempt("members in another order", reorder_members, frozenset({"archive"})),
    Attempt("a header unlike the directory", header_unlike_directory, frozenset({"archive"})),
    Attempt("the last entry's lengths", lengths_of_the_last_entry, frozenset({"archive"})),
    Attempt("junk in a member", junk_in_a_member, frozenset({"archive"})),
    Attempt("a bomb", bomb, frozenset({"archive"})),
    Attempt("a statement edited", edit_the_statement, frozenset({"signature"})),
    Attempt("digests made anew", fix_the_digests, frozenset({"signature"})),
    Attempt("all signed by a stranger", sign_as_a_stranger, frozenset({"key"})),
    Attempt("JSON of two meanings", repeat_a_json_key, frozenset({"format"})),
    Attempt("another size", other_size, frozenset({"digest"})),
)
