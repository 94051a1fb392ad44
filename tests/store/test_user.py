"""Users, roles, permissions and logins, on every database."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.store.build import NOW

from slipstream.api.auth import first
from slipstream.api.auth.words import STANDARD
from slipstream.clock import FakeClock
from slipstream.errors import UserError
from slipstream.store import Connection, Store, login, role, user
from slipstream.store.listing import OneOf, Window, person
from slipstream.store.row import UserRow


def make(store: Store, name: str = "ann", *roles: str) -> UserRow:
    def create(conn: Connection) -> UserRow:
        return user.create(
            conn,
            username=name,
            email=f"{name}@x",
            password_hash="h",
            role_ids=list(role.ids(conn, roles).values()),
            now=NOW,
        )

    return store.write(create)


def begin(store: Store, id: str, user_id: int, lifetime_s: float = 60) -> None:
    store.write(
        login.add,
        id=id,
        user_id=user_id,
        kind="token",
        now=NOW,
        expires_at=NOW + timedelta(seconds=lifetime_s),
        address="127.0.0.1",
        agent="x" * 1000,
    )


def test_names_are_exact_and_taken_once(store: Store) -> None:
    row = make(store)
    assert row.username == "ann"
    assert (row.is_active, row.login_count, row.created_at) == (True, 0, NOW)
    make(store, "ANN")
    for name in ("ann", "", " ann", "a\nb", "x" * 251):
        with pytest.raises(UserError):
            make(store, name)
    with pytest.raises(UserError, match="e-mail"):
        store.write(user.change, row.id, NOW, email="ANN@x")
    store.write(user.change, row.id, NOW, email="new@x", is_active=False)
    with store.read() as conn:
        assert user.get(conn, "Ann") is None
        found = user.get_by_email(conn, "new@x")
        assert found is not None
        assert not found.is_active
        assert user.count(conn) == 2


def test_roles_permit_what_they_are_given(store: Store) -> None:
    store.write(first.make_standard)
    store.write(first.make_standard)
    with store.read() as conn:
        ids = role.ids(conn, STANDARD)
        given = role.permissions(conn, list(ids.values()))
    assert {name: frozenset(given[id]) for name, id in ids.items()} == STANDARD

    def change(conn: Connection) -> tuple[int, int, int]:
        row = role.create(conn, "Team")
        added = role.add_permissions(conn, row.id, [("can_read", "DAG:a"), ("can_read", "DAG:A")])
        again = role.add_permissions(conn, row.id, [("can_read", "DAG:a")])
        gone = role.remove_permissions(conn, row.id, {("can_read", "DAG:a"), ("x", "y")})
        return added, again, gone

    assert store.write(change) == (2, 0, 1)
    with pytest.raises(UserError, match="already"):
        store.write(role.create, "Team")
    with store.read() as conn:
        page = person.roles(conn, Window(2, 0, ("-name",)), [OneOf("name", ("Team", "Op"))])
        assert [r.name for r in page.rows] == ["Team", "Op"]
        assert person.permissions(conn, Window(500, 0, ("id",))).total == len(STANDARD["Admin"]) + 1


def test_a_login_says_who_and_what_until_it_ends(store: Store) -> None:
    store.write(first.make_standard)
    ann = make(store, "ann", "Viewer", "User")
    begin(store, "one", ann.id)
    begin(store, "two", ann.id)

    def holder(id: str) -> login.Holder | None:
        with store.read() as conn:
            return login.holder(conn, id)

    found = holder("one")
    assert found is not None
    assert (found.username, found.roles) == ("ann", ("User", "Viewer"))
    assert found.permissions == STANDARD["User"]
    assert holder("ONE") is None
    store.write(user.set_roles, ann.id, [])
    assert holder("one") == found._replace(roles=(), permissions=frozenset())
    store.write(user.change, ann.id, NOW, is_active=False)
    assert holder("one") is None
    store.write(user.change, ann.id, NOW, is_active=True)
    assert store.write(login.end_all, ann.id, except_id="two") == 1
    assert holder("one") is None
    assert not store.write(login.end, "one")
    store.write(user.delete, ann.id)
    assert holder("two") is None


def test_expired_logins_are_forgotten_with_the_next(store: Store) -> None:
    ann = make(store)
    begin(store, "old", ann.id, lifetime_s=-1)
    begin(store, "new", ann.id)
    with store.read() as conn:
        assert [row.id for row in login.list_of(conn, ann.id, NOW)] == ["new"]
        assert login.get(conn, "old") is None


def test_counts_of_logins(store: Store) -> None:
    ann = make(store)
    store.write(user.count_failure, ann.id)
    store.write(user.count_failure, ann.id)
    with store.read() as conn:
        assert user.list_all(conn)[0].fail_login_count == 2
    store.write(user.count_login, ann.id, NOW)
    with store.read() as conn:
        row = user.get_by_id(conn, ann.id)
    assert row is not None
    assert (row.login_count, row.fail_login_count, row.last_login_at) == (1, 0, NOW)


def test_a_dag_files_access_control_replaces_all_but_admins(store: Store) -> None:
    def given() -> set[tuple[str, str, str]]:
        with store.read() as conn:
            rows = role.list_all(conn)
            found = role.permissions(conn, [row.id for row in rows])
            return {(row.name, *each) for row in rows for each in found[row.id]}

    for name in ("Admin", "A", "B"):
        row = store.write(role.create, name)
        store.write(role.add_permissions, row.id, [("can_read", "DAG:d"), ("can_read", "DAG:e")])
    unknown = store.write(
        role.sync_dag, "d", {"A": ["can_edit"], "B": {"DAG Runs": ["can_create"]}, "C": []}
    )
    assert unknown == ["C"]
    others = {(name, "can_read", "DAG:e") for name in ("Admin", "A", "B")}
    kept = others | {("Admin", "can_read", "DAG:d")}
    assert given() == kept | {("A", "can_edit", "DAG:d"), ("B", "can_create", "DAG Run:d")}
    store.write(role.sync_dag, "d", {})
    assert given() == kept


def test_first_users_are_made_once_by_however_many(store: Store, tmp_path: object) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_HOME", str(tmp_path))
        with ThreadPoolExecutor(4) as pool:
            made = list(pool.map(lambda _: first.ensure(store, FakeClock()), range(4)))
    assert sorted(made)[-1] == [("admin", "Admin")]
    assert sum(map(len, made)) == 1
    with store.read() as conn:
        rows = user.list_all(conn)
        assert [row.username for row in rows] == ["admin"]
        assert user.roles_of(conn, [rows[0].id])[rows[0].id] == ["Admin"]
