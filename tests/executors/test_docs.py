"""The how-to pages' commands do what the pages say; machines share nothing but DAG files."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.executors.brokers import Corner, free_port
from tests.executors.celery_rig import wait_for
from tests.executors.certificate import Certificates
from tests.executors.page import DAG, FOLDER, PATIENCE_S, Machine, Page

pytestmark = pytest.mark.timeout(300)

Make = Callable[..., Machine]


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Make]:
    """Return a function that makes a machine with a name and an environment."""
    (tmp_path / "dags").mkdir()
    (tmp_path / "dags" / "small.py").write_text(DAG)
    ports = {8080: free_port(), 8786: free_port()}
    with contextlib.ExitStack() as stack:

        def make(name: str, **env: str) -> Machine:
            common = {
                "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path / "dags"),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            }
            made = Machine(tmp_path / name, {**common, **env}, ports)
            stack.callback(made.stop)
            return made

        yield make


def test_every_page_is_in_the_index_and_its_links_lead_somewhere() -> None:
    index = Page("README.md").text
    for path in FOLDER.glob("*.md"):
        assert path.name == "README.md" or f"({path.name})" in index
        for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text()):
            assert (FOLDER / link).exists(), f"{path.name}: {link}"


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("README.md", ["EXECUTOR=LocalExecutor\n"]),
        ("local.md", ["PARALLELISM"]),
        ("sequential.md", ["EXECUTOR"]),
        ("dask.md", ["EXECUTOR=DaskExecutor\n    slipstream"]),
    ],
)
def test_a_server_alone(page: str, words: list[str], machine: Make) -> None:
    here = machine("here")
    for line in Page(page).block(*words):
        here.type(line)
    here.succeeds("small")


def test_sequential_s_short_way(machine: Make) -> None:
    [line] = Page("sequential.md").block("dags test")
    here = machine("here")
    here.run("db", "migrate")
    assert "ended as success" in here.type(line)


def test_several_at_once(machine: Make, tmp_path: Path) -> None:
    page = Page("README.md")
    (tmp_path / "dags" / "mixed.py").write_text(page.python)
    here = machine("here")
    for line in page.block("far:DaskExecutor"):
        here.type(line)
    here.succeeds("mixed")


def test_dask(machine: Make) -> None:
    page, here, there = Page("dask.md"), machine("here"), machine("there")
    for line in page.block("dask scheduler", "--port"):
        there.type(line)
    for line in page.block("ADDRESS=127.0.0.1:8786"):
        here.type(line)
    for line in page.block("dask worker 127.0.0.1", "API_SERVER_URL"):
        there.type(line)
    here.succeeds("small")
    assert not (there.home / "airflow.db").exists()
    there.end(there.services[-1])  # a queue's worker can do all that this one did
    for line in page.block("--resources"):
        there.type(line)
    here.succeeds("small", "r2")


def test_dask_behind_certificates(machine: Make) -> None:
    page, here, there = Page("dask.md"), machine("here"), machine("there")
    files = Certificates(here.home)
    for path in (files.ca, files.cert, files.key):
        (there.home / Path(path).name).write_bytes(Path(path).read_bytes())
    for line in page.block("dask scheduler", "tls://"):
        there.type(line)
    for line in page.block("TLS_CA="):
        here.type(line)
    for line in page.block("dask worker tls://"):
        there.type(line)
    here.succeeds("small")


def test_celery(machine: Make, corner: Corner) -> None:
    page, env = Page("celery.md"), corner.environment()
    here, there = machine("here", **env), machine("there", **env)
    on_the_worker, look_after = page.block("--concurrency"), page.block("list-workers")
    for line in page.block("standalone"):
        here.type(line)
    for line in on_the_worker:
        there.type(line)
    there.until_logged("is ready")
    here.succeeds("small")
    assert not (there.home / "airflow.db").exists()

    [name] = re.findall(r"\S+@\S+", here.type(look_after[0]))
    for line in look_after[1:-1]:
        there.type(line.replace("celery@host", name))
    assert there.services[0].wait(60) == 0, "shutdown-worker"
    there.type(on_the_worker[-1])
    wait_for(lambda: there.log.count("is ready") == 2, "the second worker", PATIENCE_S)
    for line in page.block("second@"):
        there.type(line)
    wait_for(lambda: there.log.count("is ready") == 3, "one beside it", PATIENCE_S)
    there.type(look_after[-1])
    assert there.services[1].wait(60) == 0, "stop"
    assert there.services[2].poll() is None
