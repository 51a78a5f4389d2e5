"""
Tells a receiver of everything that was booked, at least once and in the order of booking.

Level-triggered: it looks at what the receiver has not taken and hands it over.  A crash between
taking and remembering sends it again, under the same key.
"""

from dataclasses import dataclass

from gpusla.clock import Clock
from gpusla_collector.ports import Lease, Receiver, Store

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Announcer:
    """What announcing needs."""

    store: Store
    receiver: Receiver
    clock: Clock

    def announce_all(self, lease: Lease) -> int:
        """
        Hand over what was not taken yet; returns how much that was.

        Stops at the first that is not taken, so that nothing overtakes it: raises ServiceError.
        """
        count = 0
        while waiting := self.store.undelivered(self.receiver.name, AT_ONCE):
            for announcement in waiting:
                self.receiver.take(announcement)
                self.store.delivered(
                    lease, self.receiver.name, announcement.key, self.clock.wall_ms()
                )
                count += 1
        return count
