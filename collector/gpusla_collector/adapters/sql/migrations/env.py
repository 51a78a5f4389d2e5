"""Alembic's way in: runs revisions on the connection that `schema` hands over, or prints SQL."""

from alembic import context

from gpusla_collector.adapters.sql.tables import METADATA


def migrate() -> None:
    """Run what Alembic was asked for; without a connection, for the dialect it was told."""
    connection = context.config.attributes.get("connection")
    if connection is None:
        context.configure(
            dialect_name=context.config.attributes["dialect"],
            target_metadata=METADATA,
            literal_binds=True,
            output_buffer=context.config.output_buffer,
        )
    else:
        context.configure(connection=connection, target_metadata=METADATA)
    context.run_migrations()


migrate()
