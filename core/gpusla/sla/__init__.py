"""
The judgement: facts and a contract version in, figures and money out, exact to the last unit.

`evaluate` is the door.  `periods`, `fees`, `claims` and `exclusions` read the calendar and the
records; `measure` adds up what was lost, with bounds; `values` and `credits` say what one objective
makes of that, `combine` what all of them come to; `losses` and `events` tell why.  `evaluation`
holds the shapes of all figures, `digest` gives them one name, `worked` checks a contract's own
examples.  docs/concepts/sla-engine.md defines what everything means.
"""
