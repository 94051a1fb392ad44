"""``standalone``: everything on this machine, under one supervisor."""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
from collections.abc import Callable, Sequence

from slipstream.cli import option_check
from slipstream.cli.command import Command, arg
from slipstream.config import conf
from slipstream.errors import UserError

_PARTS = ("api-server", "scheduler", "dag-processor")


def run(args: argparse.Namespace) -> int:
    from slipstream.api.auth.login import login_lines
    from slipstream.api.port import listen
    from slipstream.cli.setup import prepare_home
    from slipstream.supervisor.console import Console
    from slipstream.supervisor.host import HostDoor
    from slipstream.supervisor.lock import HomeLock
    from slipstream.supervisor.part import Part
    from slipstream.supervisor.probe import HealthProbe
    from slipstream.supervisor.supervisor import Supervisor

    option_check.check()
    prepare_home()
    lock = HomeLock(conf.home)
    lock.acquire()
    host = args.host or conf.get("api", "host")
    listener = listen(host, conf.getint("api", "port") if args.port is None else args.port)
    port = listener.getsockname()[1]
    url = url_of(host, port)
    news, told = os.pipe()  # the users that the database's process makes
    console = Console()

    def on_healthy(seconds: float) -> None:
        console.say("standalone", f"Ready after {seconds:.1f} s.")
        created = _read_json(news)
        for line in [
            *login_lines(url, created),
            f"DAG files go into {conf.get('core', 'dags_folder')}",
        ]:
            console.say("standalone", line)

    console.say("standalone", f"Starting on {conf.home}; Ctrl-C stops everything.")
    words = {name: [name, *["--verbose"] * args.verbose] for name in _PARTS}
    hosts = HostDoor(_run_host)
    fds = {"api-server": listener.fileno(), "scheduler": hosts.for_scheduler}
    words["api-server"] += ["--fd", str(fds["api-server"])]
    words["scheduler"] += ["--host-door", str(fds["scheduler"])]
    supervisor = Supervisor(
        Part("database", lambda: _prepare_database(args, told), [told]),
        [
            Part(name, _command(words[name], port), [fds[name]] if name in fds else [])
            for name in _PARTS
        ],
        console.say,
        HealthProbe(host, port, tls=bool(conf.get("api", "ssl_cert"))),
        on_healthy,
        hosts,
    )
    code = supervisor.run(_import_what_parts_share)
    console.say("standalone", "Stopped." if code == 0 else "Stopped: see the message above.")
    lock.release()
    return code


def _import_what_parts_share() -> None:
    """Import it before the forks: they get it for a third of the time and half of the memory.

    Nothing of the web framework, which only one part needs, and nothing that users wrote.
    """
    import slipstream.dagprocessor.service
    import slipstream.scheduler.service
    import slipstream.worker.__main__
    import slipstream.worker.direct  # noqa: F401
    from slipstream.store.preload import preload

    preload()
    # What is here now is here for good. The collector writes to each object that it looks at, and
    # each page that a fork writes to is a copy.
    gc.collect()
    gc.freeze()


def _read_json(descriptor: int) -> list[tuple[str, str]]:
    """Return what was written to a pipe, once; nothing if nothing was."""
    os.set_blocking(descriptor, False)
    try:
        text = os.read(descriptor, 65_536)
    except BlockingIOError:
        return []
    return [(name, role) for name, role in json.loads(text)] if text else []


def _prepare_database(args: argparse.Namespace, told: int) -> int:
    """Create or upgrade the tables, in a process that ends: the means for it are 10 MB.

    The names and roles of users that are made for the first login go to the pipe ``told``.
    """
    from slipstream.api.auth import first
    from slipstream.cli.service.process import begin, prepare_database
    from slipstream.clock import SystemClock
    from slipstream.store import Store

    begin(args, "database")
    try:
        with Store.open() as store:
            prepare_database(store, migrate=True)
            os.write(told, json.dumps(first.ensure(store, SystemClock())).encode())
    except UserError as error:
        print(f"slipstream: {error}", file=sys.stderr)
        return 1
    return 0


def _command(words: Sequence[str], port: int) -> Callable[[], int]:
    """Return what a fork does to be the process that ``slipstream WORDS`` is.

    ``port`` is the API server's, which remote workers of an embedded cluster have to find.
    """

    def body() -> int:
        from slipstream.cli.main import main  # which imports this module
        from slipstream.task.process import set_title

        set_title(" ".join(["slipstream", *words]))
        conf.reload()  # airflow.cfg may have changed since the supervisor read it
        conf.set("api", "port", str(port))
        return main(words)

    return body


def _run_host(link: int, words: Sequence[str]) -> int:
    """Be the process that ``python -m slipstream.worker WORDS`` is."""
    from slipstream.task.process import set_title
    from slipstream.worker.__main__ import main

    set_title("slipstream worker-host")
    conf.reload()  # as for the parts
    return main(["--link", str(link), *words])


def url_of(host: str, port: int, *, is_tls: bool = False) -> str:
    """Return where people find the pages: ``[api] base_url`` if set, else this machine."""
    base = conf.get("api", "base_url", fallback="")
    if base:
        return base
    name = "localhost" if host in ("0.0.0.0", "::", "") else host
    scheme = "https" if is_tls or conf.get("api", "ssl_cert") else "http"
    return f"{scheme}://{f'[{name}]' if ':' in name else name}:{port}"


COMMAND = Command(
    "standalone",
    "Start everything on this machine: database, scheduler, DAG processor, API server",
    run,
    (
        arg("-H", "--host", help="address to listen on (default: [api] host)"),
        arg("-p", "--port", type=int, help="port to listen on (default: [api] port)"),
        arg("-v", "--verbose", action="store_true", help="log more"),
    ),
    "standalone",
)
