"""
How far the kernel's log is accounted for in a journal: the cursor of its reader.

The cursor is in the records of Xids themselves, so it is durable exactly when they are, and a kill
at any time counts each record of the log once.  Source: docs/decisions/0073-two-witnesses.md.
"""

from collections import deque
from typing import Any

from gpusla.identity import GpuUuid
from gpusla.journal.body import Body
from gpusla.journal.model import Opaque, XidSeen

UNWITNESSED_MAX = 1_024
"""Xids of one boot that no record of the kernel's log stands for; older ones are forgotten."""


class KernelAccount:
    """
    What the journal holds of the kernel's log, in the boot of its latest record.

    sequence: the highest of a record that an Xid was counted for, None if there is none.
    unwitnessed: GPU, Xid and monotonic milliseconds of what was counted without a record.
    """

    def __init__(self) -> None:
        self.boot = ""
        self.sequence: int | None = None
        self.unwitnessed: deque[tuple[GpuUuid, int, int]] = deque(maxlen=UNWITNESSED_MAX)

    def add(self, body: Body) -> None:
        """Take in a record of the journal."""
        if isinstance(body, Opaque):
            return
        if body.at.boot != self.boot:
            self.boot, self.sequence = body.at.boot, None
            self.unwitnessed.clear()
        if not isinstance(body, XidSeen):
            return
        if body.kernel_sequence is None:
            alone = (body.gpu, body.xid, body.at.mono_ms)
            self.unwitnessed.extend([alone] * min(body.count, UNWITNESSED_MAX))
        else:
            before = -1 if self.sequence is None else self.sequence
            self.sequence = max(before, body.kernel_sequence)

    @classmethod
    def read(cls, content: dict[str, Any]) -> "KernelAccount":
        """Return the account that a checkpoint holds."""
        account = cls()
        account.boot, account.sequence = content["boot"], content["sequence"]
        account.unwitnessed.extend((GpuUuid(gpu), xid, ms) for gpu, xid, ms in content["alone"])
        return account

    def write(self) -> dict[str, Any]:
        """Return the account as a checkpoint holds it."""
        alone = [list(one) for one in self.unwitnessed]
        return {"boot": self.boot, "sequence": self.sequence, "alone": alone}
