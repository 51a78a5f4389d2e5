"""
Fuzzing: whatever reads what strangers write, fed with what nobody would write.

`./run fuzz` lists the targets.  Each is a module of its own with the same four names (`Target`);
tests/fuzz runs the same checks with Hypothesis for a moment in every `./run test`.
"""
