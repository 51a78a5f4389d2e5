"""
A fleet on paper: what goes wrong with which slot and when, what that looks like, and the truth.

`profile` is a GB300 in figures, `faults` what can go wrong, `scenario` when it does, `plan` draws
one from a seed, `telemetry` is the readings of a working GPU over time, and `truth` is the answer
that the judging code must find.  Truth shares no code with what judges: it imports neither
timeline, health, contracts nor sla, so that both cannot be wrong in the same way.
"""
