"""
The journal on disk: one writer, chained records, nothing acknowledged before it is synced.

`segments` is files and lines, `tally` is what the records add up to, `recorder` is the writer.
"""

from gpusla_agent.recorder.recorder import ClockReading, Recorder, RecorderHealth
from gpusla_agent.recorder.segments import Disk

__all__ = ["ClockReading", "Disk", "Recorder", "RecorderHealth"]
