"""The node's key: made once, kept from others, shown, replaced by one that it endorsed."""

import stat
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gpusla.catalogue.codes import NODE_KEY
from gpusla.errors import InputError
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.grades import Checked, check
from gpusla.evidence.keys import fingerprint, to_text
from gpusla.journal.body import Body
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import (
    ClockStepped,
    ConfigurationChanged,
    HeadSigned,
    KeyIntroduced,
    Observed,
    Occupancy,
    SourceRestarted,
    Started,
    Stopped,
    XidSeen,
)
from gpusla_agent.cli import app
from gpusla_agent.evidence import KEY_FILE, NEXT_FILE, NodeKeys
from gpusla_agent.evidence.files import make_key, read_key
from gpusla_agent.evidence.node_keys import prepare_rotation
from tests.agent.journals import FailingDisk
from tests.agent.signed_rig import NODE, SignedRig, one_pass_of
from tests.core.health.gpus import gpu


def checked(rig: SignedRig) -> Checked:
    """Walk the journal with the key enrolled that it introduced first."""
    first = next(body for body in rig.bodies() if isinstance(body, KeyIntroduced))
    return check(NODE, rig.lines(), {first.public})


def unsigned(bodies: list[Body]) -> list[Body]:
    """Return the records that no signature covers."""
    last = max(place for place, body in enumerate(bodies) if isinstance(body, HeadSigned))
    return bodies[last + 1 :]


def test_the_first_start_makes_a_key_and_introduces_it(tmp_path: Path) -> None:
    """In a file for the agent's user alone, and in the journal's second record."""
    rig = SignedRig(tmp_path)
    path = tmp_path / KEY_FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    private = read_key(path)
    assert private is not None
    started, key, head = rig.bodies()
    assert isinstance(started, Started)
    assert isinstance(key, KeyIntroduced)
    assert isinstance(head, HeadSigned)
    assert key.public == to_text(public_of(private))
    assert (key.previous, key.endorsement) == ("", "")
    assert not list(tmp_path.glob(".*"))


def test_the_next_start_keeps_the_key(tmp_path: Path) -> None:
    """And introduces nothing; what the life before left unsigned is signed first of all."""
    rig = SignedRig(tmp_path)
    rig.run(5)
    rig.crash()
    rig.start()
    assert rig.kinds().count(KeyIntroduced) == 1
    assert isinstance(rig.bodies()[-1], HeadSigned)
    assert checked(rig).broken is None


def test_no_record_waits_longer_than_a_minute(tmp_path: Path) -> None:
    """By the monotonic clock, whatever the wall clock does."""
    rig = SignedRig(tmp_path)
    for _ in range(300):
        rig.run(1)
        waiting = unsigned(rig.bodies())
        samples = [body for body in waiting if isinstance(body, Observed)]
        if samples:
            assert rig.clock.mono_ms - samples[0].from_mono_ms < 60_000
    found = checked(rig)
    assert found.broken is None
    heads = rig.kinds().count(HeadSigned)
    assert 5 <= heads <= 8


def test_nothing_is_signed_twice(tmp_path: Path) -> None:
    """No signature follows another."""
    rig = SignedRig(tmp_path)
    rig.run(130)
    kinds = rig.kinds()
    assert (HeadSigned, HeadSigned) not in set(pairwise(kinds))


@pytest.mark.parametrize(
    ("kind", "happen"),
    [
        (ClockStepped, lambda rig: rig.clock.step_ms(3_600_000)),
        (SourceRestarted, lambda rig: rig.source.restart()),
        (Occupancy, lambda rig: rig.source.swap_gpu()),
        (ConfigurationChanged, lambda rig: rig.configuration.change()),
        (KeyIntroduced, lambda rig: prepare_rotation(rig.directory)),
    ],
)
def test_what_happens_to_the_agent_is_signed_with_it(
    tmp_path: Path, kind: type, happen: object
) -> None:
    """In the same write as its own record."""
    rig = SignedRig(tmp_path)
    rig.run(3)
    before = rig.kinds().count(kind)
    happen(rig)  # type: ignore[operator]
    rig.run(1)
    bodies = rig.bodies()
    assert [type(body) for body in bodies].count(kind) == before + 1
    assert kind not in {type(body) for body in unsigned(bodies)}
    assert isinstance(bodies[-1], HeadSigned)


def test_a_stop_is_signed(tmp_path: Path) -> None:
    """The last word of a life closes its block, which is a signed head."""
    rig = SignedRig(tmp_path)
    rig.run(2)
    rig.node.stop("SIGTERM")
    assert rig.kinds()[-2:] == [Stopped, HourClosed]


def test_an_xid_alone_waits_for_its_minute(tmp_path: Path) -> None:
    """A program can make the driver report thousands a second."""
    rig = SignedRig(tmp_path)
    rig.run(2)
    heads = rig.kinds().count(HeadSigned)
    rig.run(5, lambda: one_pass_of(gpu(), 13))
    assert rig.kinds().count(XidSeen) == 5
    assert rig.kinds().count(HeadSigned) == heads


def test_a_key_is_replaced_by_one_that_it_endorses(tmp_path: Path) -> None:
    """While the agent runs; then its file is gone, and the new one signs."""
    rig = SignedRig(tmp_path)
    rig.run(2)
    old = read_key(tmp_path / KEY_FILE)
    new = prepare_rotation(tmp_path)
    rig.run(3)
    assert not (tmp_path / NEXT_FILE).exists()
    assert public_of(read_key(tmp_path / KEY_FILE) or b"") == new
    assert old is not None
    rig.node.stop("test")
    found = check(NODE, rig.lines(), {to_text(public_of(old))})
    assert found.broken is None
    assert found.keyring.known(found.keyring.signed_by) is not None
    assert [key.public for key in found.keyring.keys] == [
        to_text(public_of(old)),
        to_text(new),
    ]
    assert found.keyring.signed_by == found.keyring.keys[1].id


