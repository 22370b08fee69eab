"""An index for deals of a stage and an owner, closing next

Revision: 0011
After: 0010
"""

from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

_COLUMNS = ['stage', 'owner_id', 'expected_close_on', 'id']
_NAME = 'ix_deals_stage_owner_id_expected_close_on_id'


def upgrade() -> None:
    with op.batch_alter_table('deals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f(_NAME), _COLUMNS, unique=False)


def downgrade() -> None:
    with op.batch_alter_table('deals', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f(_NAME))
