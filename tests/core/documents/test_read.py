"""Strict YAML is read with its places, and everything else is refused in one sentence."""

# ruff: noqa: E501  (a promised sentence stands on one line)

import pytest

from gpusla.documents import digest, parse
from gpusla.errors import InputError, Position


def refusal(text: bytes) -> str:
    """Return the sentence that refuses text."""
    with pytest.raises(InputError) as caught:
        parse(text, "file.yaml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"),
        ("7", 7),
        ("-7", -7),
        ("0.99", "0.99"),
        ("1e3", "1e3"),
        ("2026-07-01", "2026-07-01"),
        ("2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z"),
        ("07", "07"),
        ("0x10", "0x10"),
        ("12:30", "12:30"),
        ("'7'", "7"),
        ('"true"', "true"),
        ("true", True),
        ("no", "no"),
        ("on", "on"),
        ("True", "True"),
        ("null", None),
        ("~", None),
        ("", None),
        ("''", ""),
        (".nan", ".nan"),
        ("9" * 30, "9" * 30),
        ("[1, a]", [1, "a"]),
        ("{b: 1}", {"b": 1}),
    ],
)
def test_a_scalar_is_what_it_looks_like_and_never_a_float_or_a_date(
    text: str, value: object
) -> None:
    """No contract term turns into a binary fraction on its way in."""
    assert parse(f"key: {text}\n".encode(), "file.yaml").data == {"key": value}


def test_keys_are_text_whatever_they_look_like() -> None:
    """A number or a word like `on` is a name when it is a key."""
    assert parse(b"1: a\non: b\n", "file.yaml").data == {"1": "a", "on": "b"}


def test_every_value_and_every_key_remembers_its_place() -> None:
    """Lines and columns count from one, as editors do."""
    document = parse(b"slos:\n  - id: a\n    target: 5\n", "c.yaml")
    assert document.position(("slos", 0, "target")) == Position("c.yaml", 3, 13)
    assert document.key_position(("slos", 0, "target")) == Position("c.yaml", 3, 5)
    assert document.position(("slos", 0, "absent")) == Position("c.yaml", 2, 5)
    assert document.position(("slos", 4)) == Position("c.yaml", 2, 3)


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    """Some editors put one in front."""
    assert parse(b"\xef\xbb\xbfkey: 1\n", "file.yaml").data == {"key": 1}


def test_the_digest_is_of_the_bytes() -> None:
    """Anybody can recompute it with sha256sum."""
    assert digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


REFUSALS = [
    (b"", "file.yaml: the file holds nothing. An empty input is an error, not a clean result: write the file or remove it. [GS1011]"),
    (b"# only words\n---\n", "file.yaml: the file holds nothing. An empty input is an error, not a clean result: write the file or remove it. [GS1011]"),
    (b"a: 1\n" + b"#" * 262_144, "file.yaml: the file has more than the 262,144 bytes that are read. Split it. [GS1002]"),
    (b"a: 1\nb: \xe9\n", "file.yaml:2:4: byte 0xe9 is not UTF-8. Save it as UTF-8. [GS1003]"),
    (b"a: &x 1\nb: *x\n", "file.yaml:1:4: &x is an anchor. Write the value out: a short file of aliases can expand to gigabytes. [GS1005]"),
    (b"a: 1\nb: *x\n", "file.yaml:2:4: *x is an alias. Write the value out: a short file of aliases can expand to gigabytes. [GS1005]"),
    (b"a: !!python/object:os.system 1\n", "file.yaml:1:4: the tag 'tag:yaml.org,2002:python/object:os.system' is not allowed. Remove it: a value is what it looks like, and text goes in quotes. [GS1004]"),
    (b"a: 1\nb: 2\na: 3\n", "file.yaml:3:1: the key 'a' stands here and in line 1. Keep one of the two. [GS1007]"),
    (b"a: 1\n---\nb: 2\n", "file.yaml:2:1: a second document begins here. Keep one document in a file and remove this line. [GS1004]"),
    (b"a:\n\tb: 1\n", "file.yaml:2:1: a tab indents this line. Indent with spaces. [GS1004]"),
    (b"a: 1\n b: 2\n", "file.yaml:2:3: this is not YAML: mapping values are not allowed in this context. Mend the line that the message names. [GS1004]"),
    (b"a: [1\n", "file.yaml:2:1: this is not YAML: did not find expected ',' or ']'. Mend the line that the message names. [GS1004]"),
    (b"a: b\x00\n", "file.yaml:1:5: the character U+0000 is not allowed. Remove it. [GS1004]"),
    (b"a: [" + b"1," * 20_001 + b"]\n", "file.yaml:1:40001: this is value number 20,001. Split the file. [GS1002]"),
    (b"? [1]\n: 2\n", "file.yaml:1:3: a key is a list or a mapping. Write a word as the key. [GS1004]"),
    (b"a: " + b"[" * 100_000, "file.yaml:1:23: this is nested over 20 levels. Flatten it. [GS1006]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "sentence"), REFUSALS, ids=range(len(REFUSALS)))
def test_what_is_not_allowed_is_refused_with_its_place_and_the_way_out(
    text: bytes, sentence: str
) -> None:
    """One sentence, and it is the whole sentence that is promised."""
    assert refusal(text) == sentence


def test_nineteen_levels_are_read() -> None:
    """The limit is on depth, not on what a sane file needs."""
    assert parse(b"[" * 19 + b"1" + b"]" * 19, "file.yaml").data
