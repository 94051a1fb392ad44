"""``python -m slipstream.worker``: a worker host on an inherited socket."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from pathlib import Path

from slipstream.clock import SystemClock
from slipstream.config import conf
from slipstream.errors import UserError
from slipstream.sdk import bundle
from slipstream.store import Store
from slipstream.task import process
from slipstream.worker import sweeper
from slipstream.worker.direct import DirectTaskAPI
from slipstream.worker.host import DeclaredDead, Host, Settings, open_link
from slipstream.worker.pool import ZygoteTrouble
from slipstream.worker.supervisor import Limits

MAX_KILL_GRACE_S = 60.0
"""Cap of [core] killed_task_cleanup_time: a cancelled task must not hold its slot for ever."""
_SWITCH_INTERVAL_S = 0.0005
_GC_THRESHOLD = 20_000


def main(argv: list[str] | None = None) -> int:
    """Run a worker host until its launcher goes or tells it to stop."""
    parser = argparse.ArgumentParser(prog="slipstream.worker")
    parser.add_argument("--link", type=int, required=True, help="inherited socket to the launcher")
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--executor", default="LocalExecutor")
    parser.add_argument("--scheduler", help="job id of the scheduler whose host this is")
    args = parser.parse_args(argv)
    logging.basicConfig(
        level=conf.get("logging", "logging_level", fallback="INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    process.set_name("worker-host")
    # The writer thread must not wait 5 ms for the loop's thread to let go of the interpreter.
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    link = open_link(args.link)
    clock = SystemClock()
    sweeper.kill_orphans()
    # What is imported stays; and attempts come and go by the hundred, without cycles.
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)
    try:
        api = DirectTaskAPI(
            Store.open(), clock, executor=args.executor, scheduler_id=args.scheduler
        )
        Host(api, link, _settings(args.slots), clock).run()
    except (UserError, DeclaredDead, ZygoteTrouble) as exc:
        sys.stderr.write(f"worker host: {exc}\n")
        return 1
    return 0


def _settings(n_slots: int) -> Settings:
    kill_grace_s = conf.getfloat("core", "killed_task_cleanup_time", fallback=60.0)
    return Settings(
        n_slots=n_slots,
        limits=Limits(
            kill_grace_s=min(kill_grace_s, MAX_KILL_GRACE_S),
            overtime_s=conf.getfloat("core", "task_success_overtime", fallback=20.0),
        ),
        heartbeat_s=conf.getfloat("scheduler", "job_heartbeat_sec", fallback=5.0),
        import_timeout_s=conf.getfloat("core", "dagbag_import_timeout", fallback=30.0),
        log_folder=Path(conf.get("logging", "base_log_folder")),
        run_folder=conf.home / "run",
        locate=bundle.resolve,
        env=dict(os.environ),
    )


if __name__ == "__main__":
    sys.exit(main())
