"""``dags test``: a whole DAG in one go, without a server."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import TYPE_CHECKING

from slipstream.cli.command import BUNDLE, Command, arg
from slipstream.cli.dags.run import CONF, parse_conf

if TYPE_CHECKING:
    from slipstream.cli.dags.one_run import OneRun
    from slipstream.cli.dags.progress import View
    from slipstream.store import Store

_DONE = ("success", "failed")


def test(args: argparse.Namespace) -> int:
    from slipstream import executors
    from slipstream.cli import dagfile, option_check
    from slipstream.cli.dags.one_run import abandon, begin, driver
    from slipstream.cli.date import parse_date
    from slipstream.cli.service.process import log_to_stderr, prepare_database
    from slipstream.clock import utcnow
    from slipstream.config import conf
    from slipstream.store import Store

    _end_as_at_ctrl_c()
    option_check.check()
    log_to_stderr("DEBUG" if args.verbose else "WARNING")
    run_conf = parse_conf(args.conf)
    date = parse_date(args.logical_date) if args.logical_date else utcnow()
    names = conf.get("core", "executor") if args.use_executor else "LocalExecutor"
    with Store.open() as store:
        prepare_database(store, migrate=True)
        file, name = dagfile.named(store, args.dag_id, args.dagfile_path)
        dagfile.extend_path(file)
        with driver(store, executors.create(names)) as scheduler:
            dags, duration_s = dagfile.timed_load(store, file)
            chosen = dagfile.choose(file, dags, name)
            dagfile.register(store, file, dags, duration_s)
            interval = dagfile.manual_interval(chosen, date)
            pattern = args.mark_success_pattern
            one = begin(store, scheduler, str(chosen.dag_id), date, interval, run_conf, pattern)
            try:
                _drive(one, _view(one))
            except KeyboardInterrupt:
                abandon(store, one)
                raise
        _show_graph(store, one, args)
    return _report(one)


def _end_as_at_ctrl_c() -> None:
    """End the tasks and the run in good order, too, when CI or a closed terminal ends us."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup
            signal.signal(number, signal.default_int_handler)


def _view(one: OneRun) -> View:
    from slipstream.cli.dags.progress import Lines, Live

    print(f"{one.row.dag_id}, run {one.row.run_id}", flush=True)
    return Live() if sys.stdout.isatty() else Lines()


def _drive(one: OneRun, view: View) -> None:
    from slipstream.cli.dags.follow import Follower

    follower = Follower(one.row)
    try:
        while not one.is_over:
            if one.turn():
                one.refresh()
            view.update(one.tis, follower.news(one.tis))
        view.update(one.tis, follower.news(one.tis, is_over=True))
    finally:
        view.close()


def _show_graph(store: Store, one: OneRun, args: argparse.Namespace) -> None:
    if not (args.show_dagrun or args.save_dagrun):
        return
    from slipstream.cli.dags.show import dot_lines, save_graph
    from slipstream.cli.lookup import the_spec

    with store.read() as conn:
        spec = the_spec(conn, one.row.dag_id)
    if args.show_dagrun:
        print("\n".join(dot_lines(spec)))
    if args.save_dagrun:
        save_graph(args.save_dagrun, spec)


def _report(one: OneRun) -> int:
    row = one.row
    if row.quarantined is not None:
        print(f"\nThe run was set aside: {row.quarantined}", file=sys.stderr)
        return 1
    seconds = (
        (row.end_date - row.start_date).total_seconds() if row.end_date and row.start_date else 0
    )
    failed = [ti.task_id for ti in one.tis if ti.state == "failed"]
    why = f": {', '.join(dict.fromkeys(failed))} failed" if failed else ""
    print(f"\nThe run ended as {row.state} after {seconds:.1f} s{why}.")
    if not one.tis:
        print("No task ran: the DAG has none.")
    elif not any(ti.state in _DONE for ti in one.tis):
        states = ", ".join(f"{ti.task_id} is {ti.state or 'without a state'}" for ti in one.tis)
        print(f"No task ran: {states}.")
    return 0 if row.state == "success" else 1


COMMAND = Command(
    "test",
    "Run a whole DAG once, here and now, with no server; exit with 1 if it fails",
    test,
    (
        arg("dag_id", metavar="FILE_OR_ID", help="a DAG file, or the id of a DAG"),
        arg("logical_date", nargs="?", metavar="DATE", help="logical date (default: now)"),
        CONF,
        arg("-f", "--dagfile-path", metavar="FILE", help="the file, when it defines several DAGs"),
        arg("--use-executor", action="store_true", help="[core] executor, not the LocalExecutor"),
        arg("--mark-success-pattern", metavar="PATTERN", help="skip tasks whose id matches"),
        arg("--show-dagrun", action="store_true", help="print the graph in Graphviz's language"),
        arg("--save-dagrun", metavar="FILE", help="write the graph to a .dot, .svg, … file"),
        arg("--imgcat-dagrun", action="store_true", help="accepted, unused"),
        arg("-v", "--verbose", action="store_true", help="log what the engine does, too"),
        BUNDLE,
        arg("-S", "--subdir", help=argparse.SUPPRESS),
    ),
    "dags test path/to/file.py 2026-01-01",
)
