"""What each condition of a timeline counts for in each bound, as integers out of a scale."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from gpusla.catalogue.reasons import State
from gpusla.contracts.promises import Degraded, UnknownPolicy
from gpusla.journal.model import Condition
from gpusla.sla.measure.exact import Mask, Numbers, common_denominator


class Bound(IntEnum):
    """Whose doubt it is: low takes every doubt against the provider, high for it."""

    LOW = 0
    VALUE = 1
    HIGH = 2


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """
    By the number of a condition: its level in each bound, out of scale, and whether it is unknown.

    up: whether settle starts after it where it ends: 0 or 1 in each bound.
    """

    scale: int
    levels: tuple[Numbers, Numbers, Numbers]
    up: tuple[Numbers, Numbers, Numbers]
    is_unknown: Mask


def delivered_table(
    conditions: tuple[Condition, ...], degraded: Degraded, policy: UnknownPolicy, kind: type
) -> Table:
    """Return what counts as delivered of a slot in each condition."""
    scale = scale_of(degraded)
    levels = [_delivered(condition, degraded, scale) for condition in conditions]
    return _table(conditions, levels, scale, policy, kind)


def conforming_table(
    conditions: tuple[Condition, ...], failing: tuple[str, ...], policy: UnknownPolicy, kind: type
) -> Table:
    """Return whether a slot in each condition performs as promised: 1 or 0."""
    levels = [_conforms(condition, frozenset(failing)) for condition in conditions]
    return _table(conditions, levels, 1, policy, kind)


def scale_of(degraded: Degraded) -> int:
    """Return the smallest number that makes every delivered fraction whole."""
    return common_denominator([degraded.default, *degraded.by_reason.values()])


def _table(
    conditions: tuple[Condition, ...],
    levels: list[int],
    scale: int,
    policy: UnknownPolicy,
    kind: type,
) -> Table:
    """Return the table; levels is of the conditions that were observed, whatever of the others."""
    is_unknown = np.array([c.state is State.UNKNOWN for c in conditions], dtype=np.bool_)
    is_up = np.array([c.state is not State.DOWN for c in conditions], dtype=np.int64)
    known: Numbers = np.array(levels, dtype=kind)
    unknown_value = scale if policy is UnknownPolicy.TENANT_BEARS else 0
    low: Numbers = np.where(is_unknown, 0, known).astype(kind)
    value: Numbers = np.where(is_unknown, unknown_value, known).astype(kind)
    high: Numbers = np.where(is_unknown, scale, known).astype(kind)
    return Table(scale, (low, value, high), (is_up * ~is_unknown, is_up, is_up), is_unknown)


def _delivered(condition: Condition, degraded: Degraded, scale: int) -> int:
    match condition.state:
        case State.OK:
            return scale
        case State.DEGRADED:
            reasons = tuple(finding.reason for finding in condition.findings)
            return int(degraded.fraction(reasons) * scale)
        case State.DOWN | State.UNKNOWN:
            return 0


def _conforms(condition: Condition, failing: frozenset[str]) -> int:
    is_judged = condition.state in {State.DOWN, State.DEGRADED}
    return int(not (is_judged and any(finding.reason in failing for finding in condition.findings)))
