"""A month is settled only by what is in force: not after a reading of the files that broke off."""

import pytest

from gpusla.catalogue.codes import STORE_UNAVAILABLE
from gpusla.errors import StoreError
from gpusla.ledger.entries import Status
from gpusla_collector.ports import ContractFile, Lease
from tests.collector.memory_store import MemoryStore
from tests.collector.site import ONE_TRAY, contract_text
from tests.collector.stage import AUGUST_MS, DAY_MS, START_MS, Stage


class FailingStore(MemoryStore):
    """A store whose disk is full for contracts."""

    is_full = False

    def add_contract(self, lease: Lease, file: ContractFile, now_ms: int) -> None:
        """Take in a version, or fail."""
        if self.is_full:
            raise StoreError(STORE_UNAVAILABLE, "the disk is full")
        MemoryStore.add_contract(self, lease, file, now_ms)


def test_an_amendment_that_could_not_be_taken_in_yet_keeps_its_month_open() -> None:
    """
    An amendment of 15 July cuts the month in two.

    Settled by the version before, the whole month would be posted, and later both parts beside it.
    """
    store = FailingStore()
    stage = Stage(store=store)
    stage.journal().observe(START_MS, AUGUST_MS + 5 * DAY_MS)
    turns = stage.turns()
    stage.clock.now_ms = START_MS + DAY_MS
    assert turns.once()
    text = contract_text(ONE_TRAY[0]).replace("version: 1", "version: 2")
    text = text.replace("effective_from: 2026-07-01", "effective_from: 2026-07-15")
    stage.files.texts["Contract", "contracts/alpha-2026-2.yaml"] = text
    store.is_full = True
    stage.clock.now_ms = AUGUST_MS + 4 * DAY_MS
    turns.lead_turn()
    with pytest.raises(StoreError, match="the disk is full"):
        turns.reload_turn()
    turns.fetch_turn()
    turns.close_turn()
    assert not [e for e in stage.entries() if e.status is Status.POSTED]
    store.is_full = False
    assert turns.once()
    posted = [e.period for e in stage.entries() if e.status is Status.POSTED]
    assert posted == ["2026-07-v1", "2026-07-v2"]
