"""``DagBag``: all DAGs of a folder, as people's tests load them."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from slipstream.sdk import bundle, loader
from slipstream.sdk.dag import DAG


class DagBag:
    """Loads the DAG files below ``dag_folder`` (default: the configured folder) when it is made.

    ``dags`` are by id, ``import_errors`` are tracebacks by file.
    """

    def __init__(
        self,
        dag_folder: str | Path | None = None,
        include_examples: bool = False,
        safe_mode: bool = True,
        collect_dags: bool = True,
        **_: Any,
    ) -> None:
        self.dag_folder = Path(dag_folder) if dag_folder is not None else bundle.dags_folder()
        self.safe_mode = safe_mode
        self.dags: dict[str, DAG] = {}
        self.import_errors: dict[str, str] = {}
        self.captured_warnings: dict[str, tuple[str, ...]] = {}
        if collect_dags:
            bundle.extend_sys_path()
            self.collect_dags()

    def collect_dags(self, dag_folder: str | Path | None = None) -> None:
        """Load the files."""
        root = Path(dag_folder) if dag_folder is not None else self.dag_folder
        paths = [root] if root.is_file() else sorted([*root.rglob("*.py"), *root.rglob("*.zip")])
        for path in paths:
            if "__pycache__" not in path.parts:
                self.process_file(path)

    def process_file(self, filepath: str | Path, *_: Any) -> list[DAG]:
        """Load one file and return its DAGs."""
        path = Path(filepath)
        if self.safe_mode and path.suffix == ".py":
            source = path.read_bytes().lower()
            if b"dag" not in source or b"airflow" not in source:
                return []
        loaded = loader.load_file(path, check_schedules=True)
        for error in loaded.errors:
            self.import_errors[str(path)] = "".join(traceback.format_exception(error))
        self.dags.update(loaded.dags)
        return list(loaded.dags.values())

    def get_dag(self, dag_id: str, *_: Any) -> DAG | None:
        """Return the DAG of that id, or None."""
        return self.dags.get(dag_id)

    @property
    def dag_ids(self) -> list[str]:
        return list(self.dags)

    def size(self) -> int:
        """Return how many DAGs there are."""
        return len(self.dags)
