"""The form that a DAG's params make, and DAG files that break and heal under people's eyes."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from tests.browser.site import Site, staying


def type_code(editor: Locator, text: str) -> None:
    """Replace what an editor of code holds, which is not a field to browsers."""
    editor.press("Control+A")
    editor.page.keyboard.insert_text(text)


def test_params_are_a_form_that_refuses_wrong_values_and_fills_conf(page: Page, site: Site) -> None:
    page.goto("/dags/formed")
    page.get_by_role("button", name="Trigger", exact=True).click()
    dialog = page.get_by_role("dialog", name="Trigger formed")
    trigger = dialog.get_by_role("button", name="Trigger", exact=True)

    city = dialog.get_by_role("textbox", name="City")
    copies = dialog.get_by_role("textbox", name="copies")
    options = dialog.get_by_role("textbox", name="options")
    city.fill("Gr")
    copies.fill("12")
    type_code(options, "{,")
    trigger.click()
    expect(dialog.get_by_text("At least 3 characters.")).to_be_visible()
    expect(dialog.get_by_text("At most 9.")).to_be_visible()
    expect(dialog.get_by_text("This is not valid JSON")).to_be_visible()
    expect(dialog.get_by_text("3 parameters need attention.")).to_be_visible()
    assert site.ask("GET", "/dags/formed/dagRuns")["total_entries"] == 0

    city.fill("Linz")
    copies.fill("7")
    type_code(options, '{"deep": {"deeper": [1, null]}}')
    dialog.get_by_role("combobox", name="colour").click()
    page.get_by_role("option", name="blue").click()
    dialog.get_by_role("switch", name="urgent").press("Space")
    dialog.get_by_role("textbox", name="day").fill("2026-05-17")
    dialog.get_by_role("textbox", name="names").fill("one\nand two")
    expect(dialog.get_by_text("attention")).to_have_count(0)
    trigger.click()
    expect(page).to_have_url(re.compile("/dags/formed/runs/manual__"))
    expect(page.get_by_role("link", name="Latest run: Success")).to_be_visible()
    (run,) = site.ask("GET", "/dags/formed/dagRuns")["dag_runs"]
    assert run["conf"] == {
        "city": "Linz",
        "copies": 7,
        "colour": "blue",
        "urgent": True,
        "day": "2026-05-17",
        "names": ["one", "and two"],
        "options": {"deep": {"deeper": [1, None]}},
    }
    assert site.ask("GET", "/dags/formed")["is_paused"] is False, "it was to be unpaused"


SOUND = """
from airflow.sdk import DAG, task

with DAG("fragile", schedule=None):
    @task
    def hold(): ...
    hold()
"""
BROKEN = SOUND.replace("    hold()", "    hold(1 / 0)")


def test_a_dag_file_that_breaks_is_shown_with_its_line_and_goes_when_it_is_healed(
    page: Page, site: Site
) -> None:
    file = site.dags_folder / "fragile.py"
    page.goto("/import_errors")
    expect(page.get_by_text("Every DAG file can be imported")).to_be_visible()
    with staying(page):
        file.write_text(BROKEN)
        broken = page.get_by_role("article", name="fragile.py")
        expect(broken).to_contain_text("division by zero")
        expect(broken).to_contain_text("line 7")
        expect(broken).to_contain_text("hold(1 / 0)")
        file.write_text(SOUND)
        expect(broken).to_have_count(0)
        expect(page.get_by_text("Every DAG file can be imported")).to_be_visible()

    page.goto("/dags/fragile")
    alert = page.get_by_role("alert").filter(has_text="Its file can't be imported")
    with staying(page):
        expect(page.get_by_role("heading", name="fragile")).to_be_visible()
        file.write_text(BROKEN)
        expect(alert).to_be_visible()
        alert.get_by_role("button", name="Show the error").click()
        error = page.get_by_role("dialog", name="Its file can't be imported")
        expect(error).to_contain_text("ZeroDivisionError")
        page.keyboard.press("Escape")
        file.write_text(SOUND)
        expect(alert).to_have_count(0)
