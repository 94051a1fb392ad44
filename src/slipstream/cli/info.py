"""``info``: what to put into a bug report."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from typing import Any

from slipstream import __version__
from slipstream.cli.command import OUTPUT, Command, arg
from slipstream.cli.output import show
from slipstream.config import conf
from slipstream.config.home import config_path
from slipstream.errors import UserError

_DEPENDENCIES = ("SQLAlchemy", "alembic", "fastapi", "pendulum", "psycopg", "PyMySQL", "uvicorn")
_TOOLS = ("git", "psql", "mysql", "sqlite3", "kubectl", "docker")


def run(args: argparse.Namespace) -> None:
    sections: dict[str, Callable[[], dict[str, Any]]] = {
        "Slipstream": _slipstream,
        "System": _system,
        "Packages": _packages,
        "Providers": _providers,
        "Tools": lambda: {name: shutil.which(name) or "not found" for name in _TOOLS},
    }
    rows = []
    for title, facts in sections.items():
        found = {key: _anonymous(str(v)) if args.anonymize else v for key, v in facts().items()}
        rows += [{"section": title, "name": key, "value": value} for key, value in found.items()]
    if args.output not in ("table", "plain"):
        show(rows, args.output)
        return
    width = max(len(row["name"]) for row in rows)
    for title in sections:
        print(f"\n{title}")
        for row in rows:
            if row["section"] == title:
                print(f"  {row['name']:<{width}}  {row['value']}")


def _slipstream() -> dict[str, Any]:
    return {
        "version": __version__,
        "AIRFLOW_HOME": conf.home,
        "airflow.cfg": config_path() if os.path.exists(config_path()) else "none",
        "executor": _option("core", "executor"),
        "database": _database(),
        "dags_folder": _option("core", "dags_folder"),
        "plugins_folder": _option("core", "plugins_folder"),
        "base_log_folder": _option("logging", "base_log_folder"),
    }


def _option(section: str, key: str) -> str:
    try:
        return conf.get(section, key)
    except UserError as error:
        return str(error)


def _database() -> str:
    from slipstream.store import Store

    try:
        with Store.open() as store:
            return store.url
    except UserError as error:
        return str(error)


def _system() -> dict[str, Any]:
    return {
        "OS": platform.platform(),
        "processors": os.cpu_count(),
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "executable": sys.executable,
        "time zone": _option("core", "default_timezone"),
    }


def _packages() -> dict[str, Any]:
    found = {}
    for name in _DEPENDENCIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _providers() -> dict[str, Any]:
    found = {
        dist.name: dist.version
        for dist in metadata.distributions()
        if dist.name.replace("_", "-").startswith("apache-airflow-providers-")
    }
    return dict(sorted(found.items())) or {"none": "installed"}


def _anonymous(text: str) -> str:
    home = os.path.expanduser("~")
    return text.replace(home, "~").replace(os.path.basename(home), "USER")


COMMAND = Command(
    "info",
    "Show the environment, for bug reports",
    run,
    (
        OUTPUT,
        arg("--file-io", action="store_true", help=argparse.SUPPRESS),
        arg("--anonymize", action="store_true", help="leave the user's name and home out"),
    ),
    "info",
)
