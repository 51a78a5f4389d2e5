"""
From spans of state to incidents: one cause and everything that follows from it.

`families` holds the rules as data, `watch` the fold: `fold` takes spans in, `incidents` says what
they come to, `settle` hands over what is finished.  Facts only: what an incident costs is a
question with a price in it (`cost`).  docs/concepts/incidents.md tells the rules in words.
"""

from gpusla.incidents.cost import Lost, cost, share_out
from gpusla.incidents.model import AfterEffect, Incident, Root, Scope, Stretch
from gpusla.incidents.places import Places, places_of
from gpusla.incidents.watch import Settled, Watch, fold, incidents, settle

__all__ = [
    "AfterEffect",
    "Incident",
    "Lost",
    "Places",
    "Root",
    "Scope",
    "Settled",
    "Stretch",
    "Watch",
    "cost",
    "fold",
    "incidents",
    "places_of",
    "settle",
    "share_out",
]
