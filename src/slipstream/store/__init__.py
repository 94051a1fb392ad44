"""The metadata store: the only package that holds SQL, and it decides nothing.

``Store`` opens a database and runs transactions; the modules beside it hold the queries, each a
function of a connection. Rows are in ``row``, tables in ``schema``, their history in
``migration``, what differs between databases in ``dialect``.

Transactions that lock rows take them in one order, so that two never wait for each other in a
circle: the own job (shared), other jobs (by id), dag, dag_lease (by DAG), pool (by name), pool_quota,
dag_run (by id), task_instance (by key), attempt (by id), inbox (by id). What deadlocks all the same
is retried by ``Store.write``.
"""

from __future__ import annotations

from slipstream.store.alchemy import Connection  # before all that imports SQLAlchemy
from slipstream.store.engine import Store

__all__ = ["Connection", "Store"]
