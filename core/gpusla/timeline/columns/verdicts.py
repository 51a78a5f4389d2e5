"""What several claims about the same pieces of time come to, for very many pieces at once."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from gpusla.catalogue.reasons import State
from gpusla.timeline.columns.claims import WITNESSES
from gpusla.timeline.columns.model import NONE, Integers
from gpusla.timeline.columns.table import BY_SEVERITY, Table, numbered
from gpusla.timeline.witnesses import disputed

Mask: TypeAlias = NDArray[np.bool_]

UNKNOWN = BY_SEVERITY.index(State.UNKNOWN)

# What a state allows, as one bit for each known state, the worst one highest; unknown allows all.
_KNOWN = [state for state in BY_SEVERITY if state is not State.UNKNOWN]
_ALL = (1 << len(_KNOWN)) - 1
_ALLOWS = np.array(
    [_ALL if state is State.UNKNOWN else 1 << _KNOWN.index(state) for state in BY_SEVERITY],
    dtype=np.int64,
)
_WORST = np.array([(1 << mask.bit_length()) >> 1 for mask in range(_ALL + 1)], dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Verdicts:
    """Condition, other and clock error of claims, or of what they come to; all of one shape."""

    condition: Integers
    other: Integers
    error_ms: Integers

    def where(self, mask: Mask | Integers) -> "Verdicts":
        """Return some of them."""
        return Verdicts(self.condition[mask], self.other[mask], self.error_ms[mask])

    def with_(self, mask: Mask, others: "Verdicts") -> "Verdicts":
        """Return these with others in their places."""
        columns = []
        for column, values in zip(self.columns, others.columns, strict=True):
            changed = column.copy()
            changed[mask] = values
            columns.append(changed)
        return Verdicts(*columns)

    @property
    def columns(self) -> tuple[Integers, Integers, Integers]:
        """All three."""
        return self.condition, self.other, self.error_ms

    def and_(self, more: "Verdicts") -> "Verdicts":
        """Return these and then some more."""
        return Verdicts(
            np.concatenate((self.condition, more.condition)),
            np.concatenate((self.other, more.other)),
            np.concatenate((self.error_ms, more.error_ms)),
        )


def worst(table: Table, group: Integers, claims: Verdicts) -> Verdicts:
    """
    Return what claims of one party come to, as `gpusla.timeline.claims.worst` says it.

    group: of each claim, sorted, from 0 without gaps.
    """
    if len(group) == 0 or group[-1] + 1 == len(group):
        return claims
    is_agreed, agreed = agreeing(group, claims)
    if is_agreed.all():
        return agreed
    rest, group = split(is_agreed, group)
    return agreed.with_(~is_agreed, _worst(table, group, claims.where(rest)))


def _worst(table: Table, group: Integers, claims: Verdicts) -> Verdicts:
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    state = table.states(claims.condition)
    is_counted = state == np.maximum.reduceat(state, first)[group]
    condition = table.together(group[is_counted], claims.condition[is_counted], len(first))
    has_other = claims.other != NONE
    others = np.concatenate((claims.condition[~is_counted], claims.other[has_other]))
    of_group = np.concatenate((group[~is_counted], group[has_other]))
    is_else = others != condition[of_group]
    other = table.widest(of_group[is_else], others[is_else], len(first))
    return Verdicts(condition, other, _worst_error(claims.error_ms, first))


def agreeing(group: Integers, claims: Verdicts) -> tuple[Mask, Verdicts]:
    """
    Return which groups have only claims that say the same, and what each group's first one says.

    The clock error is that of the whole group.
    """
    first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
    says = claims.where(first)
    differs = (claims.condition != says.condition[group]) | (claims.other != says.other[group])
    is_agreed = ~np.logical_or.reduceat(differs, first)
    return is_agreed, Verdicts(says.condition, says.other, _worst_error(claims.error_ms, first))


def split(is_agreed: Mask, group: Integers) -> tuple[Mask, Integers]:
    """Return the rows of groups that do not agree, and these rows' groups counted anew."""
    rest = ~is_agreed[group]
    return rest, (np.cumsum(~is_agreed) - 1)[group[rest]]


