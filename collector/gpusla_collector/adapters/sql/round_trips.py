"""
psycopg's cursor without pipelines: the server is asked to answer after every statement.

Within a pipeline PostgreSQL never becomes ready for the next query, and so never ends the session
of a process that was stopped there: with the write lock in its hand it would keep out everybody
else for as long as it sleeps.  Source: docs/decisions/0130-postgresql.md.
"""

from collections.abc import Iterable
from typing import Any

from psycopg import Cursor
from psycopg.abc import Params


class AnsweredCursor(Cursor[Any]):
    """A cursor that runs many of the same statement one after another."""

    def executemany(
        self, query: Any, params_seq: Iterable[Params], *, returning: bool = False
    ) -> None:
        """
        Run a statement once for each of many parameters.

        returning: not honoured; nothing here asks for rows of many statements at once.
        """
        assert not returning  # SQLAlchemy never does
        for params in params_seq:
            self.execute(query, params)
