"""``python -m slipstream.api``: one API server process, as ``slipstream api-server`` starts it."""

from __future__ import annotations

import argparse
import sys

from slipstream.errors import UserError


def main(argv: list[str] | None = None) -> int:
    """Serve until told to stop; 1 after a mistake that a person can put right."""
    parser = argparse.ArgumentParser(prog="python -m slipstream.api", description=__doc__)
    parser.add_argument("-H", "--host", help="address to listen on (default: [api] host)")
    parser.add_argument("-p", "--port", type=int, help="port (default: [api] port)")
    parser.add_argument("-w", "--workers", type=int, help="processes (default: [api] workers)")
    parser.add_argument("--apps", default="all", help="parts to serve: all or core")
    parser.add_argument("--fd", type=int, help="inherited listening socket, instead of an address")
    parser.add_argument("--ssl-cert", help="certificate file (default: [api] ssl_cert)")
    parser.add_argument("--ssl-key", help="key file (default: [api] ssl_key)")
    parser.add_argument("--access-log", action="store_true", help="log each request")
    args = parser.parse_args(argv)
    try:
        # Imported late: a wrong flag is told without waiting for the web framework.
        from slipstream.api.serve import serve

        serve(
            args.host,
            args.port,
            n_workers=args.workers,
            apps=args.apps,
            fd=args.fd,
            ssl_cert=args.ssl_cert,
            ssl_key=args.ssl_key,
            access_log=args.access_log,
        )
    except UserError as e:
        print(e, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