def _worst_error(error_ms: Integers, first: Integers) -> Integers:
    least, most = (reduce.reduceat(error_ms, first) for reduce in (np.minimum, np.maximum))
    return np.where(least == NONE, NONE, most)


def between(table: Table, claims: Verdicts) -> Verdicts:
    """
    Return what witnesses come to, as `gpusla.timeline.witnesses.between` says it.

    claims: one row for each piece, one column for each of WITNESSES; the condition is NONE where a
    witness has no record.
    """
    is_known = (claims.condition != NONE) & (table.states(claims.condition) != UNKNOWN)
    is_told = is_known.any(axis=1)
    silent = claims.where(~is_told)
    is_there = silent.condition != NONE
    unknown = worst(table, np.nonzero(is_there)[0], silent.where(is_there))
    told = _told(table, claims.where(is_told), is_known[is_told])
    if is_told.all():
        return told
    rows = np.argsort(np.concatenate((np.flatnonzero(is_told), np.flatnonzero(~is_told))))
    return told.and_(unknown).where(rows)


def _told(table: Table, claims: Verdicts, is_known: Mask) -> Verdicts:
    """Return what pieces come to of which at least one witness claims to know the state."""
    has_other = claims.other != NONE
    is_speaking = is_known | has_other
    counts = np.where(is_known, _ALLOWS[table.states(claims.condition)], 0)
    besides = np.where(has_other, _ALLOWS[table.states(claims.other)], 0)
    allows = np.where(is_known, counts | besides, _ALL)
    common = np.bitwise_and.reduce(allows, axis=1)
    counted = np.bitwise_or.reduce(counts, axis=1) & common
    state = _WORST[np.where(counted == 0, common, counted)]
    says = is_known & (counts == state[:, None])
    says_besides = has_other & (besides == state[:, None]) & ~says.any(axis=1)[:, None]
    pieces, rows = len(claims.condition), (np.nonzero(says), np.nonzero(says_besides))
    condition = table.together(
        np.concatenate((rows[0][0], rows[1][0])),
        np.concatenate((claims.condition[says], claims.other[says_besides])),
        pieces,
    )
    is_disputed = common == 0
    condition[is_disputed] = _disputed(table, claims.where(is_disputed), is_speaking[is_disputed])
    other = _alternatives(table, claims, is_speaking, condition)
    other[is_disputed] = NONE
    errors = np.where(is_speaking, claims.error_ms, 0)
    is_unsure = (errors == NONE).any(axis=1)
    return Verdicts(condition, other, np.where(is_unsure, NONE, errors.max(axis=1)))


def _alternatives(
    table: Table, claims: Verdicts, is_speaking: Mask, condition: Integers
) -> Integers:
    """Return what pieces may have been instead; silence only where no witness claims throughout."""
    has_other = is_speaking & (claims.other != NONE)
    state, beside = table.states(claims.condition), table.states(claims.other)
    is_else = is_speaking & (state != table.states(condition)[:, None])
    is_throughout = is_speaking & (state != UNKNOWN) & (~has_other | (beside != UNKNOWN))
    keeps_silence = ~is_throughout.any(axis=1)[:, None]
    is_else &= keeps_silence | (state != UNKNOWN)
    has_other &= keeps_silence | (beside != UNKNOWN)
    group = np.concatenate((np.nonzero(is_else)[0], np.nonzero(has_other)[0]))
    others = np.concatenate((claims.condition[is_else], claims.other[has_other]))
    differs = others != condition[group]
    return table.widest(group[differs], others[differs], len(condition))


def _disputed(table: Table, claims: Verdicts, is_speaking: Mask) -> Integers:
    """Return the conditions of pieces about which witnesses contradict each other."""
    said = np.concatenate(
        [np.where(is_speaking, one, NONE) for one in (claims.condition, claims.other)], axis=1
    )
    first, place = numbered(*said.T)
    kinds, conditions = said[first], table.conditions
    numbers = [
        table.number(
            disputed(
                (witness, conditions[one], None if other == NONE else conditions[other])
                for witness, one, other in zip(
                    WITNESSES, kind, kind[len(WITNESSES) :], strict=False
                )
                if one != NONE
            )
        )
        for kind in kinds.tolist()
    ]
    return np.array(numbers, dtype=np.int64)[place]
