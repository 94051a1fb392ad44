"""Commands on a real SQLite database: what they print, and what they leave in the store."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from tests.engine.cli.home import Cli


def test_without_a_database_a_command_says_what_to_do(cli: Cli, home: Path) -> None:
    code, out, err = cli("dags", "list")
    assert (code, out) == (1, "")
    assert "run `slipstream db migrate`" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://u:hunter2@127.0.0.1:1/db", "away"),
        ("oracle://u:hunter2@h/db", "oracle"),
        ("nonsense", "sql_alchemy_conn"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_without_its_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, url: str, reason: str
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", url)
    code, out, err = cli("db", "check")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert reason in err
    assert "hunter2" not in err


def test_db_migrate_leaves_a_database_and_a_configuration_to_edit(cli: Cli, home: Path) -> None:
    code, out, _ = cli("db", "init")  # Airflow 2's word
    assert code == 0
    assert "is ready" in out
    config = home / "airflow.cfg"
    assert config.stat().st_mode & 0o777 == 0o600
    lines = config.read_text().splitlines()
    assert "# parallelism = 32" in lines
    assert all(not line or line.startswith(("#", "[")) for line in lines)
    config.write_text("[core]\nparallelism = 4\n")
    assert cli("db", "migrate")[0] == 0
    assert config.read_text() == "[core]\nparallelism = 4\n"
    assert cli("db", "check")[0] == 0
    assert cli("db", "check-migrations", "-t", "0")[0] == 0


def test_db_reset_asks_first(migrated: Cli) -> None:
    migrated("variables", "set", "k", "v")
    code, _, err = migrated("db", "reset")
    assert code == 1
    assert "Say --yes" in err
    assert migrated("variables", "get", "k")[:2] == (0, "v\n")
    assert migrated("db", "reset", "--yes")[0] == 0
    assert migrated("variables", "get", "k")[0] == 1
    assert migrated("db", "reset", "--yes", "--skip-init")[0] == 0
    assert "db migrate" in migrated("variables", "list")[2]


def test_db_clean_counts_before_it_deletes(migrated: Cli) -> None:
    code, out, _ = migrated("db", "clean", "--clean-before-timestamp", "2026-01-01", "--dry-run")
    assert code == 0
    assert "dag_run: 0 rows" in out
    code, _, err = migrated("db", "clean", "--clean-before-timestamp", "x", "--dry-run")
    assert code == 1
    assert "is not a date" in err


def test_pools(migrated: Cli, tmp_path: Path) -> None:
    assert migrated("pools", "set", "p", "3", "three")[1] == "Pool p created\n"
    assert migrated("pools", "set", "p", "4", "four")[1] == "Pool p updated\n"
    _, out, _ = migrated("pools", "list", "-o", "json")
    assert json.loads(out)[1] == {
        "pool": "p",
        "slots": "4",
        "description": "four",
        "include_deferred": "False",
    }
    path = tmp_path / "pools.json"
    assert migrated("pools", "export", str(path))[0] == 0
    assert migrated("pools", "delete", "p")[1] == "Pool p deleted\n"
    assert migrated("pools", "get", "p") == (1, "", "slipstream: Pool p does not exist.\n")
    assert migrated("pools", "import", str(path))[0] == 0
    assert migrated("pools", "get", "p")[0] == 0
    assert migrated("pools", "delete", "default_pool")[0] == 1


def test_variables(migrated: Cli, tmp_path: Path) -> None:
    assert migrated("variables", "set", "k", '{"a": 1}')[1] == "Variable k created\n"
    assert migrated("variables", "get", "k")[1] == '{"a": 1}\n'
    assert migrated("variables", "get", "none", "--default", "d")[1] == "d\n"
    assert migrated("variables", "get", "none")[0] == 1
    assert migrated("variables", "list", "-o", "plain")[1].split() == ["key", "k"]
    path = tmp_path / "variables.json"
    assert migrated("variables", "export", str(path))[0] == 0
    assert json.loads(path.read_text()) == {"k": {"a": 1}}
    path.write_text('{"k": "new", "l": [1]}')
    assert migrated("variables", "import", str(path), "-a", "fail")[0] == 1
    assert "1 of 2" in migrated("variables", "import", str(path), "-a", "skip")[1]
    assert migrated("variables", "get", "k")[1] == '{"a": 1}\n'
    assert "2 of 2" in migrated("variables", "import", str(path))[1]
    assert migrated("variables", "get", "k")[1] == "new\n"
    assert migrated("variables", "delete", "k")[0] == 0
    assert migrated("variables", "delete", "k")[0] == 1
    env = tmp_path / "variables.env"
    env.write_text("# as in Airflow\n k = a=b \nl=2\n")
    assert "2 of 2" in migrated("variables", "import", str(env))[1]
    assert migrated("variables", "get", "k")[1] == "a=b\n"
    env.write_text("k\n")
    assert "line 1: write KEY=VALUE" in migrated("variables", "import", str(env))[2]


def test_connections(migrated: Cli, tmp_path: Path) -> None:
    uri = "postgres://u:p@h:5/db?x=y"
    assert migrated("connections", "add", "c", "--conn-uri", uri)[0] == 0
    assert migrated("connections", "add", "c", "--conn-uri", uri)[0] == 1
    found = yaml.safe_load(migrated("connections", "get", "c", "-o", "yaml")[1])[0]
    assert (found["get_uri"], found["port"], found["extra_dejson"]) == (uri, "5", {"x": "y"})
    path = tmp_path / "c.env"
    assert migrated("connections", "export", str(path))[0] == 0
    assert path.read_text() == f"c={uri}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "as it is" in migrated("connections", "import", str(path))[1]
    assert "Imported" in migrated("connections", "import", str(path), "--overwrite")[1]
    code, _, err = migrated("connections", "add", "d", "--conn-uri", uri, "--conn-host", "h")
    assert code == 1
    assert "--conn-host" in err
    assert migrated("connections", "delete", "c")[0] == 0
    assert migrated("connections", "delete", "c")[0] == 1


def test_dags_and_their_runs(with_demo: Cli, home: Path) -> None:
    _, out, err = with_demo("dags", "list", "-o", "json")
    assert json.loads(out)[0] == {
        "dag_id": "demo",
        "fileloc": str(home / "dags" / "demo.py"),
        "owners": ["airflow"],
        "is_paused": "True",
        "bundle_name": "dags-folder",
        "bundle_version": None,
    }
    assert err == ""
    assert with_demo("dags", "list", "--columns", "nope")[0] == 1
    assert "a demo" in with_demo("dags", "details", "demo")[1]
    assert with_demo("tasks", "list", "demo")[1] == "one\ntwo\n"
    assert "└─ two" in with_demo("dags", "show", "demo")[1]
    assert "2026-" in with_demo("dags", "next-execution", "demo")[1]
    code, _, err = with_demo("dags", "trigger", "demoo")
    assert code == 1
    assert "demoo" in err
    run = ("demo", "r1")
    assert with_demo("dags", "trigger", "demo", "-r", "r1", "-c", '{"a": 1}')[0] == 0
    assert with_demo("dags", "state", *run)[1] == 'queued, {"a": 1}\n'
    assert with_demo("tasks", "state", "demo", "two", "r1")[1] == "None\n"
    assert "two" in with_demo("tasks", "states-for-dag-run", *run, "-o", "plain")[1]
    assert with_demo("tasks", "state", "demo", "tow", "r1")[2].endswith("did you mean two?\n")
    assert "No scheduler is alive" in with_demo("tasks", "explain", "demo", "two", "r1")[1]
    assert "because:" in with_demo("tasks", "failed-deps", "demo", "two", "r1")[1]
    assert "r1" in with_demo("dags", "list-runs", "demo", "--state", "queued")[1]
    assert with_demo("dags", "list-runs", "demo", "--state", "failed")[1] == "No data found\n"
    assert "is_paused" in with_demo("dags", "unpause", "demo")[1]
    assert (
        with_demo("dags", "unpause", "demo")[1] == "Nothing to do: none of these DAGs is paused.\n"
    )
    assert "Cleared 2" in with_demo("tasks", "clear", "demo", "--run-id", "r1", "-y")[1]
    assert with_demo("tasks", "run", "demo", "one", "r1")[0] == 1
    assert with_demo("dags", "delete", "demo", "-y")[0] == 0
    code, _, err = with_demo("dags", "details", "demo")
    assert code == 1
    assert "`dags reserialize`" in err


def test_tasks_of_many_dags_are_cleared_by_patterns(migrated: Cli, home: Path) -> None:
    (home / "dags").mkdir()
    for name in ("etl_a", "etl_b", "other"):
        (home / "dags" / f"{name}.py").write_text(
            "from airflow.sdk import DAG\n"
            "from airflow.providers.standard.operators.empty import EmptyOperator\n"
            f"with DAG({name!r}):\n"
            f"    EmptyOperator(task_id='load') >> EmptyOperator(task_id={name!r})\n"
        )
    assert migrated("dags", "reserialize")[0] == 0
    for name in ("etl_a", "etl_b", "other"):
        assert migrated("dags", "trigger", name, "-r", "r1")[0] == 0
    clear = ("tasks", "clear", "-y", "-R")
    assert migrated(*clear, "^etl_")[1] == "Cleared 4 task instances.\n"
    assert migrated(*clear, "^etl_", "-t", "a$")[1] == "Cleared 1 task instances.\n"
    assert migrated(*clear, "^etl_", "-t", "nope")[2].endswith("No task's id matches 'nope'.\n")
    assert migrated(*clear, "nope")[2].endswith("No DAG's id matches 'nope'.\n")
    assert "not a regular expression" in migrated(*clear, "(")[2]


def test_import_errors_are_listed_with_exit_code_1(migrated: Cli, home: Path) -> None:
    (home / "dags").mkdir()
    (home / "dags" / "broken.py").write_text("from airflow import DAG\nimport nosuchmodule\n")
    code, out, err = migrated("dags", "reserialize")
    assert (code, "1 could not be imported" in err) == (0, True)
    code, out, _ = migrated("dags", "list-import-errors", "-o", "json")
    assert code == 1
    found = json.loads(out)[0]
    assert found["filepath"] == "broken.py"
    assert "line 2" in found["error"]


def test_tasks_render_and_test_record_nothing(with_demo: Cli, home: Path) -> None:
    code, out, _ = with_demo("tasks", "test", "demo", "one", "2026-02-03")
    assert code == 0
    assert "XCom return_value: 1" in out
    code, out, _ = with_demo("tasks", "render", "demo", "two", "2026-02-03")
    assert code == 0
    assert "# property: bash_command" in out
    (home / "dags" / "wrong.py").write_text(
        "from airflow.sdk import DAG\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n"
        "with DAG('wrong', schedule=None):\n"
        "    BashOperator(task_id='one', bash_command='echo {{ nothing.at_all }}')\n"
    )
    code, out, err = with_demo("tasks", "render", "wrong", "one")
    assert (code, out) == (1, "")
    assert "Task 'one': bash_command cannot be rendered: UndefinedError: 'nothing'" in err
    assert "Traceback" not in err
    assert with_demo("dags", "list-runs", "demo")[1] == "No data found\n"


def test_config_commands_show_where_values_come_from(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "5")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://u:hunter2@h/db")
    assert cli("config", "get-value", "core", "parallelism")[1] == "5\n"
    _, out, _ = cli("config", "list", "--section", "core")
    assert "# from AIRFLOW__CORE__PARALLELISM\nparallelism = 5\n" in out
    _, out, _ = cli("config", "list")
    assert "hunter2" not in out
    assert "hunter2" in cli("config", "list", "--show-values")[1]
    assert cli("config", "get-value", "core", "nope")[0] == 1
    assert cli("config", "lint")[0] == 0
    monkeypatch.setenv("AIRFLOW__CORE__CHECK_SLAS", "True")
    code, out, _ = cli("config", "lint")
    assert (code, out) == (1, "AIRFLOW__CORE__CHECK_SLAS does nothing any more.\n")
    monkeypatch.delenv("AIRFLOW__CORE__CHECK_SLAS")
    monkeypatch.setenv("AIRFLOW__CORE__PARALELISM", "7")
    monkeypatch.setenv("AIRFLOW__MY_COMPANY__ANYTHING", "7")
    unknown = "AIRFLOW__CORE__PARALELISM is no option of [core]: did you mean parallelism?\n"
    assert cli("config", "lint")[:2] == (1, unknown)


def test_info_and_cheat_sheet(cli: Cli) -> None:
    code, out, _ = cli("info", "-o", "json")
    assert code == 0
    assert {"section": "Slipstream", "name": "executor", "value": "LocalExecutor"} in json.loads(
        out
    )
    assert "slipstream dags trigger" in cli("cheat-sheet")[1]


def test_jobs_check_counts_what_is_alive(migrated: Cli) -> None:
    from slipstream.clock import utcnow
    from slipstream.store import Store, job

    def check(*words: str) -> tuple[int, str]:
        code, out, err = migrated("jobs", "check", *words)
        return code, (out or err).removeprefix("slipstream: ").rstrip()

    assert check() == (1, "No service is alive.")
    assert check("--allow-multiple")[0] == 1
    assert check("--local", "--hostname", "h")[0] == 1
    with Store.open() as store:
        for job_type in ("SchedulerJob", "DagProcessorJob", "DagProcessorJob"):
            store.write(job.register, job_type=job_type, now=utcnow())
    assert check() == (0, "One service is alive.")
    assert check("--limit", "0") == (
        1,
        "3 services are alive: use --allow-multiple if more than one may be.",
    )
    several = ("--allow-multiple", "--limit", "2")
    assert check(*several) == (0, "2 services are alive.")
    assert check(*several, "--job-type", "SchedulerJob") == (0, "One service is alive.")
    assert check("--hostname", "another")[0] == 1


def test_changes_are_in_the_audit_log_without_their_secrets(with_demo: Cli) -> None:
    from slipstream.store import Store, audit

    with_demo("dags", "pause", "nobody")  # changes nothing
    with_demo("dags", "trigger", "demo", "-r", "r1", "-c", '{"token": "hunter2"}')
    with_demo("connections", "add", "c", "--conn-uri", "http://u:hunter2@h")
    with_demo("variables", "set", "password", "hunter2")
    with Store.open() as store, store.read() as conn:
        rows = audit.list_newest(conn)
    assert [(row.event, row.dag_id, row.run_id) for row in reversed(rows)] == [
        ("cli_dags_trigger", "demo", "r1"),
        ("cli_connections_add", None, None),
        ("cli_variables_set", None, None),
    ]
    assert all(row.owner for row in rows)
    assert "hunter2" not in str(rows)


def test_tasks_test_takes_params_and_environment(
    with_demo: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "dags" / "echo.py").write_text(
        "from datetime import datetime\n"
        "from airflow.sdk import DAG, task\n"
        "with DAG('echo', start_date=datetime(2026, 1, 1), schedule=None, params={'p': 'none'}):\n"
        "    @task\n"
        "    def tell(**context):\n"
        "        import os\n"
        "        return [context['params']['p'], os.environ['WHO']]\n"
        "    tell()\n"
    )
    monkeypatch.setenv("WHO", "nobody")  # and not for the tests that follow
    code, out, _ = with_demo(
        *("tasks", "test", "echo", "tell", "--task-params", '{"p": "given"}'),
        *("--env-vars", '{"WHO": "me"}'),
    )
    assert (code, 'XCom return_value: ["given", "me"]' in out) == (0, True)
    assert with_demo("tasks", "test", "echo", "tell", "--task-params", "[1]")[0] == 1


UNUSED = {
    *("alembic", "babel", "cryptography", "fastapi", "jinja2", "jsonschema", "mako", "pendulum"),
    *("psycopg", "pydantic", "pymysql", "rich", "uvicorn", "watchfiles", "yaml"),
    *("airflow", "slipstream.api", "slipstream.cli.dagtest", "slipstream.scheduler"),
    *("slipstream.sdk.dag", "slipstream.supervisor", "sqlalchemy.dialects.mysql"),
    *("sqlalchemy.dialects.postgresql", "sqlalchemy.orm"),
    *("asyncio", "email", "importlib.metadata", "sqlalchemy.dialects.sqlite.aiosqlite", "ssl"),
}
EXPLAINING = {"slipstream.command.explaining", "slipstream.machine.admission"}


@pytest.mark.parametrize(
    "words",
    [
        "dags list",
        "dags list-runs demo",
        "dags details demo",
        "dags trigger demo",
        "dags pause demo",
        "dags next-execution demo",
        "tasks list demo",
        "tasks states-for-dag-run demo first",
        "tasks explain demo one first",
        "tasks clear --yes demo",
        "variables list",
        "connections list",
        "pools list",
        "db check",
    ],
)
def test_a_command_on_the_store_imports_nothing_heavy_that_it_does_not_need(
    words: str, with_demo: Cli
) -> None:
    assert with_demo("dags", "trigger", "demo", "--run-id", "first")[0] == 0
    program = (
        "import sys; from slipstream.cli.main import main; code = main(sys.argv[1:]); "
        "print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words.split()], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.split())
    assert UNUSED.isdisjoint(loaded)
    assert ("explain" in words) == bool(EXPLAINING & loaded)


def test_a_backfill_is_tried_out_and_created(with_demo: Cli) -> None:
    cli = with_demo
    words = ("backfill", "create", "--dag-id", "demo", "--from-date", "2026-01-01")
    code, out, _ = cli(*words, "--to-date", "2026-01-03", "--dry-run")
    assert code == 0
    assert [line[:10] for line in out.splitlines() if line.startswith("2026")] == [
        f"2026-01-0{n}" for n in (1, 2, 3)
    ]
    code, out, _ = cli(*words, "--to-date", "2026-01-03", "--dag-run-conf", '{"k": 1}')
    assert (code, "of demo: 3 runs, at most 10 at a time" in out) == (0, True)
    code, _, err = cli(*words, "--to-date", "2026-01-03")
    assert (code, "is being backfilled already" in err) == (1, True)
    _, out, _ = cli("dags", "list-runs", "demo", "-o", "json")
    runs = [run["run_id"] for run in json.loads(out)]
    assert sum(run_id.startswith("backfill__") for run_id in runs) == 3


def test_tasks_test_of_a_task_with_retries_left_ends_as_up_for_retry(
    with_demo: Cli, home: Path
) -> None:
    (home / "dags" / "flaky.py").write_text(
        "from datetime import datetime\n"
        "from airflow.sdk import DAG, task\n"
        "with DAG('flaky', start_date=datetime(2026, 1, 1), schedule=None):\n"
        "    @task(\n"
        "        retries=1,\n"
        "        on_retry_callback=lambda context: print('retry'),\n"
        "        on_failure_callback=lambda context: print('failure'),\n"
        "    )\n"
        "    def one():\n"
        "        raise ValueError('boom')\n"
        "    one()\n"
    )
    code, out, _ = with_demo("tasks", "test", "flaky", "one")
    assert code == 1
    assert "one ended as up_for_retry" in out
    assert [line for line in out.splitlines() if line in ("retry", "failure")] == ["retry"]
