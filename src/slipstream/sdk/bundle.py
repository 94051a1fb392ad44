"""Where DAG files are: bundles by name, and the folders on ``sys.path``."""

from __future__ import annotations

import sys
from pathlib import Path

from slipstream.config import conf
from slipstream.errors import UserError

DAGS_FOLDER = "dags-folder"
EXAMPLE_DAGS = "example_dags"


def roots() -> dict[str, Path]:
    """Return the root folder of each bundle: the DAGs folder, and the examples if they are on."""
    found = {DAGS_FOLDER: dags_folder()}
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


def resolve(bundle_name: str, relative_fileloc: str) -> Path:
    """Return the path of a DAG file (of the archive, for a module inside a zip).

    :raises UserError: there is no such bundle
    """
    if bundle_name == DAGS_FOLDER:
        root = dags_folder()
    elif bundle_name == EXAMPLE_DAGS:
        root = example_dags()
    else:
        raise UserError(
            f"There is no DAG bundle named {bundle_name!r}; known are "
            f"{DAGS_FOLDER!r} and {EXAMPLE_DAGS!r}."
        )
    head, zip_suffix, inner = relative_fileloc.partition(".zip/")
    return root / (f"{head}.zip" if zip_suffix and inner else relative_fileloc)


def import_folders() -> list[str]:
    """Return what DAG files can import from: the DAGs, plugins and config folders."""
    plugins = conf.get("core", "plugins_folder", fallback="") or str(conf.home / "plugins")
    return [str(dags_folder()), str(conf.home / "config"), str(Path(plugins).expanduser())]


def extend_sys_path() -> None:
    """Put these folders on ``sys.path``, after what is there."""
    for folder in import_folders():
        if folder not in sys.path:
            sys.path.append(folder)
