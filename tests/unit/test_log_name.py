"""Every try has a log file of its own, whatever it is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from slipstream.log_name import log_name


def test_logs_lie_in_airflow_s_layout() -> None:
    assert log_name("d", "manual__2024", "g.t", -1, 2) == (
        "dag_id=d/run_id=manual__2024/task_id=g.t/attempt=2.log"
    )
    assert log_name("d", "r", "t", 3, 1) == "dag_id=d/run_id=r/task_id=t/map_index=3/attempt=1.log"


@pytest.mark.parametrize("letter", ["x", "ü", "語", "🐟"])
def test_the_longest_names_have_a_log_each(letter: str, tmp_path: Path) -> None:
    names = {
        log_name(letter * 250, letter * n + end, letter * 250, -1, 1)
        for n in range(55, 250)
        for end in ("a", "b")
    }
    assert len(names) == 2 * 195
    for name in sorted(names)[::20]:
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("it is there")


def test_what_fits_is_left_as_it_is() -> None:
    assert log_name("d" * 248, "r", "t", -1, 1).startswith(f"dag_id={'d' * 248}/")
    assert not log_name("d" * 249, "r", "t", -1, 1).startswith(f"dag_id={'d' * 249}/")
