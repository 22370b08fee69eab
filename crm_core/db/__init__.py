"""The database: engine, tables, migrations and history."""
