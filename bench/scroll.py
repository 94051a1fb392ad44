"""How the big pages feel: a grid of 2,000 tasks and 30 runs, and a graph of 1,000 tasks.

    python -m bench.scroll                       # in a window of 1440 by 900
    python -m bench.scroll --chromium /usr/bin/chromium

For each page: when its cells or boxes are first on the screen, counted from when the page was asked
for, its script not cached, and cached; then the times between frames while the wheel goes down the whole grid
and up again, while the graph is dragged, and while it is zoomed. A frame is late if it comes more
than 50 ms after the one before; a long task holds the page's thread for more than 50 ms. The
browser paints without a graphics card, on the cores that the server runs on.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import pages

N_TASKS_OF_GRAPH = 1000
_LATE_MS = 50
_WHEEL_PX = 240
"""Two notches of a wheel, with every frame."""
_PAINTED = """
(selector) => new Promise((resolve) => {
  const look = () => {
    if (!document.querySelector(selector)) return requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  look();
})
"""
_WATCH = """
() => {
  const seen = { frames: [], tasks: [], on: true };
  window.seen = seen;
  new PerformanceObserver((list) => {
    if (seen.on) seen.tasks.push(...list.getEntries().map((task) => task.duration));
  }).observe({ type: "longtask" });
  let before = performance.now();
  const frame = (now) => {
    seen.frames.push(now - before);
    before = now;
    if (seen.on) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}
"""


def watched(page: Page, name: str, do: Callable[[], None]) -> None:
    """Print how frames came while something was done."""
    page.evaluate(_WATCH)
    do()
    seen: Any = page.evaluate("() => { window.seen.on = false; return window.seen }")
    frames = sorted(seen["frames"][1:])
    late = sum(1 for each in frames if each > _LATE_MS)
    tasks = f"{len(seen['tasks'])} long tasks"
    if seen["tasks"]:
        tasks += f" (the longest {max(seen['tasks']):.0f} ms)"
    print(
        f"{name:<14} {len(frames)} frames: median {statistics.median(frames):.1f} ms, "
        f"95 % {frames[len(frames) * 95 // 100]:.1f} ms, longest {frames[-1]:.1f} ms, "
        f"{late} late; {tasks}",
        flush=True,
    )


def opened(page: Page, url: str, selector: str, name: str) -> None:
    took = []
    for _ in range(3):  # what a browser has compiled, it keeps from the second time on
        page.goto(url, wait_until="commit")
        took.append(page.evaluate(_PAINTED, selector))
        page.wait_for_load_state("networkidle")
    print(f"{name:<14} painted after {took[0]:.0f} ms, cached {took[-1]:.0f} ms", flush=True)


def wheel(page: Page, n: int, dx: int = 0, dy: int = 0) -> None:
    for _ in range(n):
        page.mouse.wheel(dx, dy)


def scroll_grid(page: Page, url: str) -> None:
    opened(page, f"{url}?show={pages.N_RUNS}", '[role="gridcell"]', "grid")
    frame = page.get_by_role("treegrid")
    box = frame.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + box["height"] / 2)
    height = frame.evaluate("(e) => e.scrollHeight")
    n = height // _WHEEL_PX + 5
    watched(page, "  down", lambda: wheel(page, n, dy=_WHEEL_PX))
    at = frame.evaluate("(e) => e.scrollTop + e.clientHeight")
    assert at > height - 5, f"the wheel came to {at} of {height} only"
    watched(page, "  up", lambda: wheel(page, n, dy=-_WHEEL_PX))


def move_graph(page: Page, url: str) -> None:
    opened(page, f"{url}?view=graph", ".react-flow__node", "graph")
    box = page.locator(".react-flow").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + 20

    def drag() -> None:
        page.mouse.move(x, y)
        page.mouse.down()
        for turn in range(4):
            page.mouse.move(x + (-300 if turn % 2 else 300), y + 400 * (turn % 2), steps=60)
        page.mouse.up()

    watched(page, "  dragged", drag)
    watched(page, "  out", lambda: wheel(page, 60, dy=40))
    watched(page, "  dragged", drag)
    watched(page, "  in", lambda: wheel(page, 60, dy=-40))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--port", type=int, default=18932)
    args = parser.parse_args()
    for n_tasks, look in ((pages.N_TASKS, scroll_grid), (N_TASKS_OF_GRAPH, move_graph)):
        with tempfile.TemporaryDirectory(prefix="bench-") as home:
            os.environ["AIRFLOW_HOME"] = home
            os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] = "True"
            os.environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] = f"sqlite:///{Path(home)}/bench.db"
            pages.fill(None, n_tasks)
            with pages.server(args.port), sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=args.chromium, args=["--no-sandbox", "--disable-gpu"]
                )
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                look(page, f"http://127.0.0.1:{args.port}/dags/big")
                browser.close()


if __name__ == "__main__":
    main()
