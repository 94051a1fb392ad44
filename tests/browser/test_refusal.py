"""What people see who may see little: no page breaks, and each refusal says what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Complaints
from tests.browser.site import Site
from tests.browser.test_login import log_in

SECRET = "a long enough secret"


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[None]:
    """A viewer, and somebody without any permission."""
    for name, role in (("vito", "Viewer"), ("nils", "Public")):
        site.make_user(name, SECRET, role)
    yield
    for name in ("vito", "nils"):
        site.delete_user(name)


@pytest.fixture
def viewer(visitor: Page, people: None, complaints: Complaints) -> Page:
    complaints.expect("40[13]")
    visitor.goto("/login")
    log_in(visitor, "vito", SECRET)
    expect(visitor.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    return visitor


@pytest.mark.parametrize(
    ("address", "permission"),
    [
        ("/connections", "can_read on Connections"),
        ("/users", "can_read on Users"),
        ("/dags/dated/events", "can_read on Audit Logs"),
    ],
)
def test_a_page_that_is_not_for_everybody_names_the_permission(
    viewer: Page, address: str, permission: str
) -> None:
    viewer.goto(address)
    expect(viewer.get_by_role("heading", name=re.compile("You may not see this"))).to_be_visible()
    expect(viewer.get_by_role("main")).to_contain_text(f"It needs the permission {permission}.")


def test_a_link_to_the_trigger_form_opens_none_for_who_may_not_trigger(viewer: Page) -> None:
    viewer.goto("/dags/dated?trigger=1")
    expect(viewer.get_by_role("heading", name="dated", level=1)).to_be_visible()
    expect(
        viewer.get_by_role("tab", name="Overview").or_(viewer.get_by_text("Overview"))
    ).to_be_visible()
    expect(viewer.get_by_role("dialog")).to_have_count(0)


def test_who_may_see_nothing_is_told_so_and_not_that_the_server_is_away(
    visitor: Page, people: None, complaints: Complaints
) -> None:
    complaints.expect("40[13]")
    visitor.goto("/login")
    log_in(visitor, "nils", SECRET)
    expect(visitor.get_by_role("heading", name="You may not see this")).to_be_visible()
    navigation = visitor.get_by_role("navigation", name="Main")
    expect(navigation).not_to_contain_text("Browse")
    expect(visitor.get_by_text("Connection lost")).to_have_count(0)
    expect(visitor.get_by_role("status", name="Connecting")).to_have_count(0)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/dags/nowhere", "There is no DAG nowhere"),
        ("/dags/dated/runs/never", "There is no run never"),
        ("/dags/dated/runs/never/tasks/begin", "This run has no task instance of begin"),
    ],
)
def test_what_is_gone_is_said_to_be_gone(
    page: Page, complaints: Complaints, address: str, words: str
) -> None:
    complaints.expect("404")
    page.goto(address)
    expect(page.get_by_role("heading", name=words)).to_be_visible()


def test_a_favorite_is_starred_filtered_by_and_on_the_home_page(page: Page) -> None:
    page.goto("/dags/marked")
    page.get_by_role("button", name="Add marked to your favorites").click()
    expect(page.get_by_role("button", name="Take marked out of your favorites")).to_be_visible()
    page.goto("/dags?show=all")
    expect(page.get_by_role("link", name="talking", exact=True)).to_be_visible()
    page.get_by_placeholder("Favorites").click()
    page.get_by_role("option", name="Favorites only").click()
    expect(page.get_by_role("link", name="talking", exact=True)).to_have_count(0)
    expect(page.get_by_role("link", name="marked", exact=True)).to_be_visible()
    page.goto("/")
    favorites = page.get_by_role("region", name="Favorites")
    expect(favorites.get_by_role("link", name="marked")).to_be_visible()
    page.goto("/dags/marked")
    page.get_by_role("button", name="Take marked out of your favorites").click()
    expect(page.get_by_role("button", name="Add marked to your favorites")).to_be_visible()
