"""
From journal records to a timeline without gaps: one for each slot, to the millisecond.

`model` says what a span is, `fold` makes spans of records, `intervals` is the algebra, `build`
makes the timeline.
"""
