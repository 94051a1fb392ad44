"""``--local``: what the DAG files hold now, whatever the database says."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator

from slipstream.cli.session import open_store
from slipstream.dagprocessor.service import DagProcessor
from slipstream.errors import SlipstreamError
from slipstream.store import Connection, Store, dag, migrate


@contextlib.contextmanager
def parsed_here(bundle_names: Collection[str] | None) -> Iterator[Connection]:
    """Parse all DAG files into a database that is thrown away, and yield a connection to it.

    The real one, if there is one, is asked for variables, connections and what is paused.
    """
    with contextlib.ExitStack() as stack:
        real: Store | None
        try:
            real = stack.enter_context(open_store())
        except SlipstreamError:
            real = None
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="slipstream-"))
        store = stack.enter_context(Store.open(f"sqlite:///{folder}/dags.db"))
        migrate.upgrade(store)
        DagProcessor(store, bundle_names=bundle_names, lookups=real).parse_once()
        if real is not None:
            with real.read() as conn:
                paused = {row.dag_id: row.is_paused for row in dag.list_all(conn)}
            store.write(_set_paused, paused)
        yield stack.enter_context(store.read())


def _set_paused(conn: Connection, paused: dict[str, bool]) -> None:
    for dag_id, is_paused in paused.items():
        dag.set_paused(conn, dag_id, is_paused)
