"""Alerts

Revision: 0008
After: 0007
"""

import sqlalchemy as sa
from alembic import op

import crm_core.db.types


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('alert_rules',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('metric', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('grain', sa.String(length=8).with_variant(sa.String(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.Column('kind', sa.String(length=8).with_variant(sa.String(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.Column('threshold_e4', crm_core.db.types.Money(), nullable=True),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_alert_rules_owner_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_rules')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('alert_rules', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_alert_rules_owner_id'), ['owner_id'], unique=False)

    op.create_table('alert_firings',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('rule_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('period_start', sa.Date(), nullable=False),
    sa.Column('value', sa.Float(precision=53), nullable=False),
    sa.Column('low', sa.Float(precision=53), nullable=True),
    sa.Column('high', sa.Float(precision=53), nullable=True),
    sa.Column('fired_at', crm_core.db.types.Instant(), nullable=False),
    sa.ForeignKeyConstraint(['rule_id'], ['alert_rules.id'], name=op.f('fk_alert_firings_rule_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_alert_firings')),
    sa.UniqueConstraint('rule_id', 'period_start', name=op.f('uq_alert_firings_rule_id_period_start')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('alert_seen',
    sa.Column('user_id', crm_core.db.types.BigId(), autoincrement=False, nullable=False),
    sa.Column('firing_id', crm_core.db.types.BigId(), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['firing_id'], ['alert_firings.id'], name=op.f('fk_alert_seen_firing_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_alert_seen_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'firing_id', name=op.f('pk_alert_seen')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=False
    )


def downgrade() -> None:
    op.drop_table('alert_seen')
    op.drop_table('alert_firings')
    with op.batch_alter_table('alert_rules', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_alert_rules_owner_id'))

    op.drop_table('alert_rules')
