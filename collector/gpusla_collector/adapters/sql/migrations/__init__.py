"""How a database gets the schema: Alembic revisions, found by the path of this package."""
