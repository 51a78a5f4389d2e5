"""
From readings to the condition of each slot: pure rules, with all they remember passed in and out.

`judge` is the whole of it.  One idea a file: `location` which GPU sits in which slot; `presence`
whether it is there and answers; `recovery` what the driver asks for; `whole` and `fabric` whether
it is what its kind (`profiles`) is sold with; `conditions` links, lanes and memory under repair;
`slowdowns` what slows it for a time; `watches` counters whose rate is judged; `resets` what ends an
error.  Xids: `decode` reads register words, `grade` judges an error by itself, `company` among
others, `events` all of a pass; `explain` says it in words.  `thresholds` holds every figure that is
compared with, `memory` what lasts from one pass to the next.
"""

from gpusla.health.fabric import is_fabric_healthy
from gpusla.health.grade import Effect, Grade, grade
from gpusla.health.judge import judge
from gpusla.health.location import locate
from gpusla.health.memory import Memory, SlotMemory
from gpusla.health.profiles import PROFILES, Profile, profile_of
from gpusla.health.verdict import Graded, Judged, Role

__all__ = [
    "PROFILES",
    "Effect",
    "Grade",
    "Graded",
    "Judged",
    "Memory",
    "Profile",
    "Role",
    "SlotMemory",
    "grade",
    "is_fabric_healthy",
    "judge",
    "locate",
    "profile_of",
]
