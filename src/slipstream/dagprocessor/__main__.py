"""``python -m slipstream.dagprocessor``: run the DAG processor until SIGTERM or SIGINT."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading

from slipstream.config import conf
from slipstream.dagprocessor.service import DagProcessor
from slipstream.errors import UserError
from slipstream.store import Store


def main(argv: list[str] | None = None) -> int:
    """Run the service; return the exit code."""
    parser = argparse.ArgumentParser(prog="slipstream dag-processor", description=__doc__)
    parser.add_argument(
        "-B", "--bundle-name", action="append", help="only this bundle; may be given again"
    )
    args = parser.parse_args(argv)
    logging.basicConfig(
        level=conf.get("logging", "logging_level", fallback="INFO"),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with Store.open() as store:
            DagProcessor(store, bundle_names=args.bundle_name).run(stop)
    except UserError as e:
        print(e, file=sys.stderr)  # noqa: T201 - the one line that the person sees
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
