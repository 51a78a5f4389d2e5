"""How many GPUs are committed when: docs/concepts/sla-engine.md, section 2."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.instants import Interval
from gpusla.sla.measure.exact import Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Commitment:
    """From each instant on so many GPUs; instants ascend, and before the first there are none."""

    from_ms: Numbers
    gpus: Numbers

    def at(self, instants_ms: Numbers) -> Numbers:
        """Return how many are committed at instants."""
        gpus = np.concatenate((np.zeros(1, dtype=self.gpus.dtype), self.gpus))
        return gpus[np.searchsorted(self.from_ms, instants_ms, "right")]

    def gpu_ms(self, interval: Interval) -> int:
        """Return what is committed over an interval."""
        if interval.start_ms >= interval.end_ms:
            return 0
        inside = self.from_ms[(self.from_ms > interval.start_ms) & (self.from_ms < interval.end_ms)]
        cuts = np.concatenate(([interval.start_ms], inside, [interval.end_ms]))
        gpus, lengths = self.at(cuts[:-1]), np.diff(cuts)
        return sum(int(n) * int(ms) for n, ms in zip(gpus, lengths, strict=True))


def commitment(contract: ContractVersion) -> Commitment:
    """Return the contract's commitment: its ramp within its term."""
    term, timezone = contract.term, contract.term.timezone
    steps = {
        start_of_day_ms(max(step.start, term.start), timezone): step.gpus
        for step in contract.capacity.ramp
        if step.start <= term.end
    }
    steps[start_of_day_ms(term.end + timedelta(days=1), timezone)] = 0
    return Commitment(
        np.array(list(steps), dtype=np.int64), np.array(list(steps.values()), dtype=np.int64)
    )
