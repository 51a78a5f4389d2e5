"""
From readings to the condition of each slot: pure rules, with all they remember passed in and out.

`judge` is the whole of it; `locate` says which GPU sits in which slot.  `profiles` is what a kind
of GPU is sold with, `fabric` and `xids` are tables of the driver's codes, `memory` is what lasts
from one pass to the next.
"""

from gpusla.health.fabric import is_fabric_healthy
from gpusla.health.judge import judge
from gpusla.health.location import locate
from gpusla.health.memory import Memory, SlotMemory
from gpusla.health.profiles import PROFILES, Profile, profile_of
from gpusla.health.verdict import Graded, Judged, Role

__all__ = [
    "PROFILES",
    "Graded",
    "Judged",
    "Memory",
    "Profile",
    "Role",
    "SlotMemory",
    "is_fabric_healthy",
    "judge",
    "locate",
    "profile_of",
]
