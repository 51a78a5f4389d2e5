"""Finds where the agent itself took no sample for longer than one speaks, and why."""

from gpusla.journal.model import Gap, GapCause, Instant


class Gaps:
    """
    Watches one life of the agent, pass by pass; all times are monotonic.

    valid_ms: how long a sample speaks for the time after it.
    """

    def __init__(self, valid_ms: int) -> None:
        self._valid_ms = valid_ms
        self._began_ms = 0
        self._has_failed = self._is_under_way = False

    def begin(self, now_ms: int) -> None:
        """Say that a pass begins; the one before has failed if it did not end."""
        self._has_failed |= self._is_under_way
        self._is_under_way = True
        self._began_ms = now_ms

    def end(self, at: Instant, last_ms: int | None) -> Gap | None:
        """
        Say that the pass ends with a sample at this instant, and return the gap before it.

        last_ms: when the sample before it was taken, None if there was none in this life.
        """
        began_ms, has_failed = self._began_ms, self._has_failed
        self._has_failed = self._is_under_way = False
        if last_ms is None or at.mono_ms - last_ms <= self._valid_ms:
            return None
        cause = GapCause.NOT_SCHEDULED
        if has_failed:
            cause = GapCause.STEP_FAILED
        elif at.mono_ms - began_ms >= began_ms - last_ms:
            cause = GapCause.SOURCE_SLOW
        return Gap(at, last_ms, at.mono_ms, cause.value)
