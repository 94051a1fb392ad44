"""``python -m slipstream.worker``: a worker host on an inherited socket.

Beside the database it reaches the store itself; with ``--api`` it asks the API server and never
imports the store.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from pathlib import Path

from slipstream.clock import SyncedClock
from slipstream.config import conf
from slipstream.errors import ConfigError, UserError
from slipstream.sdk import bundle
from slipstream.task import process
from slipstream.worker import sweeper
from slipstream.worker.host import DeclaredDead, Host, LogShipping, Settings, open_link
from slipstream.worker.pool import ZygoteTrouble
from slipstream.worker.supervisor import Limits
from slipstream.worker.task_api import TaskAPI, TurnedAway

log = logging.getLogger(__name__)

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
    parser.add_argument("--api", metavar="URL", help="execution API to use instead of the database")
    parser.add_argument("--queues", default="", help="what it takes, separated by commas")
    args = parser.parse_args(argv)
    logging.basicConfig(
        level=conf.get("logging", "logging_level", fallback="INFO").upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    process.set_name("worker-host")
    # The writer thread must not wait 5 ms for the loop's thread to let go of the interpreter.
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    link = open_link(args.link)
    clock = SyncedClock()
    sweeper.kill_orphans()
    settings = _settings(args.slots, is_remote=bool(args.api))
    try:
        api, logs = (_far if args.api else _near)(args, clock, settings)
        # What is imported stays; and attempts come and go by the hundred, without cycles.
        gc.freeze()
        gc.set_threshold(_GC_THRESHOLD)
        Host(api, link, settings, clock, logs).run()
    except (UserError, DeclaredDead, TurnedAway, ZygoteTrouble) as exc:
        sys.stderr.write(f"worker host: {exc}\n")
        return 1
    return 0


def _near(
    args: argparse.Namespace, clock: SyncedClock, settings: Settings
) -> tuple[TaskAPI, LogShipping | None]:
    # The store is 20 MB that a remote host never needs.
    from slipstream.store import Store
    from slipstream.store.clock import ClockSync
    from slipstream.worker.direct import DirectTaskAPI

    store = Store.open()
    ClockSync(store, clock).start()
    api = DirectTaskAPI(store, clock, executor=args.executor, scheduler_id=args.scheduler)
    return api, _uploader(api.host_id, settings)


def _uploader(host_id: str, settings: Settings) -> LogShipping | None:
    """Return what uploads logs, if they are to be; one that cannot be set up stops no task."""
    from slipstream.worker.remote_log.target import configured

    try:
        if configured() is None:
            return None
    except ConfigError as exc:
        log.error("logs stay here: %s", exc)
        return None
    from slipstream.worker.log_journal import LogJournal
    from slipstream.worker.log_upload import LogUploader
    from slipstream.worker.remote_log import launcher

    return LogUploader(LogJournal(settings.run_folder, host_id), launcher.open_uploads())


def _far(
    args: argparse.Namespace, clock: SyncedClock, settings: Settings
) -> tuple[TaskAPI, LogShipping]:
    # HTTP and TLS are 3 MB that a local host never needs.
    from slipstream.worker.http import HttpTaskAPI
    from slipstream.worker.log_journal import LogJournal
    from slipstream.worker.log_ship import LogShipper

    api = HttpTaskAPI(
        args.api,
        clock,
        executor=args.executor,
        n_slots=args.slots,
        log_folder=settings.log_folder,
        queues=[queue for queue in args.queues.split(",") if queue],
    )
    return api, LogShipper(api.send_logs, LogJournal(settings.run_folder, api.host_id))


def _settings(n_slots: int, *, is_remote: bool) -> Settings:
    # What is on disk for the API server is none of a host's that has the database, and vice versa.
    run_folder = conf.home / "run"
    kill_grace_s = conf.getfloat("core", "killed_task_cleanup_time", fallback=60.0)
    return Settings(
        n_slots=n_slots,
        limits=Limits(
            kill_grace_s=min(kill_grace_s, MAX_KILL_GRACE_S),
            overtime_s=conf.getfloat("core", "task_success_overtime", fallback=20.0),
        ),
        heartbeat_s=conf.getfloat("scheduler", "job_heartbeat_sec", fallback=5.0),
        alone_s=conf.getfloat("scheduler", "scheduler_health_check_threshold", fallback=30.0),
        import_timeout_s=conf.getfloat("core", "dagbag_import_timeout", fallback=30.0),
        log_folder=Path(conf.get("logging", "base_log_folder")),
        run_folder=run_folder / "remote" if is_remote else run_folder,
        locate=bundle.resolve,
        env=dict(os.environ),
    )


if __name__ == "__main__":
    sys.exit(main())
