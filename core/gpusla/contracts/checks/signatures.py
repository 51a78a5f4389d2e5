"""Signatures: each side once, with a key of its own."""

from gpusla.catalogue.codes import DUPLICATE_ID, WRONG_TYPE
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.signing import KEY_BYTES, SIGNATURE_BYTES, decode
from gpusla.documents import Document


def check_signatures(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a signature that cannot be one."""
    for number, one in enumerate(form.signatures):
        path: Path = ("signatures", number)
        for key, text, length_bytes in (
            ("key", one.key, KEY_BYTES),
            ("signature", one.signature, SIGNATURE_BYTES),
        ):
            try:
                decode(text, length_bytes)
            except ValueError as cause:
                raise refuse(
                    document,
                    (*path, key),
                    WRONG_TYPE,
                    str(cause),
                    f"Write {length_bytes} bytes in base64.",
                ) from cause
        for earlier in form.signatures[:number]:
            if one.party == earlier.party:
                raise refuse(
                    document,
                    (*path, "party"),
                    DUPLICATE_ID,
                    f"the {one.party} signs twice",
                    "Keep one signature of each side.",
                )
            if one.key == earlier.key:
                raise refuse(
                    document,
                    (*path, "key"),
                    DUPLICATE_ID,
                    "both sides sign with the same key",
                    "Let each side sign with its own.",
                )
