"""
The lines between the agent and its worker, and what both ends make of them.

The agent asks with a line: `s` is a pass; `s 0=ap,2=a` is a pass from which on these places of the
driver's list may be read beyond capacity (a activity, p processes), all others not, `s -` none;
`q` asks only for what happened.  The worker answers with a line of JSON.  A GPU's values stand in
it in the order of their family's names, without the names.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from gpusla.catalogue.consent import Consent
from gpusla_agent.sources.families import (
    FAMILY,
    LINK_BYTES_FIELDS,
    LINK_ERROR_FIELDS,
    LINK_FIELDS,
)

PASS, LAST_WORDS, NO_CONSENT = "s", "q", "-"

_LETTERS = {Consent.ACTIVITY: "a", Consent.PROCESSES: "p"}
"""Consents that a worker needs to know; capacity always holds, names are the agent's to read."""

_CONSENTS = {letter: consent for consent, letter in _LETTERS.items()}
_LINKS = {
    "links": tuple(LINK_FIELDS),
    "link_bytes": tuple(LINK_BYTES_FIELDS),
    "link_errors": tuple(LINK_ERROR_FIELDS),
}

Values = dict[str, tuple[int, Any]]


def consents_line(allowed: Mapping[int, AbstractSet[Consent]]) -> str:
    """Return how a request says what may be read, by place in the driver's list."""
    words = {
        index: "".join(_LETTERS[consent] for consent in sorted(_LETTERS) if consent in consents)
        for index, consents in sorted(allowed.items())
    }
    return ",".join(f"{index}={word}" for index, word in words.items() if word) or NO_CONSENT


def consents_of(line: str) -> dict[int, frozenset[Consent]]:
    """Return what a request says, by place; whoever is not in it: capacity only."""
    if line == NO_CONSENT:
        return {}
    pairs = (word.split("=") for word in line.split(","))
    return {
        int(index): frozenset({Consent.CAPACITY, *(_CONSENTS[letter] for letter in letters)})
        for index, letters in pairs
    }


def unpack(read: Mapping[str, Iterable[Any]]) -> tuple[Values, dict[str, float], set[int]]:
    """Return values by name, seconds by family, and which codes were among the answers."""
    values: Values = {}
    seconds: dict[str, float] = {}
    failed: set[int] = set()
    for family, (microseconds, told, *more) in read.items():
        seconds[family] = microseconds / 1e6
        names = FAMILY[family].values
        if isinstance(told, int):
            failed.add(told)
            values.update(dict.fromkeys(names, (told, None)))
            continue
        codes = more[0] if more else {}
        failed.update(codes.values())
        if family in _LINKS:
            values[names[0]] = (0, _by_link(_LINKS[family], told, codes))
        elif codes:
            for place, (name, value) in enumerate(zip(names, told, strict=True)):
                values[name] = (codes.get(str(place), 0), value)
        else:
            values.update(zip(names, ((0, value) for value in told), strict=True))
    return values, seconds, failed


def _by_link(
    names: tuple[str, ...], told: list[Any], codes: Mapping[str, int]
) -> list[dict[str, list[Any]]]:
    """Return for each link, by name, its code and value."""
    pairs = [[codes.get(str(place), 0), value] for place, value in enumerate(told)]
    starts = range(0, len(pairs), len(names))
    return [dict(zip(names, pairs[at : at + len(names)], strict=True)) for at in starts]
