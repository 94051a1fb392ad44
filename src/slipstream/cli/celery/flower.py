"""``celery flower``: the web page of the flower package."""

from __future__ import annotations

import argparse

from slipstream.cli.celery.extra import require
from slipstream.cli.command import Command, arg
from slipstream.cli.service.process import SERVICE_ARGS, begin
from slipstream.config import conf
from slipstream.errors import UserError

_SERVICE = [each for each in SERVICE_ARGS if not {"--migrate", "--dev"} & set(each.flags)]


def run(args: argparse.Namespace) -> None:
    from slipstream.cli.service.daemon import went_to_background

    require("celery", "celery")
    require("flower", "flower")
    port = args.port or conf.getint("celery", "flower_port")
    if not 1 <= port <= 65535:  # tornado would wait for ever
        raise UserError(f"--port ([celery] flower_port) is {port}; it must be 1 to 65535.")
    if went_to_background(args, "flower", command=["celery", "flower"]):
        return
    begin(args, "flower")
    from slipstream.executors.celery.app import create_app

    options = {
        "address": args.hostname or conf.get("celery", "flower_host"),
        "port": port,
        "url_prefix": args.url_prefix or conf.get("celery", "flower_url_prefix"),
        "basic_auth": args.basic_auth or conf.get("celery", "flower_basic_auth"),
        "broker_api": args.broker_api,
        "conf": args.flower_conf,
    }
    words = [f"--{name}={value}" for name, value in options.items() if value]
    try:
        create_app().start(["flower", *words])
    except OSError as exc:
        raise UserError(
            f"flower cannot listen at {options['address']}:{port}: {exc.strerror or exc}. Choose another "
            "--port or --hostname ([celery] flower_port, flower_host)."
        ) from exc


FLOWER = Command(
    "flower",
    "Start flower, a page that shows Celery's workers",
    run,
    (
        *_SERVICE,
        arg("-H", "--hostname", help="address to listen on (default: [celery] flower_host)"),
        arg("-p", "--port", type=int, help="port (default: [celery] flower_port)"),
        arg("-u", "--url-prefix", help="where it is behind a proxy"),
        arg("-A", "--basic-auth", metavar="USER:PASSWORD,…", help="who may look"),
        arg("-a", "--broker-api", metavar="URL", help="RabbitMQ's management API"),
        arg("-c", "--flower-conf", metavar="FILE", help="flower's configuration file"),
    ),
    "celery flower --basic-auth me:secret",
)
