"""
From a bundle to the same dollars: what the nodes signed, judged once more.

`bundle` reads the members, `rebuild` makes the timeline of their blocks, `left_out` counts what of
them nobody judged, `compare` holds the timeline against the facts that were judged, `figures`
judges them and holds every figure against the statement, `entries` does so with what is booked,
`report` says what came out.  Whether anything was changed since it was signed is another question,
and `gpusla.verify` answers it.
"""
