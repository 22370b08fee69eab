"""Alembic's entry: runs the migrations on the connection that crm_core.db.schema hands over."""

from alembic import context

from crm_core.db import models  # noqa: F401  (registers the tables)
from crm_core.db.base import Base

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    user_module_prefix="crm_core.db.types.",
)
with context.begin_transaction():
    context.run_migrations()
