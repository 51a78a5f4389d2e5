"""
Whether one customer is served worse than another: an auditor's report, and verdicts without names.

`queue` finds who was passed over, `pain` what shared incidents did to whom, `service` the ratios,
`permutation` whether chance explains a difference, `terms` whose terms are better; `report` puts
them together for an auditor, `verdict` for one tenant, `commitment` binds both to their inputs.
"""
