"""Whatever a DAG file does while it is loaded harms nothing but itself."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from tests.engine.dagprocessor.home import HEADER, Home, dag_text, eventually

SHORT = {"soft_limit_s": 1.0, "hard_limit_s": 2.0}


def _parse_beside_a_good_one(home: Home, hostile: str, **limits: float) -> None:
    """Parse the hostile file with a good one on each side; the good ones must get through."""
    home.write("a_good.py", dag_text("good_a"))
    home.write("hostile.py", f"# airflow dag\n{hostile}")
    home.write("z_good.py", dag_text("good_z"))
    home.parse(memory_limit_mb=200, **limits)
    assert {"good_a", "good_z"} <= home.active()
    assert set(home.errors()) <= {"hostile.py"}


FATAL = {
    "sys.exit": ("import sys\nsys.exit(3)", "SystemExit: 3"),
    "raise SystemExit": ("raise SystemExit('bye')", "SystemExit: bye"),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "GeneratorExit": ("raise GeneratorExit", "GeneratorExit"),
    "os._exit": ("import os\nos._exit(3)", "ended its process with exit code 3"),
    "abort": ("import os\nos.abort()", "killed by SIGABRT"),
    "crash": ("import ctypes\nctypes.string_at(0)", "killed by SIGSEGV"),
    "kill itself": ("import os\nos.kill(os.getpid(), 9)", "killed by SIGKILL (out of memory?)"),
    "endless loop": ("while True:\n    pass", "took longer than 1 s"),
    "sleep": ("import time\ntime.sleep(100)", "took longer than 1 s"),
    "loop that catches all": (
        "import time\nwhile True:\n    try: time.sleep(100)\n    except BaseException: pass",
        "did not end within 2 s",
    ),
    "loop without alarms": (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass",
        "did not end within 2 s",
    ),
    "stop itself": (
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
        "did not end within",
    ),
    "print without end": ("while True:\n    print('x' * 1000)", "took longer than 1 s"),
    "eat memory": ("x = []\nwhile True:\n    x.append(bytearray(1 << 20))", "MemoryError"),
    "close descriptors": (
        "import os\nos.closerange(0, 4096)",
        "closed its file descriptors",
    ),
    "deep recursion": ("def f(): return f()\nf()", "RecursionError"),
    "kill its parent": (
        "import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(10)",
        "zygote died each time",
    ),
    "write to the answer's socket": (
        (
            "import os\n"
            "for fd in range(3, 20):\n"
            "    try: os.write(fd, b'\\0\\0\\0\\5xxxxx')\n"
            "    except OSError: pass\n"
        ),
        "",
    ),
}


@pytest.mark.parametrize("name", FATAL)
def test_a_file_that_dies_is_an_import_error(home: Home, name: str) -> None:
    code, expected = FATAL[name]
    is_slow = "took longer" in expected or "did not end" in expected
    _parse_beside_a_good_one(home, code, **(SHORT if is_slow else {}))
    assert expected in home.error("hostile.py")


HARMLESS = {
    "print megabytes": "for _ in range(5000): print('x' * 1000)",
    "print binary": "import os\nos.write(1, bytes(range(256)) * 10)",
    "print without flush": "import sys\nsys.stdout.write('half a line')",
    "close stdout": "import sys\nsys.stdout.close()\nsys.stderr = None",
    "change directory": "import os\nos.chdir('/')",
    "change environment": "import os\nos.environ.clear()",
    "leave a thread": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()"
    ),
    "register an exit handler": "import atexit, time\natexit.register(time.sleep, 1000)",
    "change signals": "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "start a session": "import os, pathlib\nos.setpgrp()"
    if False
    else "import os\nos.umask(0o777)",
    "change sys.path": "import sys\nsys.path.clear()",
    "change warnings": "import warnings\nwarnings.warn('old thing', DeprecationWarning)",
    "fork": "import os\nfor _ in range(3): os.fork()",
}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_file_that_misbehaves_still_gives_its_dag(home: Home, name: str) -> None:
    # The DAG first: what follows must not spoil it any more.
    _parse_beside_a_good_one(home, f"{dag_text('mine')}\n{HARMLESS[name]}\n")
    assert home.errors() == {}
    assert home.active() == {"good_a", "good_z", "mine"}


def test_the_log_of_a_file_is_bounded(home: Home) -> None:
    _parse_beside_a_good_one(home, f"{dag_text('mine')}\nfor _ in range(9000): print('x' * 1000)")
    text = home.log("hostile.py")
    assert 1 << 20 <= len(text) < (1 << 20) + 200
    assert "more bytes were thrown away" in text
    assert "mine" in home.active()


def test_what_a_file_prints_and_warns_of_is_kept(home: Home) -> None:
    home.write(
        "loud.py",
        "import logging, warnings\n"
        "print('printed')\n"
        "logging.getLogger('x').info('logged')\n"
        "warnings.warn('warned')\n" + dag_text("loud"),
    )
    home.parse()
    text = home.log("loud.py")
    assert "printed" in text
    assert "INFO logged" in text
    assert "loud.py:4: UserWarning: warned" in text
    home.write("loud.py", dag_text("loud", task_id="silent"))
    home.parse()
    assert home.log("loud.py") == ""


STRAY = {
    "in its group": "import subprocess\np = subprocess.Popen(['sleep', '1000'])",
    "in a session of its own": (
        "import subprocess\np = subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    ),
    "as a daemon": (
        "import os, time\n"
        "r, w = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    pid = os.fork()\n"
        "    if pid:\n"
        "        os.write(w, str(pid).encode())\n"  # the daemon may be killed once it is an orphan
        "        os._exit(0)\n"
        "    time.sleep(1000)\n"
        "class p: pid = int(os.read(r, 100))"
    ),
}


@pytest.mark.parametrize("how", STRAY)
def test_processes_that_a_file_leaves_behind_are_killed(home: Home, how: str) -> None:
    pid_file = home.path / "pid"
    note = f"open({str(pid_file)!r}, 'w').write(str(p.pid))"
    _parse_beside_a_good_one(home, f"{STRAY[how]}\n{note}\n{dag_text('mine')}")
    assert home.errors() == {}
    pid = int(pid_file.read_text())
    eventually(lambda: not _is_alive(pid), f"process {pid} ends")


def test_stopping_kills_a_file_in_the_middle_with_what_it_started(home: Home) -> None:
    pid_file = home.path / "pid"
    home.write(
        "slow.py",
        f"""
        # airflow dag
        import subprocess, time
        p = subprocess.Popen(['sleep', '1000'], start_new_session=True)
        open({str(pid_file)!r}, 'w').write(str(p.pid))
        time.sleep(1000)
        """,
    )
    with home.running() as processor:
        eventually(lambda: pid_file.exists() and pid_file.read_text(), "the file is loading")
        zygote = processor.zygote_pid
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert zygote is not None
    assert not _is_alive(zygote)
    pid = int(pid_file.read_text())
    eventually(lambda: not _is_alive(pid), f"process {pid} ends")


def test_the_death_of_the_zygote_loses_no_file(home: Home) -> None:
    for i in range(12):
        home.write(f"d{i}.py", f"import time\ntime.sleep(0.05)\n{dag_text(f'd{i}')}")
    with home.running() as processor:
        eventually(lambda: len(home.active()) >= 1, "the first DAG is seen")
        assert processor.zygote_pid is not None
        os.kill(processor.zygote_pid, signal.SIGKILL)
        eventually(lambda: len(home.active()) == 12, "all DAGs are seen")
    assert home.errors() == {}


def test_the_traceback_starts_in_the_users_file(home: Home) -> None:
    home.write("lib.py", "def compute():\n    return 1 / 0\n")
    home.write("broken.py", "# airflow dag\nimport lib\n\nlib.compute()\n")
    home.parse()
    row = home.errors()["broken.py"]
    lines = row.stacktrace.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert f'"{home.dags}/broken.py", line 4' in lines[1]
    assert lines[-1] == "ZeroDivisionError: division by zero"
    assert "slipstream" not in row.stacktrace
    assert row.line == 4


@pytest.mark.parametrize("schedule", ["'@dayly'", "'61 * * * *'", "5"])
def test_a_bad_schedule_has_its_line(home: Home, schedule: str) -> None:
    path = home.write(
        "schedule.py",
        f"""
        from airflow.sdk import DAG

        def build():
            return DAG(
                "d", schedule={schedule}
            )

        build()
        """,
    )
    home.parse()
    error = home.errors()["schedule.py"]
    assert error.line == 5
    assert f'File "{path}", line 9, in <module>' in error.stacktrace
    assert error.stacktrace.index(str(path)) < error.stacktrace.index("slipstream")


def test_a_syntax_error_has_its_line(home: Home) -> None:
    home.write("broken.py", "# airflow dag\n\nx = = 1\n")
    home.parse()
    row = home.errors()["broken.py"]
    assert row.line == 3
    assert "SyntaxError: invalid syntax" in row.stacktrace
    assert "slipstream" not in row.stacktrace


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("a >> b >> a", "Cycle"),
        ("DAG('two words!', schedule=None)", "two words!"),
        ("x = DAG('x', schedule='every day')", "every day"),
        ("import no_such_module", "No module named 'no_such_module'"),
    ],
)
def test_a_bad_dag_is_an_import_error(home: Home, code: str, expected: str) -> None:
    home.write(
        "broken.py",
        f"{HEADER}with DAG('broken', schedule=None):\n"
        "    a, b = EmptyOperator(task_id='a'), EmptyOperator(task_id='b')\n"
        f"    {code}\n",
    )
    home.parse()
    assert expected.lower() in home.error("broken.py").lower()


def test_an_error_keeps_the_dags_of_before(home: Home) -> None:
    home.write("d.py", dag_text("d"))
    home.parse()
    home.write("d.py", dag_text("d") + "\n1 / 0\n")
    home.parse()
    assert home.rows()["d"].has_import_errors
    assert home.active() == {"d"}
    home.write("d.py", dag_text("d", task_id="healed"))
    home.parse()
    assert home.errors() == {}
    assert not home.rows()["d"].has_import_errors


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
