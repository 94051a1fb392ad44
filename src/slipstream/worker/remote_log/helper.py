"""``python -m slipstream.worker.remote_log.helper``: the process that uploads logs.

One per folder of requests at a time. It ends when there was nothing to do for a while, and soon after
who started it (its standard input closes then); what waits is left to the next one.
"""

from __future__ import annotations

import logging
import os
import select
import sys
import time

from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.task import process
from slipstream.worker.remote_log import credentials, launcher
from slipstream.worker.remote_log.files import RemoteFiles
from slipstream.worker.remote_log.spool import Spool
from slipstream.worker.remote_log.target import configured
from slipstream.worker.remote_log.uploader import Uploader

IDLE_S = 20.0
_POLL_S = 0.25
_NICE = 10
"""Tasks go first."""
_LINGER_S = 10.0
"""So long it goes on alone with what waits."""


def main() -> int:
    """Upload what waits, until nothing has for a while or until who started this has ended."""
    # The stores' libraries log each request.
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    level = conf.get("logging", "logging_level", fallback="INFO").upper()
    logging.getLogger("slipstream").setLevel(level)
    process.set_name("log-upload")
    os.nice(_NICE)
    try:
        target = configured()
    except UserError as exc:
        sys.stderr.write(f"logs are not uploaded: {exc}\n")
        return 1
    spool = Spool(launcher.folder())
    lock = spool.lock()
    if target is None or lock is None:
        return 0
    _serve(spool, Uploader(spool, RemoteFiles(target, lambda: credentials.of(target))))
    return 0


def _serve(spool: Spool, uploader: Uploader) -> None:
    ends_at = time.monotonic() + IDLE_S
    is_alone = False
    while True:
        requests = spool.pending()
        wait_s = uploader.round(requests) if requests else _POLL_S
        now = time.monotonic()
        if requests and not is_alone:
            ends_at = now + IDLE_S
        if now >= ends_at or (is_alone and not requests):
            return
        if is_alone:
            time.sleep(min(wait_s, ends_at - now))
        elif select.select([sys.stdin], [], [], wait_s)[0]:
            is_alone, ends_at = True, now + _LINGER_S


if __name__ == "__main__":
    sys.exit(main())
