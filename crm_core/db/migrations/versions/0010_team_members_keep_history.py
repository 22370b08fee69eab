"""Members of teams keep their history

Revision: 0010
After: 0009
"""

import sqlalchemy as sa
from alembic import op

import crm_core.db.types


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_MEMBERS = sa.table('team_members', sa.column('user_id', sa.BigInteger), sa.column('team_id', sa.BigInteger))


def _members() -> list[dict[str, int]]:
    """Who is where now; the table is small and made anew."""
    rows = op.get_bind().execute(sa.select(_MEMBERS.c.user_id, _MEMBERS.c.team_id).order_by(_MEMBERS.c.user_id))
    return [{'user_id': user_id, 'team_id': team_id} for user_id, team_id in rows]


def upgrade() -> None:
    members = _members()
    op.drop_table('team_members')
    op.create_table('team_members',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('user_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('team_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_team_members_team_id')),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_team_members_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_team_members')),
    sa.UniqueConstraint('user_id', name=op.f('uq_team_members_user_id')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_members_team_id'), ['team_id'], unique=False)
    op.bulk_insert(_MEMBERS, members)


def downgrade() -> None:
    members = _members()
    op.drop_table('team_members')
    op.create_table('team_members',
    sa.Column('user_id', crm_core.db.types.BigId(), autoincrement=False, nullable=False),
    sa.Column('team_id', crm_core.db.types.BigId(), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_team_members_team_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_team_members_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_team_members')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=False
    )
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_members_team_id'), ['team_id'], unique=False)
    op.bulk_insert(_MEMBERS, members)
