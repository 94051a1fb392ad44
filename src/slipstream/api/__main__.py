"""``python -m slipstream.api``: one API server process, as ``slipstream api-server`` starts it."""

from __future__ import annotations

import argparse
import signal
import sys

from slipstream.errors import UserError
from slipstream.task.process import die_with_parent


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 1 after a mistake that a person can put right."""
    parser = argparse.ArgumentParser(prog="python -m slipstream.api", description=__doc__)
    parser.add_argument("-H", "--host", help="address to listen on (default: [api] host)")
    parser.add_argument("-p", "--port", type=int, help="port (default: [api] port)")
    parser.add_argument("-w", "--workers", type=int, help="processes (default: [api] workers)")
    parser.add_argument("--apps", default="all", help="parts to serve: all, core or execution")
    parser.add_argument("--fd", type=int, help="inherited listening socket, instead of an address")
    parser.add_argument("--parent", type=int, help="process with which this one ends")
    parser.add_argument("--ssl-cert", help="certificate file (default: [api] ssl_cert)")
    parser.add_argument("--ssl-key", help="key file (default: [api] ssl_key)")
    parser.add_argument("--ssl-ca-file", help="certificates that clients' are checked against")
    parser.add_argument("--ssl-cert-reqs", default="none", help="none, optional or required")
    parser.add_argument("--proxy-headers", action="store_true", help="trust X-Forwarded-…")
    parser.add_argument("--worker-timeout", type=int, help="seconds for an idle connection")
    parser.add_argument("--log-config", help="uvicorn's logging configuration")
    parser.add_argument("--access-log", action="store_true", help="log each request")
    args = parser.parse_args(argv)
    if args.parent is not None:
        die_with_parent(args.parent, signal.SIGTERM)
    try:
        # Imported late: a wrong flag is told without waiting for the web framework.
        from slipstream.api.front import Front
        from slipstream.api.serve import serve

        serve(
            args.host,
            args.port,
            n_workers=args.workers,
            apps=args.apps,
            fd=args.fd,
            front=Front.of(args),
        )
    except UserError as e:
        print(e, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