def test_a_kill_between_record_and_file_is_mended(tmp_path: Path) -> None:
    """The journal has the new key, so its file takes the old one's place at the next start."""
    rig = SignedRig(tmp_path)
    new = prepare_rotation(tmp_path)
    rig.run(1)  # recorded and synced; the file is moved at the next pass
    assert (tmp_path / NEXT_FILE).exists()
    rig.crash()
    rig.start()
    assert public_of(read_key(tmp_path / KEY_FILE) or b"") == new
    assert rig.kinds().count(KeyIntroduced) == 2
    assert checked(rig).broken is None


def test_a_kill_before_the_record_rotates_at_the_next_start(tmp_path: Path) -> None:
    """The file waits."""
    rig = SignedRig(tmp_path)
    rig.crash()
    new = prepare_rotation(tmp_path)
    rig.start()
    rig.run(1)
    assert public_of(read_key(tmp_path / KEY_FILE) or b"") == new
    assert checked(rig).broken is None


def test_a_rotation_waits_for_the_disk(tmp_path: Path) -> None:
    """No key comes into force before its record is durable, and it is written once."""
    disk = FailingDisk()
    rig = SignedRig(tmp_path, disk=disk.as_disk())
    rig.run(1)
    prepare_rotation(tmp_path)
    disk.fails_on = {"sync"}
    rig.run(10)
    assert (tmp_path / NEXT_FILE).exists()
    disk.fails_on = set()
    rig.run(2)
    assert not (tmp_path / NEXT_FILE).exists()
    assert rig.kinds().count(KeyIntroduced) == 2
    assert checked(rig).broken is None


def test_a_lost_key_is_replaced_without_its_word(tmp_path: Path) -> None:
    """The journal says so, and only the inventory can speak for the new one."""
    rig = SignedRig(tmp_path)
    rig.crash()
    (tmp_path / KEY_FILE).unlink()
    rig.start()
    first, second = (body for body in rig.bodies() if isinstance(body, KeyIntroduced))
    assert second.previous
    assert second.endorsement == ""
    refused = checked(rig)
    assert refused.broken is not None
    assert check(NODE, rig.lines(), {first.public, second.public}).broken is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    """With the way out."""
    make_key(tmp_path / KEY_FILE)
    (tmp_path / KEY_FILE).chmod(mode)
    with pytest.raises(InputError, match="may be read by others") as caught:
        NodeKeys(tmp_path, NODE)
    assert caught.value.code is NODE_KEY
    assert "mode 0600" in str(caught.value)


def test_a_link_is_no_key(tmp_path: Path) -> None:
    """It could lead to a file of somebody else's."""
    make_key(tmp_path / "elsewhere.pem")
    (tmp_path / KEY_FILE).symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(InputError, match="cannot be opened"):
        NodeKeys(tmp_path, NODE)


def test_a_key_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """Neither a name nor half a file."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / KEY_FILE).mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        make_key(folder / KEY_FILE)
    assert [path.name for path in folder.iterdir()] == [KEY_FILE]


def settings_of(directory: Path) -> Path:
    """Return a settings file."""
    path = directory / "agent.yaml"
    path.write_text(
        "apiVersion: gpusla/v1\nkind: Agent\nnode: c2-r01-t03\ndata_directory: data\n"
        "inventory: inventory.yaml\n"
    )
    (directory / "data").mkdir()
    return path


def test_the_key_is_shown_with_its_line_for_the_inventory(tmp_path: Path) -> None:
    """Nothing secret is."""
    settings = settings_of(tmp_path)
    private = make_key(tmp_path / "data" / KEY_FILE)
    told = CliRunner().invoke(app, ["key", "show", "--config", str(settings)])
    assert told.exit_code == 0
    assert f'keys: ["{to_text(public_of(private))}"]' in told.stdout
    assert fingerprint(public_of(private)) in told.stdout
    assert to_text(private) not in told.stdout


def test_no_key_is_shown_before_the_first_start(tmp_path: Path) -> None:
    """Nor is one made: whoever asks may not be the agent's user."""
    told = CliRunner().invoke(app, ["key", "show", "--config", str(settings_of(tmp_path))])
    assert isinstance(told.exception, InputError)
    assert "the agent makes it at its first start" in str(told.exception)


def test_a_second_rotation_waits_for_the_first(tmp_path: Path) -> None:
    """Only one key can be the next."""
    settings = settings_of(tmp_path)
    make_key(tmp_path / "data" / KEY_FILE)
    first = CliRunner().invoke(app, ["key", "rotate", "--config", str(settings)])
    assert first.exit_code == 0
    second = CliRunner().invoke(app, ["key", "rotate", "--config", str(settings)])
    assert isinstance(second.exception, InputError)
    assert "a new key waits already" in str(second.exception)


def test_the_records_survive_a_checkpoint(tmp_path: Path) -> None:
    """The tally knows the last key without reading the journal anew."""
    rig = SignedRig(tmp_path)
    rig.node.stop("test")
    rig.start()
    assert rig.kinds().count(KeyIntroduced) == 1
    lines = rig.lines()
    assert isinstance(decode(lines[-1])[1], HeadSigned)
