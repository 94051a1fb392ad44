"""What those who run the place keep: connections, variables, pools, users."""

from __future__ import annotations

import json
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.browser.conftest import Complaints
from tests.browser.site import Site, field, row_of, staying
from tests.browser.test_login import log_in


def test_a_connection_is_made_changed_and_deleted_and_its_password_never_shown(
    page: Page, site: Site
) -> None:
    secret = "hush-hush-4711"
    page.goto("/connections")
    page.get_by_role("button", name="Add connection").click()
    dialog = page.get_by_role("dialog", name="Add connection")
    field(dialog, "Connection ID").fill("warehouse")
    field(dialog, "Type").fill("postgres")
    field(dialog, "Host").fill("db.example.org")
    field(dialog, "Login").fill("loader")
    field(dialog, "Password").fill(secret)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("warehouse is saved.")).to_be_visible()
    row = row_of(page, "Connections", "warehouse")
    expect(row).to_contain_text("db.example.org")

    row.get_by_role("button", name="Edit warehouse").click()
    dialog = page.get_by_role("dialog", name="Edit warehouse")
    expect(field(dialog, "Host")).to_be_focused()
    expect(page.get_by_role("option")).to_have_count(0)
    dialog.get_by_role("button", name="Show the password").click()
    assert secret not in field(dialog, "Password").input_value()
    assert secret not in page.content()
    field(dialog, "Host").fill("other.example.org")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("other.example.org")
    kept = site.ask("GET", "/connections/warehouse")
    assert (kept["host"], kept["login"]) == ("other.example.org", "loader")
    assert secret not in json.dumps(kept)
    assert kept["password"], "it was to stay"

    row.get_by_role("button", name="Delete warehouse").click()
    confirm = page.get_by_role("dialog", name="Delete the connection warehouse?")
    confirm.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    assert site.ask("GET", "/connections", params={"connection_id_pattern": "warehouse"}) == {
        "connections": [],
        "total_entries": 0,
    }


def test_variables_go_into_a_file_and_come_back_from_it(
    page: Page, site: Site, tmp_path: Path
) -> None:
    page.goto("/variables?q=threshold")  # others are other tests'
    page.get_by_role("button", name="Add variable").click()
    dialog = page.get_by_role("dialog", name="Add variable")
    field(dialog, "Key").fill("threshold")
    dialog.get_by_role("textbox", name="Value").fill('{"low": 1}')
    dialog.get_by_role("button", name="Save").click()
    row = row_of(page, "Variables", "threshold")
    expect(row).to_contain_text('"low"')

    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "variables.json"
    download.value.save_as(file)
    assert json.loads(file.read_text()) == {"threshold": '{"low": 1}'}

    row.get_by_role("button", name="Delete threshold").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)

    page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog", name="Import variables")
    with page.expect_file_chooser() as chooser:
        dialog.get_by_role("button", name="JSON file").click()
    chooser.value.set_files(file)
    expect(dialog.get_by_text("One variable found")).to_be_visible()
    dialog.get_by_role("button", name="Import").click()
    expect(page.get_by_text("One variable is imported.")).to_be_visible()
    expect(row).to_contain_text('"low"')
    assert json.loads(site.ask("GET", "/variables/threshold")["value"]) == {"low": 1}


def test_a_pool_is_made_and_given_more_slots(page: Page) -> None:
    page.goto("/pools")
    with staying(page):
        page.get_by_role("button", name="Add pool").click()
        dialog = page.get_by_role("dialog", name="Add pool")
        field(dialog, "Name").fill("narrow")
        field(dialog, "Slots").fill("2")
        dialog.get_by_role("button", name="Save").click()
        pool = page.get_by_role("article", name="narrow")
        expect(pool).to_contain_text("0 of 2 slots taken")
        pool.get_by_role("button", name="Edit narrow").click()
        dialog = page.get_by_role("dialog", name="Edit narrow")
        field(dialog, "Slots").fill("5")
        dialog.get_by_role("button", name="Save").click()
        expect(pool).to_contain_text("0 of 5 slots taken")


def test_a_new_user_logs_in_and_may_do_no_more_than_their_role(
    page: Page, visitor: Page, complaints: Complaints
) -> None:
    complaints.expect("40[13]")
    page.goto("/users")
    page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog", name="Add user")
    field(dialog, "User name").fill("vera")
    field(dialog, "Email").fill("vera@example.org")
    field(dialog, "Password").fill("a long enough secret")
    dialog.get_by_role("button", name="Save").click()
    expect(row_of(page, "Users", "vera")).to_contain_text("Viewer")

    visitor.goto("/dags/dated")
    log_in(visitor, "vera", "a long enough secret")
    expect(visitor.get_by_role("heading", name="dated")).to_be_visible()
    expect(visitor.get_by_role("switch", name="Active: runs are scheduled")).to_be_disabled()
    expect(visitor.get_by_role("button", name="Trigger")).to_have_count(0)
    visitor.get_by_role("navigation", name="Main").get_by_role("link", name="DAGs").click()
    expect(visitor.get_by_role("link", name="dated")).to_be_visible()
    expect(visitor.get_by_role("button", name="Trigger dated")).to_have_count(0)
    expect(visitor.get_by_role("link", name="Connections")).to_have_count(0)
    visitor.goto("/users")
    expect(visitor.get_by_text("You may not see this page")).to_be_visible()


def test_what_can_be_done_with_a_long_variable_is_in_sight_on_a_wide_screen(
    page: Page, site: Site
) -> None:
    key = "a.key." + "x" * 200
    given = {"key": key, "value": "much text " * 50, "description": "more of it " * 20}
    site.ask("POST", "/variables", json=given)
    page.goto("/variables?q=a.key.")
    expect(page.get_by_role("button", name=f"Delete {key}")).to_be_in_viewport(ratio=1)
