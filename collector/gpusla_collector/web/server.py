"""
Serves the application with Hypercorn, which closes connections that say nothing or stop halfway.

Measured: with these limits 40 half-open and 10 silent peers are gone within 20 seconds while others
are answered at once.  tests/collector/test_half_open.py holds it to that.
"""

import asyncio
import errno
import signal
import socket
from typing import Any, cast

from fastapi import FastAPI
from hypercorn.asyncio import serve as serve_forever
from hypercorn.config import Config

from gpusla.catalogue.codes import ADDRESS_IN_USE, BAD_SETTING
from gpusla.errors import SettingsError

READ_SECONDS = 10
KEEP_ALIVE_SECONDS = 5.0
SHUTDOWN_SECONDS = 3.0
BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Take the address at once, so that a start that cannot serve is refused before it works."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as cause:
        listener.close()
        is_taken = cause.errno == errno.EADDRINUSE
        raise SettingsError(
            ADDRESS_IN_USE if is_taken else BAD_SETTING,
            f"listen: {host}:{port}: {cause.strerror}",
        ) from cause
    return listener


def serve(app: FastAPI, listener: socket.socket) -> None:
    """
    Answer until SIGTERM or SIGINT; returns when open requests are answered.

    listener: is taken over and closed.
    """
    asyncio.run(_serve(app, listener))


async def _serve(app: FastAPI, listener: socket.socket) -> None:
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.read_timeout = READ_SECONDS
    config.keep_alive_timeout = KEEP_ALIVE_SECONDS
    config.graceful_timeout = SHUTDOWN_SECONDS
    config.shutdown_timeout = SHUTDOWN_SECONDS
    config.include_server_header = False
    config.loglevel = "WARNING"
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    # Hypercorn describes ASGI by types of its own, which Starlette's do not match by name.
    await serve_forever(cast(Any, app), config, shutdown_trigger=stopping.wait)
