"""Fakes that satisfy the product's ports; the tests' only stand-ins."""

from dataclasses import dataclass


@dataclass(slots=True)
class FakeClock:
    """
    A `gpusla.clock.Clock` whose time passes only when somebody waits or moves it.

    now_ms: wall time.  booted_ms: wall time at which its monotonic time was zero.
    """

    now_ms: int = 1_782_882_000_000  # 2026-07-01T05:00:00Z
    booted_ms: int = 1_782_000_000_000

    def wall_ms(self) -> int:
        """Return the wall time in milliseconds since 1970-01-01T00:00:00Z."""
        return self.now_ms

    def monotonic_ms(self) -> int:
        """Return milliseconds since the machine was booted."""
        return self.now_ms - self.booted_ms

    def sleep(self, seconds: float) -> None:
        """Wait: time passes at once."""
        self.now_ms += round(seconds * 1000)

    def step(self, by_ms: int) -> None:
        """Step the wall time and leave the monotonic time alone, as an administrator does."""
        self.now_ms += by_ms
        self.booted_ms += by_ms
