"""The bytes that are signed, keys as they are written down, and signatures held against vectors."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from gpusla.evidence import ed25519
from gpusla.evidence.envelope import HEAD_TYPE, KEY_TYPE, head_bytes, key_bytes, signed_bytes
from gpusla.evidence.keys import fingerprint, from_pem, from_text, key_id, to_pem, to_text
from gpusla.journal.chain import Head

# RFC 8032, section 7.1, test 3.
SECRET = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
PUBLIC = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)


def test_the_encoding_is_that_of_dsse() -> None:
    """The example of the protocol's own text."""
    made = signed_bytes("http://example.com/HelloWorld", b"hello world")
    assert made == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_a_head_signs_node_number_and_digest() -> None:
    """Canonical JSON, under its own type."""
    payload = b'{"digest":"%b","node":"c2-r01-t03","sequence":7}' % (b"ab" * 32)
    assert head_bytes("c2-r01-t03", Head(7, "ab" * 32)) == (
        b"DSSEv1 32 application/vnd.gpusla.head+json %d %b" % (len(payload), payload)
    )


def test_things_of_two_kinds_never_have_the_same_bytes() -> None:
    """A signature of one cannot pass for one of the other."""
    assert HEAD_TYPE != KEY_TYPE
    assert key_bytes("n", "k", "").startswith(b"DSSEv1 31 application/vnd.gpusla.key+json ")


@given(st.text("abc 1", max_size=6), st.binary(max_size=6), st.text("abc 1", max_size=6))
def test_no_other_type_and_payload_give_the_same_bytes(
    kind: str, payload: bytes, other: str
) -> None:
    """The lengths keep them apart."""
    made = signed_bytes(kind, payload)
    if other != kind:
        assert signed_bytes(other, payload) != made
    length, rest = made.removeprefix(b"DSSEv1 ").split(b" ", 1)
    assert rest[: int(length)] == kind.encode()


def test_signatures_are_those_of_the_standard() -> None:
    """RFC 8032's vector, both ways."""
    assert ed25519.public_of(SECRET) == PUBLIC
    assert ed25519.sign(SECRET, b"\xaf\x82") == SIGNATURE
    assert ed25519.is_signature(PUBLIC, SIGNATURE, b"\xaf\x82")


@given(st.integers(0, 64 * 8 - 1))
def test_a_signature_with_one_bit_changed_is_none(bit: int) -> None:
    """Wherever it is."""
    spoiled = bytearray(SIGNATURE)
    spoiled[bit // 8] ^= 1 << bit % 8
    assert not ed25519.is_signature(PUBLIC, bytes(spoiled), b"\xaf\x82")


@pytest.mark.parametrize(
    ("public", "signature"), [(PUBLIC[:-1], SIGNATURE), (PUBLIC, SIGNATURE[:-1]), (b"", b"")]
)
def test_what_is_no_key_or_no_signature_signs_nothing(public: bytes, signature: bytes) -> None:
    """Of another length, nothing is tried."""
    assert not ed25519.is_signature(public, signature, b"\xaf\x82")


def test_an_id_is_the_digest_of_the_raw_key() -> None:
    """And a fingerprint its first sixteen digits."""
    # printf … | xxd -r -p | sha256sum
    assert key_id(PUBLIC) == ("dac073e0123bdea59dd9b3bda9cf6037f63aca82627d7abcd5c4ac29dd74003e")
    assert fingerprint(PUBLIC).replace("-", "") == key_id(PUBLIC)[:16]


def test_another_program_reads_our_key_file(tmp_path: Path) -> None:
    """OpenSSL and cryptography both take it for the same key."""
    loaded = load_pem_private_key(to_pem(SECRET), None)
    assert isinstance(loaded, Ed25519PrivateKey)
    assert loaded.private_bytes_raw() == SECRET
    file = tmp_path / "key.pem"
    file.write_bytes(to_pem(SECRET))
    told = subprocess.run(
        ["openssl", "pkey", "-in", file, "-text", "-noout"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "ED25519" in told.stdout
    assert SECRET.hex()[:8] in told.stdout.replace(":", "")


@given(st.binary(min_size=32, max_size=32))
def test_a_key_file_reads_back(private: bytes) -> None:
    """Whatever the key."""
    assert from_pem(to_pem(private)) == private


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a private key in PEM"),
        (to_pem(SECRET).replace(b"PRIVATE", b"PUBLIC"), "not a private key in PEM"),
        (to_pem(SECRET).replace(b"MC4C", b"MC4D"), "not an Ed25519 key"),
        (to_pem(SECRET)[:40] + to_pem(SECRET)[44:], "bytes and 48 are needed"),
        (to_pem(SECRET).replace(b"MC4C", b"M!4C"), "not base64"),
        (b"\xff" * 90, "not a private key in PEM"),
    ],
)
def test_a_file_that_is_no_key_is_refused(content: bytes, words: str) -> None:
    """With the reason in words."""
    with pytest.raises(ValueError, match=words):
        from_pem(content)


def test_text_of_a_key_has_one_way_to_be_written() -> None:
    """Two spellings of one key would be two keys to whoever compares text."""
    text = to_text(PUBLIC)
    assert from_text(text, 32) == PUBLIC
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = text[:-2] + last[last.index(text[-2]) + 1] + "="
    with pytest.raises(ValueError, match="in one way only"):
        from_text(other, 32)


def test_the_payload_is_json_that_anybody_can_make() -> None:
    """Sorted keys, no spaces."""
    content = head_bytes("n", Head(1, "00"))
    payload = content[content.index(b"{") :]
    assert (
        payload == json.dumps(json.loads(payload), sort_keys=True, separators=(",", ":")).encode()
    )
