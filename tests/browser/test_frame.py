"""The frame around every page: palette, shortcuts, appearance, language, time zone, a phone's navigation."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import PHONE, OpenPage
from tests.browser.site import Site


def open_settings(page: Page) -> None:
    page.get_by_role("button", name="Account and settings").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_the_palette_finds_dags_and_pages_by_keyboard(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    page.keyboard.press("Control+K")
    palette = page.get_by_role("dialog").get_by_label("Search")
    expect(palette).to_be_focused()
    palette.press_sequentially("dated")
    expect(page.get_by_role("dialog").get_by_text("dated")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="dated", level=1)).to_be_visible()
    expect(palette).to_be_hidden()
    page.keyboard.press("Control+K")
    expect(palette).to_be_focused()
    palette.press_sequentially("Pools")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Pools", level=1)).to_be_visible()


def test_a_question_mark_shows_the_shortcuts_and_escape_hides_them(page: Page) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    page.keyboard.press("Shift+?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_contain_text("Search pages and DAGs")
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()


def test_the_dark_is_chosen_and_kept(page: Page) -> None:
    def is_dark() -> bool:
        lightness = page.evaluate(
            "() => getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
        )
        return sum(lightness[:3]) < 3 * 100

    page.goto("/")
    open_settings(page)
    assert not is_dark()
    page.get_by_role("radiogroup", name="Appearance").get_by_text("Dark").click()
    page.wait_for_function("() => document.documentElement.dataset.mantineColorScheme === 'dark'")
    assert is_dark()
    page.reload()
    expect(page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
    assert is_dark()


def test_german_is_chosen_and_kept(page: Page) -> None:
    page.goto("/connections")
    open_settings(page)
    page.get_by_role("combobox", name="Language").click()
    page.get_by_role("option", name="Deutsch").click()
    expect(page.get_by_role("heading", name="Verbindungen", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Verbindungen", level=1)).to_be_visible()
    assert page.evaluate("() => document.documentElement.lang") == "de"


def test_times_are_shown_in_the_zone_that_is_chosen(page: Page, site: Site) -> None:
    run = site.run("dated", "noon", logical_date="2026-03-01T12:00:00Z")
    page.goto(f"{run}/details")
    facts = page.get_by_role("tabpanel", name="Details")
    expect(facts).to_contain_text("2026-03-01 12:00:00")
    open_settings(page)
    page.get_by_role("combobox", name="Time zone").fill("Tokyo")
    page.get_by_role("option", name="Asia/Tokyo").click()
    expect(facts).to_contain_text("2026-03-01 21:00:00")
    page.reload()
    expect(facts).to_contain_text("2026-03-01 21:00:00")


def test_a_phone_gets_everywhere(open_page: OpenPage) -> None:
    page = open_page("admin", PHONE)
    page.goto("/dags")
    expect(page.get_by_role("heading", name="DAGs", level=1)).to_be_visible()
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation).not_to_be_in_viewport()
    page.get_by_role("button", name="Open the navigation").click()
    expect(navigation).to_be_in_viewport()
    navigation.get_by_role("link", name="Variables").click()
    expect(page.get_by_role("heading", name="Variables", level=1)).to_be_visible()
    expect(navigation).not_to_be_in_viewport()
    page.get_by_role("banner").get_by_role("link", name="Slipstream").click()
    expect(page.get_by_role("heading", name="Home", exact=True)).to_be_visible()


@pytest.mark.parametrize("page_of", ["connections", "variables", "users"])
def test_on_a_phone_what_can_be_done_with_a_row_is_in_sight(
    open_page: OpenPage, site: Site, page_of: str
) -> None:
    name = {"users": "admin"}.get(page_of, "phoned")
    if page_of == "connections":
        site.ask(
            "POST",
            "/connections",
            json={
                "connection_id": name,
                "conn_type": "http",
                "host": "a.rather.long.host.example.org",
            },
        )
    elif page_of == "variables":
        site.ask("POST", "/variables", json={"key": name, "value": "a rather long value " * 5})
    page = open_page("admin", PHONE)
    page.goto(f"/{page_of}")
    expect(page.get_by_role("button", name=f"Edit {name}")).to_be_in_viewport(ratio=1)


def test_the_list_of_dags_is_narrowed_by_tag_and_by_owner(page: Page) -> None:
    page.goto("/dags")
    others = page.get_by_role("link", name="talking", exact=True)
    expect(others).to_be_visible()
    owners = page.get_by_placeholder("Owners")
    owners.fill("cartographers")
    owners.press("Enter")
    expect(others).to_be_hidden()
    expect(page.get_by_role("link", name="marked", exact=True)).to_be_visible()
    page.goto("/dags?tag=observation")
    expect(page.get_by_role("link", name="watched", exact=True)).to_be_visible()
    expect(others).to_be_hidden()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_documents_pages_ask_no_other_server_for_anything(page: Page, path: str) -> None:
    asked: list[str] = []
    refused: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
    page.goto(path)
    expect(page.get_by_text("List Backfills").first).to_be_attached()
    own = page.url.removesuffix(path)
    assert [url for url in asked if not url.startswith((own, "data:", "blob:"))] == []
    assert refused == []
