"""Both sides sign what a contract says, not how its file is laid out."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gpusla.contracts.load import load_contract
from gpusla.contracts.signing import decode, signed_bytes
from gpusla.documents import Document, parse

TEXT = (Path(__file__).parent / "acme.yaml").read_text("utf-8")


def document(text: str) -> Document:
    """A parsed file."""
    return parse(text.encode("utf-8"), "acme.yaml")


def test_the_signed_bytes_of_a_small_file_are_these() -> None:
    """Sorted, without spaces, numbers with a point as text, and told what they are."""
    text = "b: [1, 0.99, true, ~]\na: {d: '\u00e4', c: \"x\"}\nsignatures: [1]\n"
    assert signed_bytes(document(text)) == (
        b'{"contract":{"a":{"c":"x","d":"\\u00e4"},"b":[1,"0.99",true,null]},'
        b'"format":"gpusla/contract/1"}'
    )


def test_comments_quotes_and_order_are_not_signed() -> None:
    """A file that was laid out anew still carries the signatures of the old one."""
    anew = json.dumps(document(TEXT).data, indent=1)
    assert signed_bytes(document(anew)) == signed_bytes(document(TEXT))
    assert signed_bytes(document("# signed\n" + TEXT)) == signed_bytes(document(TEXT))


def test_every_term_is_signed() -> None:
    """One digit more or less of any value changes the bytes."""
    before = signed_bytes(document(TEXT))
    for old, new in (('"0.99"', '"0.98"'), ("2026-09-01", "2026-09-02"), ("gpus: 72", "gpus: 73")):
        assert signed_bytes(document(TEXT.replace(old, new, 1))) != before


def test_a_file_signed_by_both_sides_says_what_they_signed() -> None:
    """The signatures hold for the file that carries them, and for no other."""
    keys = {party: Ed25519PrivateKey.generate() for party in ("provider", "tenant")}
    message = signed_bytes(document(TEXT))
    rows = "".join(
        f"  - {{party: {party}, key: {_text(key.public_key().public_bytes_raw())},"
        f" signature: {_text(key.sign(message))}}}\n"
        for party, key in keys.items()
    )
    signed = f"{TEXT}signatures:\n{rows}"
    contract = load_contract(signed.encode("utf-8"), "acme.yaml")
    again = signed_bytes(document(signed))
    for one in contract.signatures:
        public = keys[one.party].public_key()
        assert decode(one.key, 32) == public.public_bytes_raw()
        public.verify(decode(one.signature, 64), again)
        with pytest.raises(InvalidSignature):
            public.verify(decode(one.signature, 64), again.replace(b'"gpus":72', b'"gpus":73'))


def test_signatures_are_part_of_the_digest() -> None:
    """A signed file is another file than the unsigned one."""
    key = _text(bytes(32))
    row = f"signatures: [{{party: tenant, key: {key}, signature: {_text(bytes(64))}}}]\n"
    unsigned = load_contract(TEXT.encode("utf-8"), "acme.yaml")
    signed = load_contract(f"{TEXT}{row}".encode(), "acme.yaml")
    assert signed.digest != unsigned.digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("AQ", "this is not base64"),
        ("AQ==\n", "this is not base64"),
        ("AR==", "this is not base64 as it is written in one way only"),
        ("AQE=", "this has 2 bytes and 1 are needed"),
        ("\u00e4", "this is not base64"),
    ],
)
def test_what_is_no_base64_of_that_length_is_refused(text: str, words: str) -> None:
    """One way to write each key, so that two texts are two keys."""
    with pytest.raises(ValueError, match=f"^{words}$"):
        decode(text, 1)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")
