"""What a zygote rehearses leaves no trace in it, for every task is a fork of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import json, os, signal, sys
from slipstream.sdk import taskapi
from slipstream.task import output, process
from slipstream.task.rehearsal import rehearse, rehearse_for

def state():
    return {
        "environ": dict(os.environ),
        "name": open("/proc/self/comm").read(),
        "descriptors": {fd: os.readlink(f"/proc/self/fd/{fd}") for fd in (0, 1, 2)},
        "n_descriptors": len(os.listdir("/proc/self/fd")),
        "sigterm": str(signal.getsignal(signal.SIGTERM)),
        "sigalrm": str(signal.getsignal(signal.SIGALRM)),
        "timer": signal.getitimer(signal.ITIMER_REAL),
        "session": os.getsid(0) == os.getpid(),
        "api": str(taskapi.current()),
    }

output.install(str, "INFO")
process.set_name("zygote")
before = state()
rehearse()
rehearse_for({})
after = state()
os.write(1, json.dumps([before, after]).encode())
"""


def test_a_rehearsal_changes_nothing_of_its_process(home: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, timeout=60
    )
    before, after = json.loads(ran.stdout)
    assert after == before
    assert ran.stderr == b""
