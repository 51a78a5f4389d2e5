"""
The one structlog set-up: JSON lines to standard error, or coloured words on a terminal.

Events are constants in the form `noun_verb`; everything that varies is a key.  Nothing that judges
imports this module.
"""

import importlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TextIO


class _Later(ModuleType):
    """Stands for a module until something of it is used, which may be never."""

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def _instead(name: str, stands_in: ModuleType | None) -> Iterator[None]:
    """Let imports find stands_in under name, or nothing, unless it was imported before."""
    is_new = name not in sys.modules
    if is_new:
        sys.modules[name] = stands_in  # type: ignore[assignment]
    yield
    if is_new:
        del sys.modules[name]


# structlog takes rich, wherever it is installed, for tracebacks that no service shows: five
# megabytes of each process and 0.14 s of each start, on nodes where the whole agent is to stay
# below sixty.  It also takes asyncio, four to twelve megabytes, for loggers that nobody awaits.
with _instead("rich", None), _instead("asyncio", _Later("asyncio")):
    import structlog


def configure(stream: TextIO | None = None, *, level: str = "info") -> None:
    """
    Send what this program and its libraries log to stream.

    stream: standard error by default.  level: debug, info, warning or error.
    """
    target = stream if stream is not None else sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Any] = (
        [structlog.dev.ConsoleRenderer()]
        if target.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    logging.root.setLevel(max(threshold, logging.WARNING))


def get_logger() -> Any:
    """Return a logger; what it does is decided when it logs, not when it is made."""
    return structlog.get_logger()
