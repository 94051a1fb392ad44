"""The shipper of logs and an API server that is away."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from slipstream.worker.execution import Execution, Leave
from slipstream.worker.log_journal import LogJournal
from slipstream.worker.log_ship import LogShipper
from slipstream.worker.task_api import ApiUnavailable


def test_a_server_that_stays_away_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    asked = threading.Semaphore(0)

    def send(chunks: list[dict[str, Any]]) -> dict[str, Any]:
        asked.release()
        raise ApiUnavailable("The API server is away")

    shipper = LogShipper(send, LogJournal(tmp_path, "host"), interval_s=0.001)
    log = tmp_path / "t.log"
    log.write_text("a line\n")
    workload = {"attempt_id": "an-id", "log_path": "t.log", "token": "a-token"}
    execution = Execution(workload, "d.py", str(log), leave=Leave.GRANTED)
    with caplog.at_level(logging.INFO, "slipstream.worker.log_ship"):
        shipper.begin(execution)
        for _ in range(5):
            assert asked.acquire(timeout=5.0)
        shipper.close(0.0)
    assert [r.getMessage() for r in caplog.records] == [
        "logs wait here until they are taken: The API server is away"
    ]
