"""Rows as Parquet: text, 64-bit integers and decimals; no floats."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from gpusla.statement.render.tables import HOURS_PLACES, Columns, Kind

DIGITS = 38
"""Of a decimal, which is what 128 bits hold."""


def to_parquet(table: Columns) -> bytes:
    """Return the file; the same rows give the same bytes with the same version of pyarrow."""
    types: dict[Kind, Any] = {
        Kind.TEXT: pa.string(),
        Kind.WHOLE: pa.int64(),
        Kind.DECIMAL: pa.decimal128(DIGITS, HOURS_PLACES),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in table.columns])
    columns = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    arrays = [
        pa.array(list(cells), field.type) for cells, field in zip(columns, schema, strict=True)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    content: bytes = sink.getvalue().to_pybytes()
    return content
