"""The first words of the command tree and the modules behind them, imported when used."""

from __future__ import annotations

from typing import NamedTuple


class Entry(NamedTuple):
    summary: str
    module: str
    """Defines ``COMMANDS`` (a group) or ``COMMAND`` (a command of one word)."""


GROUPS = {
    "backfill": Entry("Make runs of dates that are past", "slipstream.cli.backfill"),
    "celery": Entry("Start Celery workers, and speak to them", "slipstream.cli.celery"),
    "config": Entry("View the configuration", "slipstream.cli.config"),
    "connections": Entry("Manage connections", "slipstream.cli.connections"),
    "dags": Entry("Manage DAGs and their runs", "slipstream.cli.dags"),
    "db": Entry("Create, upgrade and look after the database", "slipstream.cli.db"),
    "jobs": Entry("Look at running services", "slipstream.cli.jobs"),
    "pools": Entry("Manage pools", "slipstream.cli.pools"),
    "roles": Entry("Manage roles: what users may do", "slipstream.cli.roles"),
    "tasks": Entry("Look at, test, run and clear tasks", "slipstream.cli.tasks"),
    "users": Entry("Manage users: who may log in", "slipstream.cli.users"),
    "variables": Entry("Manage variables", "slipstream.cli.variables"),
}

COMMANDS = {
    "api-server": Entry("Start the API server and the web pages", "slipstream.cli.service.api"),
    "cheat-sheet": Entry("Show all commands on a page", "slipstream.cli.cheat_sheet"),
    "dag-processor": Entry("Start a DAG processor", "slipstream.cli.service.processor"),
    "info": Entry("Show the environment, for bug reports", "slipstream.cli.info"),
    "rotate-fernet-key": Entry(
        "Encrypt connections and variables with the newest key", "slipstream.cli.rotate"
    ),
    "scheduler": Entry("Start a scheduler", "slipstream.cli.service.scheduler"),
    "standalone": Entry("Start everything on this machine", "slipstream.cli.service.standalone"),
    "sync-perm": Entry(
        "Give the standard roles the permissions that they lack", "slipstream.cli.sync_perm"
    ),
    "version": Entry("Show the version", "slipstream.cli.version"),
}
