"""Fixtures of the browser's tests: one installation for each test process, and people in front of it.

Whatever a page complains about (an exception, an error on the console, an answer of 5xx) fails the test
that made it do so. Nothing here sleeps: what takes time is waited for with ``expect``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.browser.site import Site

WITHIN_MS = 30_000
WIDE, PHONE = (1440, 900), (400, 800)
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running installation with the DAGs of ``dags``."""
    with Site.start(tmp_path_factory.mktemp("site") / "home") as started:
        yield started


def _chromium() -> str:
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    why = f"no browser: none of {', '.join(_NAMES)} is installed"
    if os.environ.get("CI"):
        pytest.fail(why, pytrace=False)
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium. Not for the whole session: its event loop is in the way of tests of asyncio."""
    path = _chromium()
    expect.set_options(timeout=WITHIN_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield started
        started.close()


class Complaints(list[str]):
    """What pages complained about, less what the test says is right."""

    def __init__(self) -> None:
        super().__init__()
        self._expected: list[re.Pattern[str]] = []

    def expect(self, pattern: str) -> None:
        """Let be what the pattern fits: a login that is refused, say, is on the console, too."""
        self._expected.append(re.compile(pattern))

    def listen(self, context: BrowserContext) -> None:
        context.on("weberror", lambda found: self.append(f"exception: {found.error}"))
        context.on("console", lambda said: said.type == "error" and self.append(said.text))
        context.on(
            "response",
            lambda answer: (
                answer.status >= 500 and self.append(f"{answer.status} from {answer.url}")
            ),
        )

    def left(self) -> list[str]:
        return [each for each in self if not any(known.search(each) for known in self._expected)]


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Collect what pages complain about; there may be nothing in the end."""
    found = Complaints()
    yield found
    assert not found.left()


def open_window(
    browser: Browser,
    site: Site,
    complaints: Complaints,
    user: str | None = None,
    size: tuple[int, int] = WIDE,
) -> Page:
    """Open a window with nothing kept from others: of a user who is logged in, or of nobody."""
    width, height = size
    context = browser.new_context(
        base_url=site.url,
        viewport={"width": width, "height": height},
        locale="en-US",
        storage_state=site.logged_in(user) if user else None,
    )
    context.set_default_timeout(WITHIN_MS)
    complaints.listen(context)
    return context.new_page()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, site: Site, complaints: Complaints) -> Iterator[OpenPage]:
    """Return a function that opens a window: of the user that it is given, or of nobody."""
    opened: list[Page] = []

    def open_one(user: str | None = None, size: tuple[int, int] = WIDE) -> Page:
        opened.append(open_window(browser, site, complaints, user, size))
        return opened[-1]

    yield open_one
    for each in opened:
        each.context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A wide window in which the admin is logged in."""
    return open_page("admin")


@pytest.fixture
def visitor(open_page: OpenPage) -> Page:
    """A window of somebody who is not logged in."""
    return open_page()
