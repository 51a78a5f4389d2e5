"""
The month as SQL in DuckDB over one row a GPU and minute: `python on_duckdb.py SAMPLES`.

Runs by itself in the bench's environment, which has DuckDB and nothing of ours.  Prints JSON.
"""

import json
import sys
import time
from typing import Any

import duckdb  # type: ignore[import-not-found]  # the bench's own environment has it
import numpy as np

MINUTE_MS = 60_000
TABLES = {
    "samples": "CREATE TABLE samples (minute INTEGER, gpu SMALLINT, ok TINYINT)",
    "counts": "CREATE TABLE counts (minute INTEGER, rack SMALLINT, counts TINYINT)",
}
INSERTS = {
    "samples": "INSERT INTO samples SELECT minute, thing, value FROM one",
    "counts": "INSERT INTO counts SELECT minute, thing, value FROM one",
}

# A sample stands for the minute that begins with it, which is the best that can be made of it.
QUERY = """
WITH racks AS (
  SELECT minute, gpu // 72 AS rack, sum(ok) AS healthy
  FROM samples GROUP BY ALL
)
SELECT
  sum(72 * 60) AS total,
  sum(CASE WHEN healthy >= 64 THEN healthy ELSE 0 END * 60) AS delivered
FROM racks JOIN counts USING (minute, rack)
WHERE counts.counts = 1 AND minute >= ? AND minute < ?
"""


def main() -> int:
    """Load the samples, ask, and print what it took and gave."""
    with np.load(sys.argv[1]) as stored:
        first_ms, start_ms, end_ms = (int(number) for number in stored["times"])
        states, counts = stored["states"], stored["counts"]
    window = tuple((at_ms - first_ms) // MINUTE_MS for at_ms in (start_ms, end_ms))
    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    started = time.perf_counter()
    _load(connection, "samples", states)
    _load(connection, "counts", counts)
    loaded = time.perf_counter()
    total, delivered = connection.execute(QUERY, window).fetchall()[0]
    asked = time.perf_counter()
    found = {
        "version": duckdb.__version__,
        "rows": int(states.size),
        "load_seconds": round(loaded - started, 2),
        "query_seconds": round(asked - loaded, 3),
        "total_gpu_seconds": int(total),
        "delivered_gpu_seconds": int(delivered),
    }
    print(json.dumps(found))
    return 0


def _load(connection: Any, table: str, states: Any) -> None:
    """Make a long table of a matrix, row by row, so that little is held twice."""
    connection.execute(TABLES[table])
    minute = np.arange(states.shape[1], dtype=np.int32)
    for number, row in enumerate(states):
        thing = np.full(len(row), number, dtype=np.int16)
        connection.register("one", {"minute": minute, "thing": thing, "value": row.view(np.int8)})
        connection.execute(INSERTS[table])
        connection.unregister("one")


if __name__ == "__main__":
    sys.exit(main())
