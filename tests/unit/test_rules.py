"""The house rules that no linter knows: who may read the clock, the environment, and so on.

Each rule is a pattern and the few files that may match it, with the reason. A new match is either
in the wrong place or wants a line here that says why it is not.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src" / "slipstream"

WALL_TIME = re.compile(r"datetime\.now\(|datetime\.utcnow\(|date\.today\(|time\.time(_ns)?\(")
WALL_TIME_ALLOWED = {
    "clock.py": "the one reader of wall time",
    "attempt.py": "a UUIDv7 begins with the time; it orders ids and decides nothing",
    "cli/date.py": "asks for the machine's zone, not for the time",
    "example_dags/": "users' code",
}

ENVIRONMENT = re.compile(r"os\.environ|os\.getenv|os\.putenv")
ENVIRONMENT_ALLOWED = {
    "config/": "the one reader of settings",
    "sdk/environment.py": "what Airflow exports to tasks, and AIRFLOW_VAR_ and AIRFLOW_CONN_",
    "task/child.py": "marks the process with its attempt, for the sweeper",
    "task/rehearsal.py": "puts back what a rehearsed task changed",
    "cli/db.py": "hands a password to the database's own shell",
    "cli/dagfile.py": "lets a DAG file's neighbours be imported by its tasks",
    "cli/service/": "starts processes",
    "supervisor/": "starts processes",
    "worker/__main__.py": "starts processes",
}

RAW_SQL = re.compile(r"[\"'](SELECT|INSERT INTO|UPDATE|DELETE FROM|BEGIN|PRAGMA)\b[^\"']* ")
RAW_SQL_ALLOWED = {"store/": "the one place of SQL", "example_dags/": "users' code"}

STATE_WRITE = re.compile(r"update\((schema\.)?(task_instance|dag_run)\)(?s:.{0,400}?)\bstate=")
STATE_WRITE_ALLOWED = {"store/decision.py": "writes what the machine decided"}

RULES = {
    "wall time is read in clock": (WALL_TIME, WALL_TIME_ALLOWED),
    "the environment is read in config": (ENVIRONMENT, ENVIRONMENT_ALLOWED),
    "SQL is in store": (RAW_SQL, RAW_SQL_ALLOWED),
    "state columns are written by store.decision": (STATE_WRITE, STATE_WRITE_ALLOWED),
}


def _matches(pattern: re.Pattern[str]) -> dict[str, str]:
    found = {}
    for path in sorted(SRC.rglob("*.py")):
        text = path.read_text()
        if match := pattern.search(text):
            line = text.count("\n", 0, match.start()) + 1
            found[str(path.relative_to(SRC))] = f"line {line}: {match.group(0)[:60]!r}"
    return found


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_the_house_holds(rule: str) -> None:
    pattern, allowed = RULES[rule]
    broken = {f: m for f, m in _matches(pattern).items() if not f.startswith(tuple(allowed))}
    assert broken == {}, f"{rule}, except in {', '.join(allowed)}"


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (WALL_TIME, "now = datetime.now(UTC)"),
        (ENVIRONMENT, "home = os.environ['AIRFLOW_HOME']"),
        (RAW_SQL, "conn.execute('SELECT * FROM dag')"),
        (STATE_WRITE, "conn.execute(update(dag_run).where(x).values(state='failed'))"),
    ],
)
def test_the_patterns_find_what_they_look_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)
