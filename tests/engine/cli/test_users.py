"""``users``, ``roles`` and ``sync-perm`` on a real database, by Airflow's words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.engine.cli.home import DEMO, Cli

from slipstream.api.auth import password
from slipstream.store import Store, audit, role, user

ANN = ("-u", "ann", "-f", "Ann", "-l", "Lee", "-e", "ann@x.y")


def created(cli: Cli, *more: str) -> Cli:
    code, out, err = cli("users", "create", *ANN, "-r", "Viewer", "-p", "geheim", *more)
    assert code == 0, err
    assert out == 'User "ann" created with role "Viewer"\n'
    return cli


def users(cli: Cli) -> list[dict[str, Any]]:
    return list(json.loads(cli("users", "list", "-o", "json")[1]))


def test_a_user_is_made_found_and_deleted(migrated: Cli) -> None:
    created(migrated)
    assert created_again(migrated) == "ann already exists in the db\n"
    assert users(migrated) == [
        {
            "id": "1",
            "username": "ann",
            "email": "ann@x.y",
            "first_name": "Ann",
            "last_name": "Lee",
            "roles": ["Viewer"],
        }
    ]
    code, _, err = migrated("users", "delete", "-u", "ann", "-e", "ann@x.y")
    assert (code, err.count("either --username or --email")) == (1, 1)
    assert migrated("users", "delete", "-e", "ann@x.y")[1] == 'User "ann" deleted\n'
    code, _, err = migrated("users", "delete", "-u", "ann")
    assert (code, err) == (1, 'slipstream: User "ann" does not exist.\n')


def created_again(cli: Cli) -> str:
    return cli("users", "create", *ANN, "-r", "Viewer", "-p", "x")[1]


def test_passwords_are_hashed_generated_and_reset(migrated: Cli) -> None:
    out = migrated("users", "create", *ANN, "-r", "Op", "--use-random-password")[1]
    first = out.split("Password: ")[1].strip()
    assert password.is_right(first, _hash())
    out = migrated("users", "reset-password", "-u", "ann", "-p", "n3w")[1]
    assert out == 'User "ann" password reset successfully\n'
    assert password.is_right("n3w", _hash())
    assert not password.is_right(first, _hash())
    code, _, err = migrated("users", "reset-password", "-u", "ann")
    assert code == 1
    assert "there is no terminal to ask" in err


def _hash() -> str | None:
    with Store.open() as store, store.read() as conn:
        row = user.get(conn, "ann")
    assert row is not None
    assert row.password_hash is not None
    assert row.password_hash.startswith("$argon2id$")
    return row.password_hash


def test_roles_come_and_go(migrated: Cli) -> None:
    created(migrated)
    assert migrated("roles", "create", "Team", "Crew")[1] == "Added 2 role(s)\n"
    names = [r["name"] for r in json.loads(migrated("roles", "list", "-o", "json")[1])]
    assert names == ["Admin", "Crew", "Op", "Public", "Team", "User", "Viewer"]
    code, _, err = migrated("users", "add-role", "-u", "ann", "-r", "Nobody")
    assert code == 1
    assert "Valid roles are: Admin, Crew" in err
    assert migrated("users", "add-role", "-u", "ann", "-r", "Team")[0] == 0
    assert "already a member" in migrated("users", "add-role", "-u", "ann", "-r", "Team")[2]
    assert users(migrated)[0]["roles"] == ["Team", "Viewer"]
    out = migrated("users", "remove-role", "-e", "ann@x.y", "-r", "Viewer")[1]
    assert out == 'User "ann" removed from role "Viewer"\n'
    assert migrated("roles", "delete", "Team")[1] == "Deleted 1 role(s)\n"
    assert users(migrated)[0]["roles"] == []
    assert migrated("roles", "delete", "Team")[2] == (
        "slipstream: Role named 'Team' does not exist.\n"
    )
    assert migrated("roles", "delete", "Admin")[0] == 1


def test_permissions_are_given_and_taken(migrated: Cli) -> None:
    migrated("roles", "create", "Team")
    give = ("roles", "add-perms", "Team", "-a", "can_read", "can_edit", "-r", "DAG:x", "XComs")
    assert migrated(*give)[1].endswith("Added 4 permission(s)\n")
    assert migrated(*give)[1] == "Added 0 permission(s)\n"
    for words, why in (
        (("-a", "can_fly", "-r", "DAGs"), "Action named 'can_fly' does not exist"),
        (("-a", "can_read", "-r", "Dags"), "Resource named 'Dags' does not exist"),
    ):
        code, _, err = migrated("roles", "add-perms", "Team", *words)
        assert code == 1
        assert why in err
    take = ("roles", "del-perms", "Team", "-a", "can_edit", "-r", "DAG:x")
    assert "Deleted can edit on DAG:x from role Team" in migrated(*take)[1]
    shown = json.loads(migrated("roles", "list", "-p", "-o", "json")[1])
    assert [r for r in shown if r["name"] == "Team"] == [
        {"name": "Team", "resource": "DAG:x", "action": "can_read"},
        {"name": "Team", "resource": "XComs", "action": "can_edit,can_read"},
    ]


def test_users_and_roles_travel_in_files(migrated: Cli, home: Path) -> None:
    created(migrated)
    migrated("roles", "create", "Team", "Empty")
    migrated("roles", "add-perms", "Team", "-a", "can_read", "-r", "DAGs")
    migrated("users", "add-role", "-u", "ann", "-r", "Team")
    people, roles = str(home / "u.json"), str(home / "r.json")
    assert migrated("users", "export", people)[0] == 0
    assert "2 roles with 2 linked permissions" in migrated("roles", "export", roles, "-p")[1]
    migrated("db", "reset", "--yes")
    code, _, err = migrated("users", "import", people)
    assert code == 1
    assert "Team is not a valid role" in err
    assert users(migrated) == []
    assert migrated("roles", "import", roles)[0] == 0
    assert "Created the following users:\n\tann@x.y" in migrated("users", "import", people)[1]
    assert "Updated the following users:\n\tann@x.y" in migrated("users", "import", people)[1]
    assert users(migrated)[0]["roles"] == ["Team", "Viewer"]
    assert "geheim" not in Path(people).read_text()
    Path(people).write_text('[{"username": "b"}]')
    assert "item 0 needs email" in migrated("users", "import", people)[2]


def test_sync_perm_gives_back_what_standard_roles_lack(with_demo: Cli, home: Path) -> None:
    with_demo("roles", "create", "Late")
    with_demo("roles", "del-perms", "Viewer", "-r", "XComs")
    assert "Added 1 permission(s)" in with_demo("sync-perm")[1]
    text = DEMO.replace("@dag(", '@dag(access_control={"Later": {"can_read"}}, ', 1)
    assert text != DEMO
    (home / "dags" / "demo.py").write_text(text)
    assert with_demo("dags", "reserialize")[0] == 0
    out = with_demo("sync-perm", "--include-dags")[1]
    assert "names a role that does not exist: Later" in out
    with_demo("roles", "create", "Later")
    with_demo("sync-perm", "--include-dags")
    with Store.open() as store, store.read() as conn:
        row = role.get(conn, "Later")
        assert row is not None
        (given,) = role.permissions(conn, [row.id])[row.id]
    assert given[0] == "can_read"
    assert given[1].startswith("DAG:")


def test_the_audit_log_says_what_was_and_what_is(migrated: Cli) -> None:
    created(migrated)
    migrated("users", "add-role", "-u", "ann", "-r", "Op")
    migrated("pools", "set", "p", "3", "three")
    migrated("pools", "set", "p", "4", "three")
    migrated("variables", "set", "k", "v3ry secret")
    with Store.open() as store, store.read() as conn:
        log = {row.event: json.loads(row.extra or "{}") for row in audit.list_newest(conn)[::-1]}
        text = str(audit.list_newest(conn))
    assert log["cli_users_add_role"]["username"] == "ann"
    assert log["cli_users_add_role"]["before"] == {"roles": ["Viewer"]}
    assert log["cli_users_add_role"]["after"] == {"roles": ["Op", "Viewer"]}
    assert log["cli_pools_set"]["before"] == {"slots": 3}
    assert log["cli_pools_set"]["after"] == {"slots": 4}
    assert log["cli_variables_set"]["after"]["value"] == "***"
    for secret in ("geheim", "v3ry secret", "argon2"):
        assert secret not in text


@pytest.mark.parametrize("group", ["users", "roles"])
def test_every_command_has_help_with_an_example(cli: Cli, group: str) -> None:
    from importlib import import_module

    for command in import_module(f"slipstream.cli.{group}").COMMANDS:
        code, out, _ = cli(group, command.name, "--help")
        assert code == 0
        assert f"example:\n  slipstream {group} {command.name}" in out
