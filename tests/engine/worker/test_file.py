"""DAG files: executed once and shared, loaded anew when they change, and harmless when they are bad."""

from __future__ import annotations

import pytest
from tests.engine.worker.rig import HEADER, Rig

from slipstream.config import conf
from slipstream.state import TaskInstanceState as S


def test_a_file_is_executed_once_for_many_attempts(rig: Rig) -> None:
    rig.dag("prove('loaded')\n@task\ndef t():\n    pass\nt()")
    for n in range(5):
        assert rig.outcome("t", map_index=n).state is S.SUCCESS
    assert rig.proof() == ["loaded"]


def test_a_changed_file_is_loaded_anew(rig: Rig) -> None:
    for n in range(3):
        rig.dag(f"@task\ndef t():\n    return {n} or 'none'\nt()")
        assert rig.outcome("t").state is S.SUCCESS
        assert rig.xcom("t") == (n or "none")


def test_a_changed_module_or_data_file_loads_its_dag_file_anew(rig: Rig) -> None:
    module, data = rig.home / "dags" / "helper_of_d.py", rig.home / "dags" / "data.txt"
    rig.dag(
        "import helper_of_d\ndata = open(os.path.join(HOME, 'dags', 'data.txt')).read()\n"
        "@task\ndef t():\n    return [helper_of_d.VALUE, data]\nt()"
    )
    module.write_text("VALUE = 1")
    data.write_text("one")
    rig.outcome("t")
    assert rig.xcom("t") == [1, "one"]
    module.write_text("VALUE = 22")
    rig.outcome("t")
    assert rig.xcom("t") == [22, "one"]
    data.write_text("three")
    rig.outcome("t")
    assert rig.xcom("t") == [22, "three"]


def test_a_task_that_appears_in_an_unchanged_file_is_found(rig: Rig) -> None:
    # The file's content depends on something that no watch can see.
    rig.dag(
        "from subprocess import check_output\n"
        "for name in check_output(['ls', os.path.join(HOME, 'names')], text=True).split():\n"
        "    @task(task_id=name)\n"
        "    def f():\n"
        "        return 1\n"
        "    f()"
    )
    names = rig.home / "names"
    names.mkdir()
    (names / "a").touch()
    assert rig.outcome("a").state is S.SUCCESS
    (names / "b").touch()
    assert rig.outcome("b").state is S.SUCCESS


def test_tasks_of_a_file_with_threads_load_it_themselves(rig: Rig) -> None:
    rig.dag(
        """
        import threading
        prove("loaded")
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        @task
        def t():
            return threading.active_count()
        t()
        """
    )
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.xcom("t") == 2, "its own thread runs: the file was not shared"
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.proof() == ["loaded"] * 3


def test_tasks_of_a_file_with_an_open_connection_do_not_share_it(rig: Rig) -> None:
    rig.dag(
        "import socket\npair = socket.socketpair()\nprove('loaded')\n"
        "@task\ndef t():\n    pair[0].send(b'x')\n    return pair[1].recv(10).decode()\nt()"
    )
    for _ in range(2):
        assert rig.outcome("t").state is S.SUCCESS
        assert rig.xcom("t") == "x"
    assert rig.proof() == ["loaded"] * 3


def test_a_file_that_asks_for_a_variable_at_its_top_gets_it(rig: Rig) -> None:
    from slipstream.store import variable

    rig.store.write(lambda conn: variable.set(conn, "v", "7"))
    rig.dag(
        "from airflow.sdk import Variable\nv = Variable.get('v')\n@task\ndef t():\n    return v\nt()"
    )
    assert rig.outcome("t").state is S.SUCCESS
    assert rig.xcom("t") == "7"


