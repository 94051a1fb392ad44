"""The journal: durable, locked by the living, readable after any crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from slipstream.attempt import Outcome
from slipstream.state import TaskInstanceState
from slipstream.worker import journal
from slipstream.worker.journal import Journal


def _outcome(name: str) -> Outcome:
    return Outcome(
        attempt_id=name,
        state=TaskInstanceState.SUCCESS,
        xcoms=[{"key": "return_value", "value": {"ä": [1, None]}}],
    )


def test_outcomes_come_back_whole_and_in_order(tmp_path: Path) -> None:
    own = Journal(tmp_path / "run", "h1")
    own.add([_outcome("a"), _outcome("b")])
    own.add([_outcome("b"), _outcome("c")])
    assert journal.read(own.path) == [_outcome("a"), _outcome("b"), _outcome("c")]
    assert own.path.stat().st_mode & 0o777 == 0o600


def test_clearing_removes_the_file_and_keeps_what_is_still_unwritten(tmp_path: Path) -> None:
    own = Journal(tmp_path, "h1")
    own.clear()
    own.add([_outcome("a"), _outcome("b")])
    own.clear(keep=[_outcome("b"), _outcome("never journaled")])
    assert journal.read(own.path) == [_outcome("b")]
    own.clear()
    assert not own.path.exists()


def test_a_living_hosts_journal_is_left_alone_and_a_dead_ones_taken_once(tmp_path: Path) -> None:
    living = Journal(tmp_path, "h1")
    living.add([_outcome("mine")])
    code = (
        "import sys; from pathlib import Path; from slipstream.worker.journal import Journal\n"
        "from slipstream.attempt import Outcome; from slipstream.state import TaskInstanceState\n"
        "Journal(Path(sys.argv[1]), 'h2').add([Outcome(attempt_id='left', state=TaskInstanceState.FAILED)])"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path], check=True)
    [left] = journal.take_left(tmp_path)
    assert [o.attempt_id for o in left.outcomes] == ["left"]
    left.on_delivered("somebody else's")
    assert journal.path_of(tmp_path, "h2").exists()
    left.on_delivered("left")
    assert not journal.path_of(tmp_path, "h2").exists()
    assert journal.take_left(tmp_path) == []


def test_a_line_cut_short_by_a_crash_is_left_out(tmp_path: Path) -> None:
    own = Journal(tmp_path, "h1")
    own.add([_outcome("a"), _outcome("b")])
    whole = own.path.read_bytes()
    own.path.write_bytes(whole[:-10])
    assert journal.read(own.path) == [_outcome("a")]
    own.path.write_bytes(b"not json\n" + whole)
    assert [o.attempt_id for o in journal.read(own.path)] == ["a", "b"]


def test_a_disk_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file where the folder should be")
    Journal(tmp_path / "run", "h1").add([_outcome("a")])
