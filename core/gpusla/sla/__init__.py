"""
The judgement: facts and a contract version in, figures and money out, exact to the last unit.

`periods` gives the billing months, `facts` what goes in, `levels` how much of each slot counts,
`sweep` adds that up over all slots at once, `credits` turns it into money, `evaluate` is the door.
"""
