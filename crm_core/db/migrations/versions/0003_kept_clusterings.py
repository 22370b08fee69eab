"""Clusterings that were kept

Revision: 0003
After: 0002
"""

import sqlalchemy as sa
from alembic import op

import crm_core.db.types


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('kept_clusterings',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('found_on', sa.Date(), nullable=False),
    sa.Column('definition', sa.JSON(), nullable=False),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('is_removed', sa.Boolean(), nullable=False),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_kept_clusterings_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_kept_clusterings')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('kept_clusterings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kept_clusterings_is_removed_name'), ['is_removed', 'name'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('kept_clusterings', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_kept_clusterings_is_removed_name'))

    op.drop_table('kept_clusterings')
