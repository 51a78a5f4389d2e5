"""All that a record of this version can say."""

from gpusla.journal.hours import HourClosed
from gpusla.journal.model import (
    ClockStepped,
    ConfigurationChanged,
    Gap,
    GpuChanged,
    HeadSigned,
    KeyIntroduced,
    Observed,
    Occupancy,
    Opaque,
    ReadingsTaken,
    SourceRestarted,
    Started,
    Stopped,
    TailCut,
    XidSeen,
)

Body = (
    Started
    | Stopped
    | Observed
    | Occupancy
    | XidSeen
    | ClockStepped
    | SourceRestarted
    | ConfigurationChanged
    | KeyIntroduced
    | HeadSigned
    | Gap
    | GpuChanged
    | ReadingsTaken
    | TailCut
    | HourClosed
    | Opaque
)
