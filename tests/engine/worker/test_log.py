"""An attempt's log file: records, prints and raw output, masked, and never in the task's way."""

from __future__ import annotations

import json
import stat

import pytest
from tests.engine.worker.rig import Rig

from slipstream.state import TaskInstanceState as S


def test_records_have_airflows_form(rig: Rig) -> None:
    rig.dag(
        """
        import logging
        @task
        def t():
            logging.getLogger("my.logger").warning("warned %s", 5)
            print("printed\\ntwice")
            print("wrong", file=sys.stderr)
            os.system("echo from the shell")
            try:
                1 / 0
            except ZeroDivisionError:
                logging.getLogger("my.logger").exception("oops")
        t()
        """
    )
    attempt_id = rig.submit("t")
    rig.finished(attempt_id)
    records = rig.log(attempt_id)
    assert {k: records[0][k] for k in ("level", "event", "logger", "filename")} == {
        "level": "warning",
        "event": "warned 5",
        "logger": "my.logger",
        "filename": "d.py",
    }
    assert records[0]["timestamp"].endswith("Z")
    assert isinstance(records[0]["lineno"], int)
    said = [(r.get("logger"), r.get("event", r.get("raw"))) for r in records[1:5]]
    assert said == [
        ("task.stdout", "printed"),
        ("task.stdout", "twice"),
        ("task.stderr", "wrong"),
        (None, "from the shell"),
    ]
    [detail] = records[5]["error_detail"]
    assert (detail["exc_type"], detail["exc_value"]) == ("ZeroDivisionError", "division by zero")
    assert detail["frames"][0]["name"] == "t"


def test_the_log_is_where_the_workload_says(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    print('here')\nt()")
    path = "dag_id=d/run_id=r/task_id=t/attempt=1.log"
    rig.outcome("t", log_path=path)
    lines = (rig.home / "logs" / path).read_text().splitlines()
    assert json.loads(lines[0])["event"] == "here"


def test_a_later_execution_of_the_same_try_appends(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    print('here')\nt()")
    for _ in range(2):
        rig.outcome("t", log_path="one.log")
    assert (rig.home / "logs" / "one.log").read_text().count('"here"') == 2


def test_huge_output_arrives_whole(rig: Rig) -> None:
    rig.dag(
        "@task\ndef t():\n    print('x' * 3_000_000)\n    for n in range(50_000):\n        print(n)\nt()"
    )
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).state is S.SUCCESS
    messages = rig.messages(attempt_id)
    assert "".join(m for m in messages if m.startswith("x")) == "x" * 3_000_000
    numbers = [m for m in messages if m.isdigit()]
    assert numbers == [str(n) for n in range(50_000)]


def test_a_line_without_an_end_is_written_at_the_tasks_end(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    print('no newline', end='')\nt()")
    attempt_id = rig.submit("t")
    rig.finished(attempt_id)
    assert "no newline" in rig.messages(attempt_id)


def test_secrets_are_masked_in_records_prints_and_tracebacks(rig: Rig) -> None:
    rig.dag(
        """
        import logging
        from slipstream.sdk.log import mask_secret
        @task
        def t():
            mask_secret("hunter2hunter2")
            print("it is hunter2hunter2")
            logging.getLogger("x").warning("it is %s", "hunter2hunter2")
            raise ValueError("not hunter2hunter2")
        t()
        """,
    )
    attempt_id = rig.submit("t")
    outcome = rig.finished(attempt_id)
    assert outcome.error == "ValueError: not ***"
    text = rig.log_text(attempt_id)
    assert "hunter2" not in text
    assert text.count("it is ***") == 2


def test_a_log_that_cannot_be_written_does_not_stop_the_task(rig: Rig) -> None:
    (rig.home / "logs").mkdir(exist_ok=True)
    (rig.home / "logs" / "file").write_text("in the way of a folder")
    rig.dag("@task\ndef t():\n    print('into the void')\n    return 1\nt()")
    outcome = rig.finished(rig.submit("t", log_path="file/t.log"))
    assert outcome.state is S.SUCCESS
    assert "file/t.log cannot be written: Not a directory" in (outcome.log_lost or "")
    assert rig.xcom("t") == 1
    failed = rig.submit("nothing", log_path="file/t.log")
    assert rig.finished(failed).state is S.FAILED


def test_a_full_disk_does_not_stop_the_task(rig: Rig) -> None:
    # RLIMIT_FSIZE stands for the full disk: writes to the log fail from some size on.
    rig.dag(
        """
        import logging, resource, signal
        @task
        def t():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
            for n in range(2_000):
                print("line", n)
                logging.getLogger("x").warning("record %d", n)
            return 1
        t()
        """
    )
    attempt_id = rig.submit("t")
    outcome = rig.finished(attempt_id)
    assert outcome.state is S.SUCCESS
    assert outcome.log_lost == "what it writes is lost: File too large"
    assert rig.xcom("t") == 1
    assert len(rig.log_text(attempt_id)) <= 10_000


def test_the_last_line_says_how_the_process_ended(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    pass\nt()")
    attempt_id = rig.submit("t")
    rig.finished(attempt_id)
    rig.until(lambda: "peak memory" in rig.log_text(attempt_id), "the last line")
    assert "success, exit code 0" in rig.messages(attempt_id)[-1]


def test_what_the_file_prints_as_it_is_loaded_is_in_each_attempts_log(rig: Rig) -> None:
    rig.dag("print('from the top')\n@task\ndef t():\n    print('from the task')\nt()")
    for _ in range(2):
        attempt_id = rig.submit("t")
        rig.finished(attempt_id)
        assert rig.messages(attempt_id)[:2] == ["from the top", "from the task"]


def test_the_logging_level_is_the_configured_one(
    idle_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "DEBUG")
    idle_rig.start()
    idle_rig.dag("import logging\n@task\ndef t():\n    logging.getLogger('x').debug('deep')\nt()")
    attempt_id = idle_rig.submit("t")
    idle_rig.finished(attempt_id)
    assert "deep" in idle_rig.messages(attempt_id)


def test_log_files_are_for_their_owner_to_write(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    print(1)\nt()")
    attempt_id = rig.submit("t")
    rig.finished(attempt_id)
    [path] = (rig.home / "logs").glob(f"**/*{attempt_id}.log")
    assert not path.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
