"""A window that becomes another: narrower, as a phone that is turned is."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.conftest import PHONE, WIDE
from tests.browser.site import Site


def test_a_dialog_and_what_was_typed_outlive_a_resize(page: Page, site: Site) -> None:
    site.ask("PATCH", "/dags/dated", json={"is_paused": False})
    site.run("dated", "turned")
    site.ended("dated", "turned")
    page.goto("/dags/dated/runs/turned")
    page.get_by_role("button", name="Clear", exact=True).click()
    note = page.get_by_role("dialog").get_by_placeholder("Why? Others will see it.")
    note.fill("much thought")
    for width, height in (PHONE, WIDE):
        page.set_viewport_size({"width": width, "height": height})
        expect(page.locator(".mantine-Splitter-root")).to_have_count(int((width, height) == WIDE))
        expect(note).to_have_value("much thought")
    site.ask("PATCH", "/dags/dated", json={"is_paused": True})
