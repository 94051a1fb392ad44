"""What a first start leaves in ``$AIRFLOW_HOME``: the folders and an ``airflow.cfg`` to edit."""

from __future__ import annotations

import os
from collections.abc import Iterator

from slipstream.config import conf
from slipstream.config.catalog import Option, catalog
from slipstream.config.home import config_path
from slipstream.errors import UserError

_HEAD = """\
# Options of this installation. All lines are comments and show the defaults: remove the "# " of
# those that you change. AIRFLOW__SECTION__KEY in the environment comes before this file.
# `slipstream config list` shows what holds and where it comes from.
"""


def prepare_home() -> None:
    """Create the home, the DAGs folder and ``airflow.cfg`` where they are missing."""
    for folder in (str(conf.home), conf.get("core", "dags_folder")):
        try:
            os.makedirs(folder, exist_ok=True)
        except OSError as error:
            raise UserError(f"Cannot create the folder {folder}: {error.strerror}.") from error
    write_default_config()


def write_default_config() -> None:
    """Write an ``airflow.cfg``, mode 0600, in which everything is commented out; keep one that is there.

    Commented out, so that defaults which a later version changes are not frozen.
    """
    path = config_path()
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join([_HEAD, *_lines()]))


def _lines() -> Iterator[str]:
    known = catalog()
    for section in known.sections():
        options = [option for key in known.keys(section) if (option := known.option(section, key))]
        if all(option.provider for option in options):
            continue
        yield f"[{section}]"
        for option in options:
            if option.allowed:
                yield f"# one of: {', '.join(word for word in option.allowed if word)}"
            yield f"# {option.key} = {_default(option)}".rstrip()
        yield ""


def _default(option: Option) -> str:
    text = option.default or ""
    if option.sensitive and text.startswith("{"):
        return "(generated)"
    return text.replace("%", "%%")
