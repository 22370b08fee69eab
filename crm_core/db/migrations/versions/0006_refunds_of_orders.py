"""Refunds of orders

Revision: 0006
After: 0005
"""

import sqlalchemy as sa
from alembic import op

import crm_core.db.types


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    key = sa.ForeignKey('orders.id', name=op.f('fk_orders_refund_of_id'))
    op.add_column('orders', sa.Column('refund_of_id', crm_core.db.types.BigId(), key, nullable=True), inline_references=True)
    op.create_index(op.f('ix_orders_refund_of_id'), 'orders', ['refund_of_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('orders', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_orders_refund_of_id'))
        batch_op.drop_column('refund_of_id')
