"""``tasks test``, ``run``, ``render``: one task, here and now or by the scheduler."""

from __future__ import annotations

import argparse
import json
import logging
from typing import Any

from slipstream.cli.command import BUNDLE, DAG_ID, MAP_INDEX, RUN, Command, arg
from slipstream.cli.session import open_store
from slipstream.cli.tasks.listing import TASK_ID
from slipstream.errors import UserError


def test(args: argparse.Namespace) -> int:
    """Run a task in this process; nothing of it is recorded."""
    from slipstream.cli.author_log import AuthorFormatter
    from slipstream.cli.service.process import log_to_stderr
    from slipstream.cli.tasks.trial import trial
    from slipstream.sdk import environment

    environment.export(_json_object("--env-vars", args.env_vars, texts=True))
    params = _json_object("--task-params", args.task_params)
    log_to_stderr("INFO", AuthorFormatter())
    logging.getLogger().setLevel("INFO")
    with open_store() as store, trial(store, args, params) as one:
        if args.dry_run:
            _print_fields(one.render())
            return 0
        outcome = one.run()
        if outcome.error and args.post_mortem:
            import pdb  # for --post-mortem only

            pdb.post_mortem(one.traceback())
    print(f"{args.task_id} ended as {one.state}; nothing was recorded.")
    for xcom in outcome.xcoms or ():
        print(f"XCom {xcom['key']}: {json.dumps(xcom['value'], ensure_ascii=False)}")
    return 1 if outcome.state == "failed" else 0


def render(args: argparse.Namespace) -> None:
    from slipstream.cli.tasks.trial import trial

    with open_store() as store, trial(store, args, {}) as one:
        _print_fields(one.render())


def run(args: argparse.Namespace) -> int:
    """Have the scheduler run a task instance, again if it has run, and wait for its end."""
    from slipstream.cli.tasks.for_real import run_by_scheduler

    with open_store(record=args) as store:
        return run_by_scheduler(store, args)


def _print_fields(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        print(f"# {'-' * 58}\n# property: {name}\n# {'-' * 58}")
        print(value if isinstance(value, str) else json.dumps(value, indent=2, default=str))
        print()


def _json_object(flag: str, text: str | None, *, texts: bool = False) -> dict[str, Any]:
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UserError(f"{flag} is not valid JSON: {error}.") from error
    if not isinstance(found, dict):
        raise UserError(f"{flag} must be a JSON object.")
    return {key: str(value) for key, value in found.items()} if texts else found


_WHEN = arg(
    "logical_date_or_run_id",
    metavar="RUN_ID_OR_DATE",
    nargs="?",
    help="an existing run, or a logical date (default: now)",
)
_FILE = arg("-f", "--dagfile-path", metavar="FILE", help="the DAG's file, if it is in no folder")
_SUBDIR = arg("-S", "--subdir", help=argparse.SUPPRESS)

COMMANDS = (
    Command(
        "test",
        "Run a task here and now, whatever it depends on; record nothing",
        test,
        (
            DAG_ID,
            TASK_ID,
            _WHEN,
            MAP_INDEX,
            arg("-t", "--task-params", metavar="JSON", help="params, as conf of the run"),
            arg("--env-vars", metavar="JSON", help="environment variables"),
            arg("-m", "--post-mortem", action="store_true", help="open the debugger on failure"),
            arg("-n", "--dry-run", action="store_true", help="only render the templates"),
            _FILE,
            BUNDLE,
            _SUBDIR,
        ),
        "tasks test demo extract 2026-01-01",
    ),
    Command(
        "run",
        "Have the scheduler run a task instance (again), and wait for its end",
        run,
        (
            DAG_ID,
            TASK_ID,
            RUN,
            MAP_INDEX,
            arg("--timeout", type=float, default=3600.0, metavar="S", help="wait at most so long"),
            arg("-f", "--force", action="store_true", help="run it even if it has succeeded"),
            *(
                arg(flag, action="store_true", help=argparse.SUPPRESS)
                for flag in ("--local", "--raw", "-A", "-i", "-I", "-l", "--interactive")
            ),
            _SUBDIR,
        ),
        "tasks run demo extract 2026-01-01 --force",
    ),
    Command(
        "render",
        "Show a task's template fields as they will be",
        render,
        (DAG_ID, TASK_ID, _WHEN, MAP_INDEX, _FILE, BUNDLE, _SUBDIR),
        "tasks render demo report 2026-01-01",
    ),
)
