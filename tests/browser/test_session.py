"""What happens to an open page when its login ends, or its server goes away and comes back as another."""

from __future__ import annotations

import re

import httpx
from playwright.sync_api import BrowserContext, Page, Route, expect
from tests.browser.conftest import Complaints
from tests.browser.site import Site, field, staying
from tests.browser.test_login import log_in


def end_login(context: BrowserContext, site: Site) -> None:
    """End the login behind the page's back, as its lapse or an admin would."""
    token = next(each["value"] for each in context.cookies() if each["name"] == "_token")
    headers = {"Authorization": f"Bearer {token}"}
    reply = httpx.post(f"{site.url}/auth/logout", headers=headers, trust_env=False)
    assert reply.status_code == 204, reply.text


def test_a_form_outlives_the_login_and_is_saved_after_the_next_one(
    visitor: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expect("40[13]")
    visitor.goto("/variables")
    log_in(visitor, "admin", site.admin_password)
    visitor.get_by_role("button", name="Add variable").click()
    with staying(visitor):
        form = visitor.get_by_role("dialog", name="Add variable")
        field(form, "Key").fill("long_typed")
        form.get_by_role("textbox", name="Value").fill("much work")
        end_login(visitor.context, site)
        form.get_by_role("button", name="Save").click()
        again = visitor.get_by_role("dialog", name="Your login has ended")
        expect(field(again, "User name")).to_have_value("admin")
        password = field(again, "Password")
        password.press("Escape")
        password.fill("not the password")
        password.press("Enter")
        expect(again.get_by_role("alert")).to_have_text("Invalid credentials")
        password.fill(site.admin_password)
        password.press("Enter")
        expect(visitor.get_by_text("long_typed is saved.")).to_be_visible()
        expect(again).to_be_hidden()
    assert site.ask("GET", "/variables/long_typed")["value"] == "much work"


def test_a_page_that_is_only_looked_at_says_that_the_login_has_ended(
    visitor: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expect("40[13]")
    visitor.goto("/jobs")
    log_in(visitor, "admin", site.admin_password)
    expect(visitor.get_by_role("cell", name="SchedulerJob")).to_be_visible()
    end_login(visitor.context, site)
    again = visitor.get_by_role("dialog", name="Your login has ended")
    expect(again).to_be_visible()
    again.get_by_role("button", name="Log in as somebody else").click()
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()
    expect(visitor).to_have_url(re.compile(r"/login\?next=%2Fjobs$"))


def test_a_page_whose_script_is_not_to_be_had_opens_once_the_server_answers(
    page: Page, complaints: Complaints
) -> None:
    complaints.expect("Failed to load resource|ERR_FAILED")
    is_away = True

    def answer(route: Route) -> None:
        if is_away:
            route.abort()
        else:
            route.continue_()

    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()
    for pattern in ("**/static/Pools-*.js", "**/api/v2/version"):
        page.route(pattern, answer)
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Pools").click()
    expect(page.get_by_text("This page did not load")).to_be_visible()
    is_away = False
    expect(page.get_by_role("article", name="default_pool")).to_be_visible()


def test_a_page_beside_the_prefix_leads_below_it(page: Page, site: Site) -> None:
    """Stands for a server with ``[api] base_url``, whose port somebody opens without the path."""
    base = "/team/flow/"

    def as_with_prefix(route: Route) -> None:
        reply = route.fetch(url=f"{site.url}/dags?show=all")
        html = reply.text().replace('<base href="/"', f'<base href="{base}"')
        route.fulfill(response=reply, body=html)

    def below_prefix(route: Route) -> None:
        route.continue_(url=route.request.url.replace(base, "/"))

    page.route(re.compile(f"{base}(?!dags)"), below_prefix)
    page.route(re.compile(r"/dags\?show=all$"), as_with_prefix)
    page.goto("/dags?show=all")
    expect(page).to_have_url(f"{site.url}{base}dags?show=all")
    expect(page.get_by_role("link", name="gallery")).to_be_visible()
