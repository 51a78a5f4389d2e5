"""
Why committed time was not delivered: one pass in plain Python over what changed, value bound only.

`terms` says on which terms, `slots` what one slot counts for and why not more, `units` what many
slots together miss, `book` how stretches become losses.  docs/concepts/sla-engine.md, sections 3
to 6, defines what is counted; the figures come from `gpusla.sla.measure`, which shares no code with
this, and a test holds the two against each other.
"""
