"""Runs as people follow and steer them: triggered, watched, read, cleared, marked, paused."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.site import Site, row_of, staying
from tests.standalone import wait_for


def task_row(page: Page, task: str) -> Locator:
    return row_of(page, "Task instances", task)


def test_a_run_is_triggered_and_seen_to_move_without_a_reload(page: Page, site: Site) -> None:
    page.goto("/dags/watched")
    with staying(page):
        page.get_by_role("button", name="Trigger", exact=True).click()
        dialog = page.get_by_role("dialog", name="Trigger watched")
        dialog.get_by_role("button", name="Trigger", exact=True).click()
        expect(page).to_have_url(re.compile("/dags/watched/runs/manual__"))
        expect(task_row(page, "begin")).to_contain_text("Success")
        expect(task_row(page, "gated")).to_contain_text("Running")
        expect(task_row(page, "end")).to_contain_text("No status")
        expect(page.get_by_role("link", name="Latest run: Running")).to_be_visible()
        site.open_gate("watched")
        expect(task_row(page, "gated")).to_contain_text("Success")
        expect(task_row(page, "end")).to_contain_text("Success")
        expect(page.get_by_role("link", name="Latest run: Success")).to_be_visible()


def test_a_tag_leads_to_the_dags_that_have_it(page: Page) -> None:
    page.goto("/dags/watched")
    page.get_by_role("link", name="observation").click()
    dags = page.get_by_role("table", name="DAGs")
    expect(dags.get_by_role("link", name="watched")).to_be_visible()
    expect(dags.get_by_role("row")).to_have_count(2)  # with the head


def test_a_log_grows_while_its_task_runs_and_each_line_has_an_address(
    page: Page, site: Site
) -> None:
    page.goto(site.run("talking", "spoken"))
    page.get_by_role("link", name="talk", exact=True).click()
    log = page.get_by_role("region", name=re.compile(r"^[\d,]+ lines?$"))
    with staying(page):
        expect(log).to_contain_text("before the gate")
        expect(log).not_to_contain_text("spoken line")
        site.open_gate("talking")
        expect(log).to_contain_text("spoken line 399")
    site.ended("talking", "spoken")

    page.goto("/dags/talking/runs/spoken/tasks/talk#L250")
    line = page.get_by_role("link", name="Link to line 250")
    expect(line).to_be_in_viewport()
    page.get_by_role("button", name="To the end").click()
    expect(line).not_to_be_in_viewport()
    page.get_by_role("button", name="To the top").click()
    page.get_by_role("link", name="Link to line 3", exact=True).click()
    expect(page).to_have_url(re.compile(r"#L3$"))


def test_a_failed_task_is_cleared_after_a_preview_and_runs_again(page: Page, site: Site) -> None:
    run = site.run("mended", "bridge")
    assert site.ended("mended", "bridge") == "failed"
    site.open_gate("mended")
    page.goto(f"{run}/tasks/shaky")
    expect(page.get_by_text("the bridge is out").first).to_be_visible()
    with staying(page):
        page.get_by_role("button", name="Clear", exact=True).click()
        dialog = page.get_by_role("dialog", name="Clear shaky")
        expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
        expect(dialog.get_by_text("2 task instances will change")).to_be_visible()
        affected = dialog.get_by_role("list", name="Task instances that will change")
        expect(affected.get_by_role("listitem")).to_have_text([re.compile("shaky"), "end"])
        dialog.get_by_role("button", name="Clear 2 task instances").click()
        expect(page.get_by_text("2 task instances were cleared.")).to_be_visible()
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("combobox", name="Try")).to_have_value("Try 2 of 2")
        expect(page.get_by_role("link", name="Latest run: Success")).to_be_visible()
    assert site.state_of("mended", "bridge") == "success"


def test_a_running_task_is_marked_after_a_preview_and_the_rest_goes_on(
    page: Page, site: Site
) -> None:
    run = site.run("marked", "waved_through")
    page.goto(f"{run}/tasks/gated")
    instance = page.get_by_role("region", name="Task instance gated")
    expect(instance.get_by_text("Running", exact=True)).to_be_visible()
    with staying(page):
        instance.get_by_role("button", name="Mark as").click()
        page.get_by_role("menuitem", name="Success").click()
        dialog = page.get_by_role("dialog", name="Mark gated")
        expect(dialog.get_by_text("1 task instance will change")).to_be_visible()
        dialog.get_by_role("button", name="Mark 1 as “Success”").click()
        expect(instance.get_by_text("Success", exact=True)).to_be_visible()
        expect(page.get_by_role("link", name="Latest run: Success")).to_be_visible()


def test_a_run_is_marked_as_failed_and_what_runs_is_stopped(page: Page, site: Site) -> None:
    page.goto(site.run("marked", "given_up"))
    expect(task_row(page, "gated")).to_contain_text("Running")
    with staying(page):
        page.get_by_role("button", name="Mark as").click()
        page.get_by_role("menuitem", name="Failed").click()
        dialog = page.get_by_role("dialog", name="Mark given_up")
        expect(dialog.get_by_text("2 task instances will change")).to_be_visible()
        dialog.get_by_role("button", name="Mark the run as “Failed”").click()
        expect(task_row(page, "gated")).to_contain_text("Failed")
        expect(page.get_by_role("link", name="Latest run: Failed")).to_be_visible()


def test_a_dag_is_unpaused_in_the_list_and_paused_on_its_page_and_both_see_it(
    open_page: OpenPage, site: Site
) -> None:
    def is_paused() -> bool:
        return bool(site.ask("GET", "/dags/switched")["is_paused"])

    table, dag = open_page("admin"), open_page("admin")
    table.goto("/dags?show=all&q=switched")
    dag.goto("/dags/switched")
    in_place = table.get_by_role("switch", name=re.compile("pause switched", re.IGNORECASE))
    on_page = dag.get_by_role("switch", name="Active: runs are scheduled")
    expect(in_place).not_to_be_checked()
    expect(on_page).not_to_be_checked()
    with staying(table), staying(dag):
        in_place.press("Space")
        expect(on_page).to_be_checked()
        wait_for(lambda: not is_paused(), "the DAG to go on")
        expect(dag.get_by_role("link", name="Latest run: Success")).to_be_visible()
        on_page.press("Space")
        expect(in_place).not_to_be_checked()
        wait_for(is_paused, "the DAG to be paused")
