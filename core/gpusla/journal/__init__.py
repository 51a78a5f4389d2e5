"""
The journal: an agent's append-only, hash-chained record of what it saw.

`model` says what a record is, `codec` turns it into canonical bytes and back, `chain` checks that
records follow one another.  `gpusla.timeline.fold` turns records into state spans.
"""
