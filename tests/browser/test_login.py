"""Coming in and going out."""

from __future__ import annotations

from playwright.sync_api import Page, expect
from tests.browser.conftest import Complaints
from tests.browser.site import Site, field


def log_in(page: Page, name: str, password: str) -> None:
    field(page, "User name").fill(name)
    field(page, "Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_login_leads_to_the_page_that_was_asked_for(
    visitor: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expect("401")
    visitor.goto("/variables?q=nothing#here")
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()
    log_in(visitor, "admin", site.admin_password)
    expect(visitor.get_by_role("heading", name="Variables", level=1)).to_be_visible()
    expect(visitor).to_have_url(f"{site.url}/variables?q=nothing#here")


def test_a_wrong_password_is_told_and_the_right_one_taken_after_it(
    visitor: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expect("401")
    visitor.goto("/login")
    log_in(visitor, "admin", "not the password")
    expect(visitor.get_by_role("alert")).to_have_text("Invalid credentials")
    expect(field(visitor, "User name")).to_have_value("admin")
    log_in(visitor, "admin", site.admin_password)
    expect(visitor.get_by_role("heading", name="Home", exact=True)).to_be_visible()


def test_who_logs_out_has_to_log_in_again(
    visitor: Page, site: Site, complaints: Complaints
) -> None:
    complaints.expect("401")
    visitor.goto("/login")
    log_in(visitor, "admin", site.admin_password)
    visitor.get_by_role("button", name="Account and settings").click()
    visitor.get_by_role("button", name="Log out").click()
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()
    visitor.goto("/dags")
    expect(visitor.get_by_role("heading", name="Log in")).to_be_visible()
    expect(visitor.get_by_role("link", name="DAGs")).to_have_count(0)


def test_an_address_that_does_not_exist_says_so_and_leads_home(page: Page) -> None:
    page.goto("/no/such/page")
    expect(page.get_by_text("There is no such page")).to_be_visible()
    page.get_by_role("link", name="Go home").click()
    expect(page.get_by_role("heading", name="Home", exact=True)).to_be_visible()
