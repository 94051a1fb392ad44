"""What the machine itself can do: forks of a bare Python process, copies of pages, and commits.

    python -m bench.limits

Cores that are shared with others change their speed within minutes. These figures, taken just before
and just after a measurement, say how much of a change is the machine's.
"""

from __future__ import annotations

import mmap
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SIZE_MB = 26
N_FORKS = 400
N_COMMITS = 2000
N_PAGES = 10_000


def figures() -> dict[str, float]:
    """Measure in a process of its own, which has the size that is meant."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.limits"], check=True, capture_output=True, text=True
    )
    return {name: float(value) for name, value in (line.split("=") for line in done.stdout.split())}


def forks_per_s(at_once: int, n_forks: int = N_FORKS) -> float:
    """Fork children that end at once, ``at_once`` of them at a time."""
    began = time.perf_counter()
    n_begun = n_ended = 0
    while n_ended < n_forks:
        while n_begun - n_ended < at_once and n_begun < n_forks:
            if os.fork() == 0:
                os._exit(0)
            n_begun += 1
        os.wait()
        n_ended += 1
    return n_forks / (time.perf_counter() - began)


def copied_page_us(n_pages: int = N_PAGES) -> float:
    """Return the microseconds of a child's first write to a page that it shares with its parent.

    Most of what a task's process costs is made of such writes.
    """
    with mmap.mmap(
        -1, n_pages * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
    ) as pages:
        firsts = range(0, n_pages * mmap.PAGESIZE, mmap.PAGESIZE)
        for at in firsts:
            pages[at] = 1
        receive, send = os.pipe()
        if os.fork() == 0:
            began = time.perf_counter()
            for at in firsts:
                pages[at] = 2
            os.write(send, repr(time.perf_counter() - began).encode())
            os._exit(0)
        os.wait()
        taken = float(os.read(receive, 100))
        os.close(receive)
        os.close(send)
    return taken / n_pages * 1e6


def sqlite_commits_per_s(n_commits: int = N_COMMITS) -> float:
    """Commit single rows in WAL mode, as the store does."""
    with tempfile.TemporaryDirectory(prefix="bench-limits-") as folder:
        connection = sqlite3.connect(Path(folder) / "x.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE t (n INTEGER)")
        began = time.perf_counter()
        for n in range(n_commits):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES (?)", (n,))
            connection.execute("COMMIT")
        taken = time.perf_counter() - began
        connection.close()
    return n_commits / taken


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    block = 100_000
    ballast = []
    while _resident_mb() < SIZE_MB:
        ballast.append(bytes(block) + b".")
    print(f"forks_per_s={forks_per_s(1):.1f}")
    print(f"forks_2_per_s={forks_per_s(2):.1f}")
    print(f"copied_page_us={copied_page_us():.2f}")
    print(f"sqlite_commits_per_s={sqlite_commits_per_s():.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
