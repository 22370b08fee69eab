"""Service, sales and relations

Revision: 0004
After: 0003
"""

import sqlalchemy as sa
from alembic import op

import crm_core.db.types


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('business_calendars',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('hours', sa.JSON(), nullable=False),
    sa.Column('holidays', sa.JSON(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_business_calendars')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('deal_stages',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('code', sa.String(length=32).with_variant(sa.String(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('probability_bp', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deal_stages')),
    sa.UniqueConstraint('code', name=op.f('uq_deal_stages_code')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('metric_targets',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('metric', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('grain', sa.String(length=8).with_variant(sa.String(length=8, collation='C'), 'postgresql'), nullable=False),
    sa.Column('target_e4', crm_core.db.types.Money(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_metric_targets')),
    sa.UniqueConstraint('metric', 'grain', name=op.f('uq_metric_targets_metric_grain')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('record_terms',
    sa.Column('table_name', sa.String(length=32).with_variant(sa.String(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('term', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('row_id', crm_core.db.types.BigId(), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('table_name', 'term', 'row_id', name=op.f('pk_record_terms')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=False,
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('record_terms', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_record_terms_table_name_row_id_term'), ['table_name', 'row_id', 'term'], unique=False)

    op.create_table('teams',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('name', sa.String(length=120).with_variant(sa.String(length=120, collation='C'), 'postgresql'), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_teams')),
    sa.UniqueConstraint('name', name=op.f('uq_teams_name')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('ticket_statuses',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('code', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sa.String(length=100), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_statuses')),
    sa.UniqueConstraint('code', name=op.f('uq_ticket_statuses_code')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('saved_views',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('list_name', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('query', sa.JSON(), nullable=False),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('is_shared', sa.Boolean(), nullable=False),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_saved_views_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_views')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('saved_views', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_views_list_name_owner_id'), ['list_name', 'owner_id'], unique=False)

    op.create_table('sla_targets',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('priority', sa.String(length=16).with_variant(sa.String(length=16, collation='C'), 'postgresql'), nullable=False),
    sa.Column('response_minutes', sa.Integer(), nullable=True),
    sa.Column('resolution_minutes', sa.Integer(), nullable=True),
    sa.Column('calendar_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['calendar_id'], ['business_calendars.id'], name=op.f('fk_sla_targets_calendar_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sla_targets')),
    sa.UniqueConstraint('priority', name=op.f('uq_sla_targets_priority')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    op.create_table('team_members',
    sa.Column('user_id', crm_core.db.types.BigId(), autoincrement=False, nullable=False),
    sa.Column('team_id', crm_core.db.types.BigId(), nullable=False),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_team_members_team_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['users.id'], name=op.f('fk_team_members_user_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_team_members')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('team_members', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_team_members_team_id'), ['team_id'], unique=False)

    op.create_table('consent_events',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('has_consent', sa.Boolean(), nullable=True),
    sa.Column('how', sa.String(length=64), nullable=True),
    sa.Column('said_by', sa.String(length=200), nullable=False),
    sa.Column('author_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_consent_events_author_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_consent_events_customer_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_events')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('consent_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_consent_events_customer_id_at_id'), ['customer_id', 'at', 'id'], unique=False)

    op.create_table('contacts',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('position', sa.String(length=100), nullable=True),
    sa.Column('email', sa.String(length=254), nullable=True),
    sa.Column('phone', sa.String(length=32), nullable=True),
    sa.Column('is_main', sa.Boolean(), nullable=False),
    sa.Column('notes', sa.Text(), nullable=True),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_contacts_customer_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contacts')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('contacts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contacts_customer_id_name'), ['customer_id', 'name'], unique=False)

    op.create_table('deals',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('number', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('product_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('stage', sa.String(length=32).with_variant(sa.String(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('outcome', sa.String(length=8), nullable=False),
    sa.Column('amount_e4', crm_core.db.types.Money(), nullable=True),
    sa.Column('probability_bp', sa.Integer(), nullable=True),
    sa.Column('expected_close_on', sa.Date(), nullable=True),
    sa.Column('source', sa.String(length=64), nullable=True),
    sa.Column('lost_reason', sa.String(length=200), nullable=True),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('notes', sa.Text(), nullable=True),
    sa.Column('opened_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('stage_since', crm_core.db.types.Instant(), nullable=False),
    sa.Column('closed_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_deals_customer_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_deals_owner_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_deals_product_id')),
    sa.ForeignKeyConstraint(['stage'], ['deal_stages.code'], name=op.f('fk_deals_stage')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deals')),
    sa.UniqueConstraint('number', name=op.f('uq_deals_number')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('deals', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deals_closed_at_id'), ['closed_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deals_customer_id_opened_at'), ['customer_id', 'opened_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_deals_opened_at_id'), ['opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deals_outcome_expected_close_on_id'), ['outcome', 'expected_close_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deals_outcome_stage_id'), ['outcome', 'stage', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_deals_owner_id_outcome_id'), ['owner_id', 'outcome', 'id'], unique=False)

    op.create_table('needs',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('product_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('priority', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('value_e4', crm_core.db.types.Money(), nullable=True),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('closed_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_needs_customer_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_needs_owner_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_needs_product_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_needs')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('needs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_needs_customer_id_created_at'), ['customer_id', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_needs_product_id_status'), ['product_id', 'status'], unique=False)
        batch_op.create_index(batch_op.f('ix_needs_status_created_at_id'), ['status', 'created_at', 'id'], unique=False)

    op.create_table('tickets',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('number', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('subject', sa.String(length=300), nullable=False),
    sa.Column('text', crm_core.db.types.LongText, nullable=True),
    sa.Column('channel', sa.String(length=64), nullable=True),
    sa.Column('category', sa.String(length=100), nullable=True),
    sa.Column('priority', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=64).with_variant(sa.String(length=64, collation='C'), 'postgresql'), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('product_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('assignee_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('team_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('opened_by', sa.String(length=16), nullable=False),
    sa.Column('opened_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('first_replied_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('first_resolved_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('resolved_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('reopened', sa.Integer(), nullable=False),
    sa.Column('response_due_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('resolution_due_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('due_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('is_sla_met', sa.Boolean(), nullable=True),
    sa.Column('is_satisfied', sa.Boolean(), nullable=True),
    sa.Column('rated_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('merged_into_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['assignee_id'], ['users.id'], name=op.f('fk_tickets_assignee_id')),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_tickets_customer_id')),
    sa.ForeignKeyConstraint(['merged_into_id'], ['tickets.id'], name=op.f('fk_tickets_merged_into_id')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_tickets_product_id')),
    sa.ForeignKeyConstraint(['status'], ['ticket_statuses.code'], name=op.f('fk_tickets_status')),
    sa.ForeignKeyConstraint(['team_id'], ['teams.id'], name=op.f('fk_tickets_team_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tickets')),
    sa.UniqueConstraint('number', name=op.f('uq_tickets_number')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('tickets', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tickets_assignee_id_opened_at_id'), ['assignee_id', 'opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_category_opened_at_id'), ['category', 'opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_channel_opened_at_id'), ['channel', 'opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_customer_id_opened_at'), ['customer_id', 'opened_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_opened_at_id'), ['opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_priority_opened_at_id'), ['priority', 'opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_state_assignee_id_due_at_id'), ['state', 'assignee_id', 'due_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_state_due_at_id'), ['state', 'due_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_status_opened_at_id'), ['status', 'opened_at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tickets_team_id_opened_at_id'), ['team_id', 'opened_at', 'id'], unique=False)

    op.create_table('activities',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('subject', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('deal_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('minutes', sa.Integer(), nullable=True),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_activities_customer_id')),
    sa.ForeignKeyConstraint(['deal_id'], ['deals.id'], name=op.f('fk_activities_deal_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_activities_owner_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_activities')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('activities', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_activities_at_id'), ['at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_activities_customer_id_at'), ['customer_id', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_activities_deal_id_at'), ['deal_id', 'at'], unique=False)

    op.create_table('deal_moves',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('deal_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('before', sa.String(length=32).with_variant(sa.String(length=32, collation='C'), 'postgresql'), nullable=True),
    sa.Column('after', sa.String(length=32).with_variant(sa.String(length=32, collation='C'), 'postgresql'), nullable=False),
    sa.Column('author_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_deal_moves_author_id')),
    sa.ForeignKeyConstraint(['deal_id'], ['deals.id'], name=op.f('fk_deal_moves_deal_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deal_moves')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('deal_moves', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_deal_moves_deal_id_at_id'), ['deal_id', 'at', 'id'], unique=False)

    op.create_table('tasks',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=True),
    sa.Column('due_on', sa.Date(), nullable=True),
    sa.Column('priority', sa.String(length=16), nullable=False),
    sa.Column('owner_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('customer_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('deal_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('ticket_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('is_done', sa.Boolean(), nullable=False),
    sa.Column('done_at', crm_core.db.types.Instant(), nullable=True),
    sa.Column('created_at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['customer_id'], ['customers.id'], name=op.f('fk_tasks_customer_id')),
    sa.ForeignKeyConstraint(['deal_id'], ['deals.id'], name=op.f('fk_tasks_deal_id')),
    sa.ForeignKeyConstraint(['owner_id'], ['users.id'], name=op.f('fk_tasks_owner_id')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_tasks_ticket_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tasks')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('tasks', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tasks_customer_id_due_on'), ['customer_id', 'due_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_deal_id'), ['deal_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_is_done_due_on_id'), ['is_done', 'due_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_tasks_owner_id_is_done_due_on_id'), ['owner_id', 'is_done', 'due_on', 'id'], unique=False)

    op.create_table('ticket_events',
    sa.Column('id', crm_core.db.types.BigId(), autoincrement=True, nullable=False),
    sa.Column('ticket_id', crm_core.db.types.BigId(), nullable=False),
    sa.Column('at', crm_core.db.types.Instant(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('author', sa.String(length=16), nullable=False),
    sa.Column('author_id', crm_core.db.types.BigId(), nullable=True),
    sa.Column('text', crm_core.db.types.LongText, nullable=True),
    sa.Column('before', sa.String(length=64), nullable=True),
    sa.Column('after', sa.String(length=64), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=True),
    sa.Column('version', sa.Integer(), server_default='1', nullable=False),
    sa.Column('import_id', crm_core.db.types.BigId(), nullable=True),
    sa.ForeignKeyConstraint(['author_id'], ['users.id'], name=op.f('fk_ticket_events_author_id')),
    sa.ForeignKeyConstraint(['ticket_id'], ['tickets.id'], name=op.f('fk_ticket_events_ticket_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ticket_events')),
    mariadb_collate='utf8mb4_nopad_bin',
    mysql_collate='utf8mb4_bin',
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('ticket_events', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_ticket_events_ticket_id_at_id'), ['ticket_id', 'at', 'id'], unique=False)

    _what_a_workspace_begins_with()


def _what_a_workspace_begins_with() -> None:
    """Stages, targets and working hours that can be changed; history begins after them."""
    calendars = sa.table('business_calendars', sa.column('id'), sa.column('name'), sa.column('hours', sa.JSON), sa.column('holidays', sa.JSON))
    hours = {str(day): [['09:00', '17:00']] if day < 5 else [] for day in range(7)}
    op.bulk_insert(calendars, [{'name': 'Office hours', 'hours': hours, 'holidays': []}])
    targets = sa.table('sla_targets', *map(sa.column, ('priority', 'response_minutes', 'resolution_minutes', 'calendar_id')))
    office = sa.select(sa.func.min(calendars.c.id)).scalar_subquery()
    for priority, response, resolution in (('urgent', 60, 480), ('high', 240, 960), ('normal', 480, 2400), ('low', 960, 4800)):
        op.execute(targets.insert().values(priority=priority, response_minutes=response, resolution_minutes=resolution, calendar_id=office))
    statuses = sa.table('ticket_statuses', *map(sa.column, ('code', 'name', 'position', 'state')))
    words = (
        ('new', 'New', 'open'), ('open', 'Open', 'open'), ('waiting', 'Waiting for the customer', 'on_hold'),
        ('third_party', 'Waiting for others', 'on_hold'), ('resolved', 'Resolved', 'resolved'), ('closed', 'Closed', 'resolved'),
    )
    op.bulk_insert(statuses, [
        {'code': code, 'name': name, 'position': place, 'state': state} for place, (code, name, state) in enumerate(words, 1)
    ])
    stages = sa.table('deal_stages', *map(sa.column, ('code', 'name', 'position', 'probability_bp', 'outcome')))
    names = (
        ('prospecting', 'Prospecting', 1_000, 'open'), ('engaging', 'Engaging', 3_000, 'open'),
        ('proposal', 'Proposal', 5_000, 'open'), ('negotiation', 'Negotiation', 7_500, 'open'),
        ('won', 'Closed won', 10_000, 'won'), ('lost', 'Closed lost', 0, 'lost'),
    )
    op.bulk_insert(stages, [
        {'code': code, 'name': name, 'position': place, 'probability_bp': bp, 'outcome': outcome}
        for place, (code, name, bp, outcome) in enumerate(names, 1)
    ])


def downgrade() -> None:
    for table in (
        'ticket_events',
        'tasks',
        'deal_moves',
        'activities',
        'tickets',
        'needs',
        'deals',
        'contacts',
        'consent_events',
        'team_members',
        'sla_targets',
        'saved_views',
        'ticket_statuses',
        'teams',
        'record_terms',
        'metric_targets',
        'deal_stages',
        'business_calendars',
    ):
        op.drop_table(table)
