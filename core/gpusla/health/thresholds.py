"""
Every figure that a rule of health compares with, and where it is from.

"Ours" marks a figure that nobody publishes; it was chosen so that a healthy GPU of the public
captures stays far from it.  What a kind of GPU is sold with stands in `profiles`.
"""

EVIDENCE_MAX = 200
"""Characters of evidence that a finding may have; the driver's own words have no bound.  Ours."""

MEMORY_TOLERANCE_PERCENT = 1
"""How much memory may be missing: drivers differ by a few MiB, a lost stack by far more.  Ours."""

POWER_LIMIT_TOLERANCE_WATTS = 0.5
"""The driver gives milliwatts; a limit is set in whole watts."""

POWER_LIMIT_STEP_WATTS = 50
"""A limit that the platform moves is shown in these steps, or every sample would tell another."""

LINK_SPEED_TOLERANCE_PERCENT = 1
"""The driver rounds to whole megabytes a second.  Ours."""

CLOCK_FLOOR_PERCENT = 50
"""
Share of the highest clock that a working GPU must reach where no cause for less is named.

Nobody publishes a floor; under power and thermal limits the driver names the cause.  Ours.
"""

UTILIZATION_HIGH_RATIO = 0.9
SM_ACTIVE_HIGH_RATIO = 0.5
"""From here on a GPU counts as working: one of the two is enough.  Ours."""

HOLD_MS = 30_000
"""A slowdown is over when it was not seen for this long; it flickers at the edge of its limit."""

ONSET_MS = 30_000
"""Low clocks and a low PCIe generation must last so long under load; both need time to rise."""

ADVICE_MS = 600_000
"""How long an event's action is asked for, and an event that nobody knows is shown.  Ours."""

WINDOW_MS = 5_000
"""Events so close together are taken as one happening; the catalogue's tools use the same."""

WINDOW_MEMORY_MS = 2 * WINDOW_MS
"""How long an event is remembered as company for later ones; the log may lag behind NVML."""

MOST_RATIO = 0.5
"""A happening on more than this share of a node's GPUs is on most of them."""

CORRECTED_ERRORS_PER_MINUTE = 6_000
"""
Corrected memory errors in one minute that are a storm: 100 a second.

A GB200 with 17,700 a second held up its monitoring for 45 seconds a call (DCGM issue 313); healthy
GPUs count a few a day.  Ours, in between.
"""

RECOVERIES_PER_TEN_MINUTES = 10
"""
NVLink recoveries of one GPU that are a sign.

One link of a GB200 had 505 of them before it went down (marin issues 8934, 9086).  Ours.
"""

HOLDS_MAX = 16
"""Findings that a slot holds at once; a storm of unknown numbers must not fill the memory."""

RECENT_MAX = 256
"""Events that a node remembers as company for later ones."""
