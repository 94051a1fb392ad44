"""``python -m slipstream.executors.dask.embedded``: a Dask cluster on this machine, for one scheduler.

One worker process with a thread per slot, on the loopback interface, without a dashboard, behind
certificates made for this once: on a port without them, everybody on the machine could run anything as
us. It ends when its link does, and its workers end with it, however it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from contextlib import suppress

import dask
from distributed import LocalCluster, Security

from slipstream.task import process

_HOST = "127.0.0.1"
_CLOSE_S = 1.5
_SHOWN = ("tls_ca_file", "tls_client_cert", "tls_client_key")


def main(argv: list[str] | None = None) -> int:
    """Run a cluster until the link closes."""
    parser = argparse.ArgumentParser(prog="slipstream.executors.dask.embedded")
    parser.add_argument("--link", type=int, required=True, help="inherited socket to the scheduler")
    parser.add_argument("--threads", type=int, required=True, help="attempts at a time")
    parser.add_argument("--api", metavar="URL", required=True, help="execution API")
    args = parser.parse_args(argv)
    process.set_name("dask-cluster")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Nobody looks at the profiles that it takes of each thread a hundred times a second.
    dask.config.set({"distributed.worker.profile.enabled": False})
    asyncio.run(_serve(socket.socket(fileno=args.link), args.threads, args.api))
    # Threads of libraries may want to be waited for; nothing is left that they could do.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


async def _serve(link: socket.socket, n_threads: int, api_url: str) -> None:
    reader, writer = await asyncio.open_connection(sock=link)
    security = Security.temporary()
    cluster = LocalCluster(
        n_workers=1,
        threads_per_worker=n_threads,
        processes=True,
        host=_HOST,
        dashboard_address=None,
        security=security,
        memory_limit=0,  # tasks are processes of their own
        env={"AIRFLOW__CORE__EXECUTION_API_SERVER_URL": api_url},
        silence_logs=logging.ERROR,
        asynchronous=True,
    )
    await cluster
    shown = {name: getattr(security, name) for name in _SHOWN}
    facts = {
        "address": cluster.scheduler_address,
        "security": {**shown, "require_encryption": True},
    }
    writer.write(json.dumps(facts).encode() + b"\n")
    await writer.drain()
    await reader.read()
    with suppress(TimeoutError):
        await asyncio.wait_for(cluster.close(), _CLOSE_S)


if __name__ == "__main__":
    sys.exit(main())
