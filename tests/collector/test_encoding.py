"""What the store writes down it reads back, whatever it is."""

from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.evidence.hour_chain import HourHead
from gpusla.evidence.keyring import NO_KEYS, Keyring, KnownKey
from gpusla.identity import NodeName, Slot
from gpusla.journal.model import ClockState, Condition, Finding, Instant
from gpusla.timeline.fold import Carry, Sample
from gpusla_collector.adapters.sql.encoding import (
    read_carry,
    read_condition,
    read_keyring,
    write_carry,
    write_condition,
)

milliseconds = st.integers(0, 2**53)
words = st.text(max_size=8)
errors = st.none() | milliseconds
slots = st.builds(Slot, *(st.from_regex(r"[a-z0-9]{1,4}", fullmatch=True) for _ in range(4)))
conditions = st.builds(
    Condition,
    st.sampled_from(State),
    st.lists(st.builds(Finding, words, words), max_size=3).map(tuple),
)
# Every field is given, so that a new one that is not written down fails here.
instants = st.builds(
    Instant, words, milliseconds, milliseconds, milliseconds, st.sampled_from(ClockState), errors
)
samples = st.builds(
    Sample,
    at_ms=milliseconds,
    sequence=milliseconds,
    conditions=st.dictionaries(slots, conditions, max_size=3),
    error_ms=errors,
)
carries = st.builds(
    Carry,
    node=st.none() | words.map(NodeName),
    anchor=st.none() | instants,
    valid_ms=milliseconds,
    last=st.none() | samples,
)


@given(carry=carries)
def test_a_carry_comes_back(carry: Carry) -> None:
    """The fold goes on after a restart as if there had been none."""
    assert read_carry(write_carry(carry)) == carry


@given(
    carry=carries,
    keyring=st.builds(
        Keyring,
        keys=st.lists(st.builds(KnownKey, public=words, endorsed_by=words), max_size=3).map(tuple),
        signed=milliseconds,
        signed_by=words,
        hours=st.builds(HourHead, number=milliseconds, digest=words, last_sequence=milliseconds),
    ),
)
def test_a_keyring_comes_back_beside_its_carry(carry: Carry, keyring: Keyring) -> None:
    """A key that was introduced is known after a restart."""
    text = write_carry(carry, keyring)
    assert (read_carry(text), read_keyring(text)) == (carry, keyring)


def test_a_cursor_of_before_there_were_keys_has_none() -> None:
    """It is read as it was written."""
    assert read_keyring(write_carry(Carry())) == NO_KEYS
    assert "keyring" not in write_carry(Carry())


@given(condition=conditions)
def test_a_condition_comes_back(condition: Condition) -> None:
    """With its findings."""
    assert read_condition(write_condition(condition)) == condition


def test_every_field_of_a_sample_and_a_carry_is_tried() -> None:
    """The strategies above name them all."""
    assert set(Sample.__slots__) == {"at_ms", "sequence", "conditions", "error_ms"}
    assert set(Carry.__slots__) == {"node", "anchor", "valid_ms", "last"}
