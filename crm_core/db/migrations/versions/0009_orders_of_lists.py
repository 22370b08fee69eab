"""Indexes for the orders lists are sorted in

Revision: 0009
After: 0008
"""

from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None

_INDEXES = {
    'tickets': (('due_at', 'id'),),
    'deals': (('expected_close_on', 'id'), ('amount_e4', 'id'), ('outcome', 'amount_e4', 'id')),
    'activities': (('owner_id', 'at', 'id'),),
    'needs': (('created_at', 'id'), ('value_e4', 'id')),
    'tasks': (('due_on', 'id'), ('created_at', 'id')),
    'contacts': (('name', 'id'),),
    'products': (('name', 'id'), ('unit_price_e4', 'id')),
}


def upgrade() -> None:
    for table, indexes in _INDEXES.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for columns in indexes:
                batch_op.create_index(batch_op.f(f"ix_{table}_{'_'.join(columns)}"), list(columns), unique=False)


def downgrade() -> None:
    for table, indexes in _INDEXES.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for columns in indexes:
                batch_op.drop_index(batch_op.f(f"ix_{table}_{'_'.join(columns)}"))
