"""IMEX, as a program in its place answers; the answers are shaped as DCGM's own tests show them."""

import json
import os
import select
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.readings import Absence, Absent, Present
from gpusla_agent.sources.host.imex import PROGRAM, parse_answer, read_imex

CONNECTIONS = {"0": {"host": "10.0.0.1", "status": "CONNECTED", "changed": True}}
DOMAIN = {
    "nodes": {
        "0": {"status": "READY", "host": "10.0.0.1", "connections": CONNECTIONS, "hostName": ""},
        "1": {"status": "WAITING_FOR_PEERS", "host": "10.0.0.2", "version": "580.30"},
        "5": {"status": "READY", "host": "10.0.0.6", "connections": {}},
    },
    "timestamp": "5/22/2025 19:46:40.891",
    "status": "DEGRADED",
}


def install(directory: Path, script: str) -> Path:
    """Put a program of that name in a directory."""
    program = directory / PROGRAM
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return directory


def reasons(directory: Path, timeout_seconds: float = 10) -> set[str]:
    """Return why there are no readings."""
    found = read_imex([directory], timeout_seconds)
    absent = [one for one in found.numbers.values() if isinstance(one, Absent)]
    return {f"{one.absence}: {one.detail}" for one in absent}


def test_the_domain_and_its_nodes_are_read(tmp_path: Path) -> None:
    """Asked for the whole domain as JSON; the domain's state is not that of a node."""
    (tmp_path / "answer").write_text(json.dumps(DOMAIN))
    install(tmp_path, f'test "$*" = "-N -j" && echo a warning >&2 && cat {tmp_path}/answer')
    assert read_imex([tmp_path / "nowhere", tmp_path]).numbers == {
        "imex_state": Present(1),
        "imex_nodes": Present(3),
        "imex_nodes_ready": Present(2),
    }


@pytest.mark.parametrize(("status", "state"), [("UP", 2), ("DOWN", 0), ("up", 2)])
def test_every_state_has_a_number(status: str, state: int) -> None:
    """As the table of readings says."""
    found = parse_answer(json.dumps({**DOMAIN, "status": status}))
    assert found.numbers["imex_state"] == Present(state)


def test_a_node_without_imex_is_no_faulty_node(tmp_path: Path) -> None:
    """Information: nothing is installed, and the probe is fine."""
    found = read_imex([tmp_path])
    assert found.is_good
    assert found.numbers["imex_state"] == Absent(
        Absence.UNSUPPORTED, "nvidia-imex-ctl is not installed"
    )


@pytest.mark.parametrize("stream", ["1", "2"])
def test_imex_that_is_not_configured_is_none(tmp_path: Path, stream: str) -> None:
    """Wherever the program says so, and whatever it ends with."""
    install(tmp_path, f"echo Failed to read node configuration file >&{stream}; exit 1")
    assert reasons(tmp_path) == {"unsupported: IMEX is not configured on this node"}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "nvidia-imex-ctl ends with 3"),
        ("echo", "nvidia-imex-ctl answers in an unknown shape"),
        ('echo \'{"status": "SIDEWAYS"}\'', "nvidia-imex-ctl answers in an unknown shape"),
        ('echo \'{"status": "UP", "nodes": [1]}\'', "nvidia-imex-ctl answers in an unknown shape"),
    ],
)
def test_a_program_that_fails_is_an_error(tmp_path: Path, script: str, why: str) -> None:
    """And no state at all."""
    assert reasons(install(tmp_path, script)) == {f"error: {why}"}


def test_a_file_that_is_no_program_is_an_error(tmp_path: Path) -> None:
    """As a half-installed package leaves it."""
    (tmp_path / PROGRAM).write_bytes(b"\x00")
    (tmp_path / PROGRAM).chmod(0o755)
    assert reasons(tmp_path) == {"error: nvidia-imex-ctl: Exec format error"}


def test_a_program_that_hangs_is_killed_with_all_it_started(tmp_path: Path) -> None:
    """Nothing that it left behind keeps us waiting, and nothing is left behind."""
    install(tmp_path, f"sleep 600 & echo $! > {tmp_path}/child; wait")
    assert reasons(tmp_path, 2) == {"error: nvidia-imex-ctl does not end within 2 seconds"}
    assert has_ended(int((tmp_path / "child").read_text()))


def has_ended(process: int) -> bool:
    """Whether a process is gone, or goes within some seconds."""
    try:
        descriptor = os.pidfd_open(process)
    except ProcessLookupError:
        return True
    ready, _, _ = select.select([descriptor], [], [], 10)
    os.close(descriptor)
    return bool(ready)


@given(
    st.text(max_size=200) | st.recursive(st.none() | st.text(max_size=5), st.lists).map(json.dumps)
)
def test_any_answer_is_read_or_refused(answer: str) -> None:
    """Nothing raises, and nothing is made up."""
    assert set(parse_answer(answer).numbers) == {"imex_state", "imex_nodes", "imex_nodes_ready"}


def test_an_answer_without_end_is_refused() -> None:
    """Brackets deeper than anybody reads."""
    assert not parse_answer("[" * 100_000).is_good