BAD = {
    "raises": ("raise ValueError('broken on purpose')", "broken on purpose"),
    "syntax": ("def f(:", "SyntaxError"),
    "exits": ("import os; os._exit(3)", "exit code 3"),
    "sys.exit": ("import sys; sys.exit(4)", "SystemExit"),
    "kills itself": ("import os; os.kill(os.getpid(), 9)", "SIGKILL"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_fails_its_own_attempts_and_no_others(rig: Rig, case: str) -> None:
    code, words = BAD[case]
    rig.raw(code, name="bad")
    rig.dag("@task\ndef t():\n    return 1\nt()")
    bad = [rig.submit("t", relative_fileloc="bad.py", map_index=n) for n in (1, 2)]
    assert rig.outcome("t").state is S.SUCCESS
    for attempt_id in bad:
        outcome = rig.finished(attempt_id)
        assert (outcome.state, outcome.retryable) == (S.FAILED, True)
        assert words in (outcome.error or "")
        assert words in rig.log_text(attempt_id)
    rig.raw(HEADER + "with DAG('d'):\n    @task\n    def t(): return 2\n    t()\n", name="bad")
    assert rig.outcome("t", relative_fileloc="bad.py").state is S.SUCCESS


def test_a_traceback_begins_in_the_authors_file(rig: Rig) -> None:
    path = rig.raw("def f():\n    raise ValueError('broken')\nf()\n")
    attempt_id = rig.submit("t")
    rig.finished(attempt_id)
    [record] = [r for r in rig.log(attempt_id) if "Traceback" in str(r.get("event"))]
    lines = record["event"].splitlines()
    assert lines[1].strip().startswith(f'File "{path}", line 3')


def test_a_file_that_takes_for_ever_is_ended_at_its_time_limit(
    idle_rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT", "0.5")
    conf.reload()
    idle_rig.start()
    idle_rig.raw("while True: pass", name="bad")
    idle_rig.dag("@task\ndef t():\n    return 1\nt()")
    attempt_id = idle_rig.submit("t", relative_fileloc="bad.py")
    assert idle_rig.outcome("t").state is S.SUCCESS
    outcome = idle_rig.finished(attempt_id)
    assert "took longer than 0.5 s" in (outcome.error or "")


def test_a_file_that_is_gone_fails_with_its_name(rig: Rig) -> None:
    outcome = rig.outcome("t", relative_fileloc="gone.py")
    assert outcome.state is S.FAILED
    assert "gone.py" in (outcome.error or "")
    assert "No such file" in (outcome.error or "")


def test_a_task_that_the_file_no_longer_has_fails_with_its_name(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    return 1\nt()")
    outcome = rig.outcome("renamed")
    assert outcome.state is S.FAILED
    assert "no task 'renamed'" in (outcome.error or "")


def test_a_file_in_a_zip_runs(rig: Rig) -> None:
    import zipfile

    body = "with DAG('d'):\n    @task\n    def t(): return __name__\n    t()\n"
    with zipfile.ZipFile(rig.home / "dags" / "packed.zip", "w") as archive:
        archive.writestr("inside.py", HEADER + body)
    outcome = rig.outcome("t", relative_fileloc="packed.zip/inside.py")
    assert outcome.state is S.SUCCESS
    assert rig.xcom("t") == "inside"


def test_random_numbers_differ_between_attempts(rig: Rig) -> None:
    rig.dag("import random\nrandom.seed(1)\n@task\ndef t():\n    return random.random()\nt()")
    seen = set()
    for n in range(3):
        rig.outcome("t", map_index=n)
        seen.add(rig.xcom("t", map_index=n))
    assert len(seen) == 3


def test_idle_zygotes_and_spares_hold_no_deleted_files_open(rig: Rig) -> None:
    rig.dag("@task\ndef t():\n    return len(os.listdir('/proc/self/fd'))\nt()")
    counts = set()
    for n in range(4):
        rig.outcome("t", map_index=n)
        counts.add(rig.xcom("t", map_index=n))
    assert len(counts) == 1, f"descriptors leak from attempt to attempt: {counts}"
    assert max(counts) < 12


def test_a_default_timeout_of_sockets_is_not_that_of_the_worker(rig: Rig) -> None:
    rig.dag(
        """
        import socket
        from airflow.sdk import Variable
        socket.setdefaulttimeout(0.0)
        @task
        def t():
            return Variable.get("missing", default="none")
        t()
        """
    )
    attempt_id = rig.submit("t")
    assert rig.finished(attempt_id).state is S.SUCCESS
