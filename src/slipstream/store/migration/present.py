"""What an earlier run of a migration, cut short, has made already: MySQL commits each step by itself.

Nothing, when the SQL is only printed and there is no database to look at.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op


def has_table(name: str) -> bool:
    return not context.is_offline_mode() and sa.inspect(op.get_bind()).has_table(name)


def has_column(table: str, name: str) -> bool:
    if context.is_offline_mode():
        return False
    return name in {column["name"] for column in sa.inspect(op.get_bind()).get_columns(table)}


def has_index(table: str, name: str) -> bool:
    if context.is_offline_mode():
        return False
    return name in {index["name"] for index in sa.inspect(op.get_bind()).get_indexes(table)}


def has_rows(table: sa.TableClause) -> bool:
    if context.is_offline_mode():
        return False
    return op.get_bind().execute(sa.select(sa.literal(1)).select_from(table)).first() is not None
