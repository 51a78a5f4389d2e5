"""Who a GPU serves."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holder:
    """Who a GPU serves; empty text for nobody or not known."""

    contract: str = ""
    tenant: str = ""
