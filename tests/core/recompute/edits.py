"""An honest bundle with something changed and sealed anew, and what recomputing it comes to."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from gpusla.journal.hours import HourBlock, HourSpan
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import Recomputed, recompute
from gpusla.sla.digest import canonical
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla.statement import to_json
from tests.core.recompute.bundles import Parts, honest, members, node, resigned


def outcome(parts: Parts) -> Recomputed:
    """What recomputing comes to, from the bundle's bytes alone."""
    return recompute(Bundle(members(parts.write())), lambda _: None)


def with_facts(change: Callable[[Any], None]) -> Parts:
    """The bundle with changed facts; everything is sealed anew."""
    data = json.loads(facts_to_json(honest().facts))
    change(data)
    return replace(honest(), facts_bytes=canonical(data))


def with_block(tray: int, change: Callable[[HourSpan], HourSpan]) -> Parts:
    """The bundle with changed spans of a node, whose own key signs every block anew."""

    def block(one: HourBlock) -> HourBlock:
        return replace(
            one, spans={slot: tuple(map(change, spans)) for slot, spans in one.spans.items()}
        )

    lines = resigned(honest().hours[node(tray)], tray, block)
    return replace(honest(), hours={**honest().hours, node(tray): lines})


def with_statement(path: tuple[str | int, ...], value: Any) -> Parts:
    """The bundle with one value of its statement changed, its digest made anew."""
    data = json.loads(to_json(honest().statement))
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    data["evaluation_digest"] = hashlib.sha256(canonical(data["evaluation"])).hexdigest()
    return replace(honest(), statement_bytes=canonical(data))
