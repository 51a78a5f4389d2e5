"""
The store on SQLAlchemy Core: SQLite as the embedded default, the same schema on PostgreSQL.

`tables` is the schema, `migrations` how a database gets it, `database` opens one, `store` puts the
parts together; each other module holds one of the ports.
"""
