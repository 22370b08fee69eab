"""Products are found by words

Revision: 0005
After: 0004
"""

import sqlalchemy as sa
from alembic import op

from crm_core.records.terms import reference_terms, words_of


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

_BATCH = 2_000


def upgrade() -> None:
    connection = op.get_bind()
    products = sa.table('products', *map(sa.column, ('id', 'code', 'name', 'category')))
    terms = sa.table('record_terms', *map(sa.column, ('table_name', 'term', 'row_id')))
    last = 0
    while batch := connection.execute(
        sa.select(products).where(products.c.id > last).order_by(products.c.id).limit(_BATCH)
    ).all():
        last = batch[-1].id
        found = {
            (term, row.id)
            for row in batch
            for term in (*reference_terms(row.code), *words_of(row.name), *words_of(row.category or ''))
        }
        if found:
            op.bulk_insert(terms, [{'table_name': 'products', 'term': term, 'row_id': id_} for term, id_ in sorted(found)])


def downgrade() -> None:
    terms = sa.table('record_terms', sa.column('table_name'))
    op.execute(sa.delete(terms).where(terms.c.table_name == 'products'))
