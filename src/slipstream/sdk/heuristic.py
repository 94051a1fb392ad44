"""Safe mode: whether a file may hold DAGs, by what its text mentions, without running it.

``[core] might_contain_dag_callable`` replaces the rule by the user's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipstream.config import conf

if TYPE_CHECKING:
    from zipfile import ZipFile

_BUILT_IN = "airflow.utils.file.might_contain_dag_via_default_heuristic"


def mentions_dags(content: bytes) -> bool:
    """Say whether a file of this text could define a DAG, as Airflow's safe mode does."""
    lowered = content.lower()
    return b"airflow" in lowered and (b"dag" in lowered or b"asset" in lowered)


def has_own_rule() -> bool:
    """Say whether safe mode is on and the user has a rule of their own for it."""
    name = conf.get("core", "might_contain_dag_callable", fallback=_BUILT_IN)
    return name != _BUILT_IN and _is_on()


def ask_own_rule(path: str, archive: ZipFile | None = None) -> bool:
    """Ask the user's callable about a file, or about a member of an archive."""
    rule: Any = conf.getimport("core", "might_contain_dag_callable")
    return bool(rule(file_path=path, zip_file=archive))


def may_hold_dags(member: str, archive: ZipFile) -> bool:
    """Say whether a module in an archive is to be executed: all are, with safe mode off."""
    if not _is_on():
        return True
    if has_own_rule():
        return ask_own_rule(member, archive)
    return mentions_dags(archive.read(member))


def _is_on() -> bool:
    return conf.getboolean("core", "dag_discovery_safe_mode", fallback=True)
