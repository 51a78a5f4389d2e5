"""For how long agents have been asked without a break; before it nobody waited for them."""

from dataclasses import dataclass


@dataclass(slots=True)
class Asking:
    """
    Rounds of asking all agents, as far as they were noted.

    pause_ms: more than that between two rounds is a break.  A process that stood still, could not
    reach its database or did not lead has not tried to get what is missing meanwhile.
    """

    pause_ms: int
    _since_ms: int | None = None
    _last_ms: int | None = None

    def tried_ms(self, asked_ms: int) -> int:
        """
        Note a round, and return for how long agents have been asked without a break.

        asked_ms: when the last whole round began; a clock that was set back is a break too.
        """
        since_ms, last_ms = self._since_ms, self._last_ms
        if since_ms is None or last_ms is None or not 0 <= asked_ms - last_ms <= self.pause_ms:
            since_ms = asked_ms
        self._since_ms, self._last_ms = since_ms, asked_ms
        return asked_ms - since_ms

    def interrupt(self) -> None:
        """Note that what was asked for may not have been kept."""
        self._since_ms = self._last_ms = None
