"""
Whether one customer is served worse than another: an auditor's report, and verdicts without names.

`queue` finds who was passed over, `pain` what shared incidents did to whom, `service` the ratios,
`permutation` whether chance explains a difference, `terms` whose terms are better; `customers` says
who is compared with whom, `report` puts all together for an auditor, `verdict` for one tenant, and
`commitment` binds both to their inputs.
"""
