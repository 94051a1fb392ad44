"""``standalone``: everything on this machine, under one supervisor."""

from __future__ import annotations

import argparse
import os
import sys

from slipstream.cli.command import Command, arg
from slipstream.cli.service.process import SUPERVISOR_VARIABLE
from slipstream.config import conf

_PARTS = ("api-server", "scheduler", "dag-processor")


def run(args: argparse.Namespace) -> int:
    from slipstream.api.auth.login import login_lines
    from slipstream.cli.setup import prepare_home
    from slipstream.supervisor.console import Console
    from slipstream.supervisor.lock import HomeLock
    from slipstream.supervisor.part import Part
    from slipstream.supervisor.port import HealthProbe, listen
    from slipstream.supervisor.supervisor import Supervisor

    conf.check()
    prepare_home()
    lock = HomeLock(conf.home)
    lock.acquire()
    host = args.host or conf.get("api", "host")
    listener = listen(host, conf.getint("api", "port") if args.port is None else args.port)
    port = listener.getsockname()[1]
    login = login_lines(url_of(host, port))
    console = Console()

    def on_healthy(seconds: float) -> None:
        console.say("standalone", f"Ready after {seconds:.1f} s.")
        for line in [*login, f"DAG files go into {conf.get('core', 'dags_folder')}"]:
            console.say("standalone", line)

    commands = {
        name: [sys.executable, "-m", "slipstream.cli.main", name, "--migrate"] for name in _PARTS
    }
    commands["api-server"] += ["--fd", str(listener.fileno())]
    if args.verbose:
        commands = {name: [*command, "--verbose"] for name, command in commands.items()}
    env = {**os.environ, "PYTHONUNBUFFERED": "1", SUPERVISOR_VARIABLE: str(os.getpid())}
    console.say("standalone", f"Starting on {conf.home}; Ctrl-C stops everything.")
    supervisor = Supervisor(
        [
            Part(name, command, [listener.fileno()] if name == "api-server" else [])
            for name, command in commands.items()
        ],
        env,
        console.say,
        HealthProbe(host, port, tls=bool(conf.get("api", "ssl_cert"))),
        on_healthy,
    )
    code = supervisor.run()
    console.say("standalone", "Stopped." if code == 0 else "Stopped: see the message above.")
    lock.release()
    return code


def url_of(host: str, port: int) -> str:
    """Return where people find the pages: ``[api] base_url`` if set, else this machine."""
    base = conf.get("api", "base_url", fallback="")
    if base:
        return base
    name = "localhost" if host in ("0.0.0.0", "::", "") else host
    scheme = "https" if conf.get("api", "ssl_cert") else "http"
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
