"""Every page for everybody: axe finds nothing serious, in light and dark, on wide screens and phones.

The same goes for what opens above pages; and no page is wider than a phone.

``ui/tests/pages.json`` says which addresses are looked at, by the router's own paths; a test beside it
fails when a route is missing there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.conftest import PHONE, WIDE, Complaints, open_window
from tests.browser.site import Site

UI = Path(__file__).parents[2] / "ui"
AXE = UI / "node_modules" / "axe-core" / "axe.min.js"
PAGES = json.loads((UI / "tests" / "pages.json").read_text())
COLOURS = ["color-contrast", "link-in-text-block"]
# The dark differs in colours alone.
LOOKS = [
    *(("light", WIDE, None), ("light", PHONE, None)),
    *(("dark", WIDE, COLOURS), ("dark", PHONE, COLOURS)),
]
_RUN = """async (rules) => {
    const { violations } = await axe.run(document, {
        resultTypes: ["violations"],
        ...(rules && { runOnly: rules }),
    });
    return violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => ({
            id,
            nodes: nodes.slice(0, 5).map((node) => `${node.html}\\n${node.failureSummary}`),
        }));
}"""
_AT_REST = """(scheme) =>
    document.documentElement.dataset.mantineColorScheme === scheme &&
    document.getAnimations().every(({ playState }) => playState !== "running")"""
_WIDER_BY = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of axe, which the build of the pages has installed."""
    if not AXE.is_file():
        why = f"{AXE} is missing: run npm ci in ui/"
        if os.environ.get("CI"):
            pytest.fail(why, pytrace=False)
        pytest.skip(why)
    return AXE.read_text()


@pytest.fixture(scope="module")
def shown(site: Site) -> Iterator[None]:
    """Something to see on every page."""
    site.ask("PATCH", "/dags/gallery", json={"is_paused": False})
    site.run("gallery", "shown", logical_date="2026-02-01T00:00:00Z", note="A **note**.")
    assert site.ended("gallery", "shown") == "failed"
    site.ask("PATCH", "/dags/gallery", json={"is_paused": True})
    connection = {"connection_id": "seen", "conn_type": "postgres", "host": "db.example.org"}
    site.ask("POST", "/connections", json=connection)
    site.ask("POST", "/variables", json={"key": "seen", "value": '{"a": [1, 2]}'})
    broken = site.dags_folder / "unreadable.py"
    broken.write_text("from airflow.sdk import DAG\nDAG(1 / 0)\n")
    yield
    broken.unlink()
    site.ask("DELETE", "/connections/seen")
    site.ask("DELETE", "/variables/seen")


def settled(page: Page, address: str) -> None:
    """Go to a page and wait until it shows what it is about."""
    page.goto(address)
    expect(page.get_by_role("main")).to_be_visible()
    expect(page.get_by_label("Loading")).to_have_count(0)
    expect(page.locator(".mantine-Skeleton-root")).to_have_count(0)


def serious(page: Page, axe: str) -> list[str]:
    """Return what axe finds on a page in each look: the rule, and the elements."""
    found = []
    page.evaluate(axe)
    for scheme, (width, height), rules in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_function(_AT_REST, arg=scheme)
        if (wider_by := page.evaluate(_WIDER_BY)) > 0:
            found.append(f"{scheme}, {width} wide: the page is wider by {wider_by}")
        found += [
            f"{scheme}, {width} wide: {each['id']}\n" + "\n".join(each["nodes"])
            for each in page.evaluate(_RUN, rules)
        ]
    return found


@pytest.fixture(scope="module")
def visit(browser: Browser, site: Site, shown: None) -> Iterator[tuple[Page, Complaints]]:
    """One window for all pages: another one would have to load every script again."""
    complaints = Complaints()
    page = open_window(browser, site, complaints, "admin")
    yield page, complaints
    page.context.close()


@pytest.mark.parametrize("address", [each for addresses in PAGES.values() for each in addresses])
def test_axe_finds_nothing_serious(visit: tuple[Page, Complaints], axe: str, address: str) -> None:
    page, complaints = visit
    complaints.clear()
    settled(page, address)
    findings = serious(page, axe)
    assert not findings, "\n\n".join(findings)
    assert not complaints


RUN = "/dags/gallery/runs/shown"
OPENED: dict[str, tuple[str, list[str]]] = {
    "settings": ("/", ["Account and settings"]),
    "logins": ("/", ["Account and settings", "Logins"]),
    "password": ("/", ["Account and settings", "Change password"]),
    "shortcuts": ("/", ["Account and settings", "Keyboard shortcuts"]),
    "palette": ("/dags/gallery", ["Control+K"]),
    "trigger form": ("/dags/formed", ["Trigger"]),
    "DAG's menu": ("/dags/gallery", ["More actions"]),
    "deletion of a DAG": ("/dags/gallery", ["More actions", "Delete…"]),
    "docs": ("/dags/gallery", ["Docs"]),
    "grid's filters": ("/dags/gallery", ["Which runs"]),
    "new backfill": ("/dags/gallery/backfills", ["New backfill"]),
    "clearing of a run": (RUN, ["Clear"]),
    "marking of a run": (RUN, ["Mark as", "Failed"]),
    "note": (f"{RUN}/tasks/unlock", ["Add a note"]),
    "clearing of a task instance": (f"{RUN}/tasks/fall", ["Clear"]),
    "log's filters": (f"{RUN}/tasks/fall", ["Filter by level and logger"]),
    "new XCom": (f"{RUN}/tasks/unlock/xcom", ["Add an XCom"]),
    "entry of the audit log": ("/events", ["Show"]),
    "value of an XCom": ("/xcoms", ["Show"]),
    "new connection": ("/connections", ["Add connection"]),
    "connection": ("/connections", ["Edit seen"]),
    "deletion of a connection": ("/connections", ["Delete seen"]),
    "new variable": ("/variables", ["Add variable"]),
    "import of variables": ("/variables", ["Import"]),
    "new pool": ("/pools", ["Add pool"]),
    "new user": ("/users", ["Add user"]),
}


@pytest.mark.parametrize("opened", OPENED)
def test_axe_finds_nothing_serious_in_what_opens(
    visit: tuple[Page, Complaints], axe: str, opened: str
) -> None:
    page, complaints = visit
    complaints.clear()
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    address, steps = OPENED[opened]
    settled(page, address)
    for step in steps:
        if "+" in step:
            page.keyboard.press(step)
        else:
            button = page.get_by_role("button", name=step, exact=True)
            button.or_(page.get_by_role("menuitem", name=step)).first.click()
    above = page.locator("[role=dialog]:visible, [role=menu]:visible")
    expect(above.first).to_be_visible()
    findings = serious(page, axe)
    assert not findings, "\n\n".join(findings)
    assert not complaints
