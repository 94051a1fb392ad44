"""Where DAG files are: bundles by name, and the folders on ``sys.path``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from slipstream.config import conf
from slipstream.errors import UserError

DAGS_FOLDER = "dags-folder"
EXAMPLE_DAGS = "example_dags"


_LOCAL = "LocalDagBundle"
_OPTION = "[dag_processor] dag_bundle_config_list"


def roots() -> dict[str, Path]:
    """Return the root folder of each bundle, the one of the examples too if they are on.

    :raises UserError: the configured list of bundles is no good
    """
    found = configured()
    if conf.getboolean("core", "load_examples", fallback=False):
        found[EXAMPLE_DAGS] = example_dags()
    return found


def dags_folder() -> Path:
    """Return ``[core] dags_folder``."""
    value = conf.get("core", "dags_folder", fallback="")
    return Path(value).expanduser() if value else conf.home / "dags"


def example_dags() -> Path:
    """Return the folder of the examples that come with the package."""
    return Path(__file__).parent.parent / "example_dags"


def configured() -> dict[str, Path]:
    """Return the bundles that the configuration lists; not given, there is the DAGs folder.

    :raises UserError: what is listed is no list of local bundles
    """
    option = ("dag_processor", "dag_bundle_config_list")
    listed = conf.getjson(*option) if conf.has_option(*option) else None
    if listed is None:
        return {DAGS_FOLDER: dags_folder()}
    if not isinstance(listed, list) or not listed:
        raise UserError(f"{_OPTION} must be a JSON list of at least one bundle, not {listed!r}.")
    found: dict[str, Path] = {}
    for each in listed:
        name, path = _bundle(each)
        if name in found or name == EXAMPLE_DAGS:
            raise UserError(f"{_OPTION}: the name {name!r} is taken; give each bundle its own.")
        found[name] = path
    return found


def _bundle(entry: Any) -> tuple[str, Path]:
    """Return the name and the folder of one entry of the list."""
    name = entry.get("name") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not name:
        raise UserError(f"{_OPTION}: an entry needs a name: {entry!r}.")
    classpath = entry.get("classpath")
    if not isinstance(classpath, str) or classpath.rpartition(".")[2] != _LOCAL:
        raise UserError(
            f"{_OPTION}: bundle {name!r} has the class {classpath!r}; this version of Slipstream "
            f"supports airflow.dag_processing.bundles.local.{_LOCAL} only."
        )
    path = (entry.get("kwargs") or {}).get("path")
    return name, Path(path).expanduser() if path else dags_folder()


def resolve(bundle_name: str, relative_fileloc: str) -> Path:
    """Return the path of a DAG file (of the archive, for a module inside a zip).

    :raises UserError: there is no such bundle
    """
    known = {**configured(), EXAMPLE_DAGS: example_dags()}
    if bundle_name not in known:
        names = ", ".join(map(repr, known))
        raise UserError(f"There is no DAG bundle named {bundle_name!r}; known are {names}.")
    root = known[bundle_name]
    head, zip_suffix, inner = relative_fileloc.partition(".zip/")
    return root / (f"{head}.zip" if zip_suffix and inner else relative_fileloc)


def relative_of(fileloc: str) -> str:
    """Return a file's path within the bundle that it is in; outside of all, the file's name."""
    folders = (os.path.join(root, "") for root in (*configured().values(), example_dags()))
    around = [folder for folder in folders if fileloc.startswith(folder)]
    if not around:
        return os.path.basename(fileloc)
    return fileloc.removeprefix(max(around, key=len))


def import_folders() -> list[str]:
    """Return what DAG files can import from: the DAGs, config and plugins folders."""
    plugins = conf.get("core", "plugins_folder", fallback="") or str(conf.home / "plugins")
    own = [conf.home / "config", Path(plugins).expanduser()]
    # In order, each once: the DAGs folder is a bundle too, unless others are listed.
    return list(dict.fromkeys(map(str, [dags_folder(), *configured().values(), *own])))


def extend_sys_path() -> None:
    """Put these folders on ``sys.path``, after what is there."""
    for folder in import_folders():
        if folder not in sys.path:
            sys.path.append(folder)
