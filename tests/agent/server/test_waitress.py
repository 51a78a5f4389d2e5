"""What the adapter relies on inside waitress; another version has to keep it or be left out."""

import inspect
from importlib import metadata

from waitress import wasyncore  # type: ignore[import-untyped]
from waitress.channel import HTTPChannel  # type: ignore[import-untyped]
from waitress.server import BaseWSGIServer, TcpWSGIServer  # type: ignore[import-untyped]
from waitress.task import Task as AnyTask  # type: ignore[import-untyped]
from waitress.task import WSGITask

from gpusla_agent.server.channel import Channel, WebServer
from gpusla_agent.server.tls_channel import TlsChannel


def test_the_version_is_one_that_the_adapter_was_written_for() -> None:
    """The range in pyproject.toml ends before the next major version."""
    assert metadata.version("waitress").startswith("3.")


def test_a_channel_has_the_parts_that_ours_uses_and_replaces() -> None:
    """By name; a renamed one would be a method that nobody calls."""
    replaced = [*vars(Channel), *vars(TlsChannel)]
    ours = {"recv_from_peer", "wait"}
    for name in replaced:
        if not name.startswith("_") and name not in ours:
            assert hasattr(HTTPChannel, name), name
    source = inspect.getsource(HTTPChannel)
    for part in ("requests_lock", "outbuf_lock", "outbufs", "total_outbufs_len", "self.requests"):
        assert part in source


def test_a_channel_sends_in_the_loop_only() -> None:
    """Its workers would send in write_soon, which ours replaces, and nowhere else."""
    flushing = {
        name
        for name, member in vars(HTTPChannel).items()
        if inspect.isfunction(member) and "_flush_some" in inspect.getsource(member)
    }
    # service calls the last of these for a second request in a row, which is refused.
    assert flushing == {
        "handle_write",
        "send_continue",
        "_flush_some",
        "_flush_some_if_lockable",
        "write_soon",
        "_flush_outbufs_below_high_watermark",
    }


def test_a_worker_is_asked_for_through_the_server() -> None:
    """Ours holds it back until all that a peer sent was looked at."""
    assert "self.server.add_task(self)" in inspect.getsource(HTTPChannel.received)
    assert "add_task" in vars(BaseWSGIServer)


def test_a_server_is_polled_and_accepts_as_ours_expects() -> None:
    """The loop is ours, so its one step is what counts."""
    assert set(inspect.signature(wasyncore.poll2).parameters) == {"timeout", "map"}
    assert "obj.readable()" in inspect.getsource(wasyncore.poll2)
    for name in ("readable", "handle_accept", "accept", "trigger", "active_channels"):
        assert hasattr(BaseWSGIServer, name) or name in inspect.getsource(BaseWSGIServer)
    assert issubclass(WebServer, TcpWSGIServer)
    parameters = inspect.signature(BaseWSGIServer.__init__).parameters
    assert {"map", "_sock", "sockinfo", "bind_socket"} <= set(parameters)


def test_a_task_gives_its_environment_where_ours_adds_to_it() -> None:
    """And refuses what is left of an answer to a peer that is gone."""
    assert "get_environment" in vars(WSGITask)
    assert "write_soon" in inspect.getsource(AnyTask.write)
