"""
The journal on disk: one writer, chained records, nothing acknowledged before it is synced.

`segments` is files and lines, `tally` is what the records add up to, `signing` is when their end is
signed, `recorder` is the writer.
"""

from gpusla_agent.recorder.recorder import Recorder
from gpusla_agent.recorder.retention import Retention
from gpusla_agent.recorder.segments import Disk
from gpusla_agent.recorder.signing import Signer
from gpusla_agent.recorder.values import ClockReading, RecorderHealth

__all__ = ["ClockReading", "Disk", "Recorder", "RecorderHealth", "Retention", "Signer"]
