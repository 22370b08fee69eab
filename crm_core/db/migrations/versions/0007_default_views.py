"""The view each account's list begins with

Revision: 0007
After: 0006
"""

import sqlalchemy as sa
from alembic import op

import crm_core.db.types


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('default_views',
    sa.Column('user_id', crm_core.db.types.BigId(), autoincrement=False, nullable=False),
    sa.Column('list_name', sa.String(length=32).with_variant(sa.String(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('view_id', crm_core.db.types.BigId(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_default_views_user_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['view_id'], ['saved_views.id'], name=op.f('fk_default_views_view_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'list_name', name=op.f('pk_default_views')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=False
    )
    with op.batch_alter_table('default_views', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_default_views_view_id'), ['view_id'], unique=False)


def downgrade() -> None:
    op.drop_table('default_views')
