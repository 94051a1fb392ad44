"""The palette: what it finds, and what it does."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from tests.browser.site import Site


def open_palette(page: Page, typed: str) -> Locator:
    """Open the palette, type, and return it."""
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+K")
    search = page.get_by_role("dialog").get_by_label("Search")
    expect(search).to_be_focused()
    search.press_sequentially(typed)
    return page.get_by_role("dialog")


def test_a_dag_is_found_by_its_id_though_it_is_shown_by_a_name(page: Page) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    found = open_palette(page, "ledger_7")
    expect(found.get_by_text("Great ledger")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Great ledger", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("/dags/ledger_7$"))


def test_what_was_typed_is_forgotten_even_if_it_is_opened_before_it_has_closed(page: Page) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    search = open_palette(page, "ledger").get_by_label("Search")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+K")
    expect(search).to_have_value("")
    search.press_sequentially("po")
    page.wait_for_function("() => document.getAnimations().every((a) => a.playState !== 'running')")
    expect(search).to_have_value("po")


def test_the_search_field_stays_where_it_is_while_the_list_shrinks(page: Page) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    palette = open_palette(page, "")
    search = palette.get_by_label("Search")
    expect(palette.get_by_text("Task instances")).to_be_visible()
    page.wait_for_function("() => document.getAnimations().every((a) => a.playState !== 'running')")
    before = search.bounding_box()
    search.press_sequentially("zzz")
    expect(palette.get_by_text("Nothing is called that")).to_be_visible()
    assert search.bounding_box() == before


def test_the_dag_of_the_page_is_paused_favored_and_triggered_from_the_palette(
    page: Page, site: Site
) -> None:
    page.goto("/dags/dated")
    expect(page.get_by_role("heading", name="dated", level=1)).to_be_visible()
    for word, is_paused in (("Pause", True), ("Unpause", False)):
        open_palette(page, word)
        page.keyboard.press("Enter")
        switch = page.get_by_role("switch", name="Active: runs are scheduled")
        expect(switch).to_be_checked(checked=not is_paused)
        assert site.ask("GET", "/dags/dated")["is_paused"] is is_paused
    open_palette(page, "favorites")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("button", name="Take dated out of your favorites")).to_be_visible()
    open_palette(page, "Trigger")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Trigger dated")).to_be_visible()


def test_how_pages_look_is_chosen_in_the_palette(page: Page) -> None:
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    open_palette(page, "Dark")
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.documentElement.dataset.mantineColorScheme === 'dark'")
    open_palette(page, "Deutsch")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Dienste", level=1)).to_be_visible()
