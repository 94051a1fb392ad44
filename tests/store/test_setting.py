"""Variables, connections and pools: what people set, checked and encrypted."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from tests.store.build import NOW

from slipstream.errors import ConfigError, UserError
from slipstream.store import Store, audit, connection, pool, schema, variable
from slipstream.store.connection import NewConnection

KEY, OTHER_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def fernet(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", KEY)
    return monkeypatch


def _raw(store: Store, key: str) -> str | None:
    with store.read() as conn:
        return conn.scalar(select(schema.variable.c.value).where(schema.variable.c.key == key))


def test_variables_are_encrypted_at_rest(store: Store, fernet: pytest.MonkeyPatch) -> None:
    store.write(variable.set, "k", "väluE", "why")
    store.write(variable.set, "K", "other")
    with store.read() as conn:
        found = variable.get(conn, "k")
        assert [(v.key, v.value) for v in variable.list_all(conn)] == [
            ("K", "other"),
            ("k", "väluE"),
        ]
        assert variable.get(conn, "none") is None
    assert found is not None
    assert (found.value, found.description, found.is_encrypted) == ("väluE", "why", True)
    assert "väluE" not in (_raw(store, "k") or "")
    store.write(variable.set, "k", "new")
    with store.read() as conn:
        found = variable.get(conn, "k")
    assert found is not None
    assert (found.value, found.description) == ("new", "why")
    assert store.write(variable.delete, "k")
    assert not store.write(variable.delete, "k")


def test_without_a_key_values_are_kept_as_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    store.write(variable.set, "k", "plain")
    assert _raw(store, "k") == "plain"
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", KEY)
    with store.read() as conn:
        found = variable.get(conn, "k")
    assert found is not None
    assert found.value == "plain"


def test_a_wrong_key_says_what_to_do(store: Store, fernet: pytest.MonkeyPatch) -> None:
    store.write(variable.set, "k", "v")
    store.write(variable.set, "l", "v")
    fernet.setenv("AIRFLOW__CORE__FERNET_KEY", OTHER_KEY)
    with store.read() as conn:
        with pytest.raises(UserError, match="Variable 'k' was encrypted with another key"):
            variable.get(conn, "k")
        assert [v.value for v in variable.list_all(conn)] == [None, None]
    fernet.setenv("AIRFLOW__CORE__FERNET_KEY", "")
    with store.read() as conn, pytest.raises(UserError, match="fernet_key is empty"):
        variable.get(conn, "k")
    fernet.setenv("AIRFLOW__CORE__FERNET_KEY", "not-a-key")
    with store.read() as conn, pytest.raises(ConfigError, match="not a Fernet key") as caught:
        variable.get(conn, "k")
    assert "not-a-key" not in str(caught.value)


def test_keys_are_rotated(store: Store, fernet: pytest.MonkeyPatch) -> None:
    store.write(variable.set, "k", "v")
    new = NewConnection(conn_id="c", conn_type="http", password="p", extra='{"a": 1}')
    store.write(connection.upsert, new)
    fernet.setenv("AIRFLOW__CORE__FERNET_KEY", f"{OTHER_KEY},{KEY}")
    assert store.write(variable.rotate) == 1
    assert store.write(connection.rotate) == 1
    fernet.setenv("AIRFLOW__CORE__FERNET_KEY", OTHER_KEY)
    with store.read() as conn:
        found, secret = variable.get(conn, "k"), connection.get(conn, "c")
    assert found is not None
    assert secret is not None
    assert (found.value, secret.password, secret.extra) == ("v", "p", '{"a": 1}')


@pytest.mark.parametrize("key", ["", "x" * 251, "new\nline"])
def test_keys_that_cannot_be_are_refused(store: Store, key: str) -> None:
    with pytest.raises(UserError, match="variable's key"):
        store.write(variable.set, key, "v")


def test_connections_keep_their_secrets(store: Store, fernet: pytest.MonkeyPatch) -> None:
    new = NewConnection(
        conn_id="my-db.1",
        conn_type="postgres",
        host="h",
        schema="s",
        login="l",
        password="p",
        port=5432,
        extra='{"a": "secret"}',
    )
    assert store.write(connection.upsert, new)
    assert not store.write(connection.upsert, new)
    with store.read() as conn:
        found = connection.get(conn, "my-db.1")
        assert [c.conn_id for c in connection.list_all(conn)] == ["my-db.1"]
        assert connection.list_all(conn, "none") == []
        raw = conn.execute(select(schema.connection)).mappings().one()
    assert found is not None
    assert (found.host, found.port, found.password, found.extra) == (
        "h",
        5432,
        "p",
        '{"a": "secret"}',
    )
    assert raw["password"] != "p"
    assert "secret" not in raw["extra"]
    assert store.write(connection.delete, "my-db.1")
    assert not store.write(connection.delete, "my-db.1")


@pytest.mark.parametrize("conn_id", ["", "a b", "x" * 251, "a;b"])
def test_connection_ids_are_checked_as_airflow_does(store: Store, conn_id: str) -> None:
    with pytest.raises(UserError, match="cannot be a connection id"):
        store.write(connection.upsert, NewConnection(conn_id=conn_id, conn_type="http"))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"conn_type": ""}, "needs a connection type"),
        ({"port": -1}, "no port"),
        ({"host": "h" * 501}, "501 characters"),
    ],
)
def test_connections_that_cannot_be_are_refused(
    store: Store, values: dict[str, object], words: str
) -> None:
    new = NewConnection(**({"conn_id": "c", "conn_type": "http"} | values))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=words):
        store.write(connection.upsert, new)


def test_pools_are_written_and_checked(store: Store) -> None:
    assert store.write(pool.upsert, "p", -1, "d", True)
    assert not store.write(pool.upsert, "p", 3)
    with store.read() as conn:
        found = pool.get(conn, "p")
        assert [p.name for p in pool.list_all(conn)] == ["default_pool", "p"]
    assert found is not None
    assert (found.slots, found.description, found.include_deferred) == (3, None, False)
    assert [p.name for p in store.write(pool.lock, ["p", "default_pool"])] == ["default_pool", "p"]
    for name, slots in (("", 1), ("x" * 251, 1), ("p", -2), ("p", 2**31)):
        with pytest.raises(UserError):
            store.write(pool.upsert, name, slots)
    with pytest.raises(UserError, match="cannot be deleted"):
        store.write(pool.delete, "default_pool")
    assert store.write(pool.delete, "p")
    assert not store.write(pool.delete, "p")


def test_the_audit_log_is_read_newest_first(store: Store) -> None:
    for number in range(3):
        store.write(audit.add, event="clear", now=NOW, dag_id=f"d{number % 2}", extra={"n": number})
    with store.read() as conn:
        rows = audit.list_newest(conn)
        of_one = audit.list_newest(conn, "d1")
        assert audit.get(conn, rows[0].id) == rows[0]
    assert [r.extra for r in rows] == ['{"n":2}', '{"n":1}', '{"n":0}']
    assert [r.dag_id for r in of_one] == ["d1"]
