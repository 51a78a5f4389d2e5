"""
What is still to come of a period: the budget, the burn, the moment of certain breach, the money.

`thresholds` says how much may be lost before a promise is missed, `commitment` what is owed until
the end, `burn` how fast a budget goes, `approach` when a threshold is reached, `stakes` what that
costs; `outlook` is the door.
"""
