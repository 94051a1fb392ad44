"""The services of an installation whose tasks run on Celery or Dask workers.

Two schedulers, two API servers on ports that they keep, and two workers, each with an API server of
its own: one that is killed is away for one of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.chaos.stage import Service
from tests.executors.brokers import free_port

N_SLOTS = 4
_HIDDEN = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__API_AUTH__JWT_SECRET")
_DOUBLING = str(Path(__file__).with_name("doubling.py"))
WORKERS = ("worker_1", "worker_2")
SCHEDULERS = ("scheduler_1", "scheduler_2")
APIS = ("api_1", "api_2")


def services(
    worker_words: Mapping[str, Sequence[str]],
    *,
    worker_env: Mapping[str, Mapping[str, str]],
    n_copies: int,
) -> dict[str, Service]:
    """Return all but a broker, by name; each message goes out ``n_copies`` times."""
    found = {name: Service([_DOUBLING, str(n_copies)]) for name in SCHEDULERS}
    for api, worker in zip(APIS, WORKERS, strict=True):
        port = free_port()
        words = ["-m", "slipstream.api", "--host", "127.0.0.1", "--port", str(port)]
        found[api] = Service([*words, "--workers", "1", "--apps", "execution"])
        url = f"http://127.0.0.1:{port}/execution/"
        env = {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": url, **worker_env.get(worker, {})}
        found[worker] = Service(worker_words[worker], env, _HIDDEN)
    return found


def celery_words(home: Path, name: str) -> list[str]:
    """Return the words of a Celery worker."""
    words = ["-m", "slipstream.cli.main", "celery", "worker", "--concurrency", str(N_SLOTS)]
    return [*words, "--celery-hostname", f"{name}@test", "--pid", str(home / f"{name}.pid")]


def dask_words(home: Path, name: str, address: str) -> list[str]:
    """Return the words of a Dask worker."""
    words = ["-m", "dask", "worker", address, "--no-dashboard", "--no-nanny", "--name", name]
    return [*words, "--nthreads", str(N_SLOTS), "--local-directory", str(home / name)]


def dask_scheduler(port: int) -> Service:
    words = ["-m", "dask", "scheduler", "--host", f"tcp://127.0.0.1:{port}", "--no-dashboard"]
    return Service(words, {}, _HIDDEN)
