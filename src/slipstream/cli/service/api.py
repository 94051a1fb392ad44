"""``api-server`` (and ``webserver``)."""

from __future__ import annotations

import argparse
from dataclasses import replace

from slipstream.cli.command import Command, arg, at_least
from slipstream.cli.service.process import SERVICE_ARGS, begin, prepare_database


def run(args: argparse.Namespace) -> None:
    from slipstream.cli.service.daemon import went_to_background

    if went_to_background(args, "api-server"):
        return
    begin(args, "api-server")
    from slipstream.api.auth import first
    from slipstream.api.front import Front
    from slipstream.api.serve import serve
    from slipstream.clock import SystemClock
    from slipstream.store import Store

    with Store.open() as store:
        prepare_database(store, args.migrate)
        created = first.ensure(store, SystemClock()) if args.apps != "execution" else []
        serve(
            args.host,
            args.port,
            n_workers=args.workers,
            apps=args.apps,
            store=store,
            fd=args.fd,
            front=replace(Front.of(args), access_log=args.verbose),
            on_bound=lambda: _say_where(args, created) if args.fd is None else None,
        )


def _say_where(args: argparse.Namespace, created: list[tuple[str, str]]) -> None:
    from slipstream.api.auth.login import login_lines
    from slipstream.cli.service.standalone import url_of
    from slipstream.config import conf

    port = conf.getint("api", "port") if args.port is None else args.port
    is_tls = bool(args.ssl_cert)
    url = url_of(args.host or conf.get("api", "host"), port, is_tls=is_tls)
    for line in login_lines(url, created):
        print(line, flush=True)


COMMAND = Command(
    "api-server",
    "Start the API server and the web pages",
    run,
    (
        *SERVICE_ARGS,
        arg("-H", "--host", "--hostname", help="address to listen on (default: [api] host)"),
        arg("-p", "--port", type=int, help="port to listen on (default: [api] port)"),
        arg("-w", "--workers", type=at_least(1), help="processes (default: [api] workers)"),
        arg("--apps", default="all", help="all, or some of core, execution (default: all)"),
        arg("--ssl-cert", metavar="FILE", help="certificate (default: [api] ssl_cert)"),
        arg("--ssl-key", metavar="FILE", help="its key (default: [api] ssl_key)"),
        arg("--ssl-ca-file", metavar="FILE", help="certificates to check clients' against"),
        arg(
            "--ssl-cert-reqs",
            choices=("none", "optional", "required"),
            default="none",
            help="must clients have a certificate? (default: none)",
        ),
        arg("-t", "--worker-timeout", type=int, metavar="S", help="for idle connections"),
        arg("--proxy-headers", action="store_true", help="trust a proxy's X-Forwarded-… headers"),
        arg("--log-config", metavar="FILE", help="logging configuration, as uvicorn takes it"),
        arg("--fd", type=int, help=argparse.SUPPRESS),
        arg("-k", "--workerclass", help=argparse.SUPPRESS),
        arg("-A", "--access-logfile", help=argparse.SUPPRESS),
        arg("-E", "--error-logfile", help=argparse.SUPPRESS),
        arg("-L", "--access-logformat", help=argparse.SUPPRESS),
    ),
    "api-server --port 8081",
)
