"""Files as ``airflow.utils.file`` looks at them: archives, module names, and the safe mode's rule."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import IO, overload

from slipstream.sdk import heuristic, loader


@overload
def correct_maybe_zipped(fileloc: None) -> None: ...
@overload
def correct_maybe_zipped(fileloc: str | Path) -> str | Path: ...
def correct_maybe_zipped(fileloc: str | Path | None) -> str | Path | None:
    """Return the archive that a module is in; the path itself for a file in none."""
    return (_archive_of(str(fileloc)) or fileloc) if fileloc else fileloc


def open_maybe_zipped(fileloc: str, mode: str = "r") -> IO[str]:
    """Open a file, or a module in an archive, for reading text."""
    archive = _archive_of(fileloc)
    if archive is None:
        return open(fileloc, mode)
    with zipfile.ZipFile(archive) as opened:
        return io.StringIO(opened.read(os.path.relpath(fileloc, archive)).decode())


def get_unique_dag_module_name(file_path: str) -> str:
    """Return the name under which the DAG file is imported."""
    return loader.module_name(Path(file_path))


def might_contain_dag(
    file_path: str, safe_mode: bool, zip_file: zipfile.ZipFile | None = None
) -> bool:
    """Say whether a file is to be executed, by ``[core] might_contain_dag_callable``."""
    if not safe_mode:
        return True
    if heuristic.has_own_rule():
        return heuristic.ask_own_rule(file_path, zip_file)
    return might_contain_dag_via_default_heuristic(file_path, zip_file)


def might_contain_dag_via_default_heuristic(
    file_path: str, zip_file: zipfile.ZipFile | None = None
) -> bool:
    """Say whether a file, or a member of an archive, mentions what every DAG file must."""
    if zip_file is not None:
        return heuristic.mentions_dags(zip_file.read(file_path))
    if zipfile.is_zipfile(file_path):  # what is in it is asked for one by one
        return True
    with open(file_path, "rb") as file:
        return heuristic.mentions_dags(file.read())


def _archive_of(path: str) -> str | None:
    head, found, _ = path.rpartition(f".zip{os.sep}")
    archive = f"{head}.zip"
    return archive if found and zipfile.is_zipfile(archive) else None
