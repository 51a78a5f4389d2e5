"""The collector's databases, store and records, for threats to them."""

from tests.collector.conftest import (  # noqa: F401  (fixtures)
    any_database,
    database,
    empty_database,
    empty_postgresql,
    lease,
    postgresql,
    postgresql_database,
    postgresql_name,
    store,
)
from tests.collector.fsck_ground import ground, records  # noqa: F401  (fixtures)
