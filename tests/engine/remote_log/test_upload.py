"""Logs in object storage: uploaded at each attempt's end, and read when the file here is gone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.engine.remote_log.site import CHATTY, Site, helpers, kill
from tests.engine.remote_log.stores import ObjectStore

from slipstream.state import TaskInstanceState as S

Configure = Callable[..., None]
MakeSite = Callable[..., Site]


def test_a_log_is_uploaded_at_its_attempts_end_and_read_when_it_is_gone_here(
    object_store: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(object_store)
    site = make_site()
    site.rig.dag(CHATTY)
    site.run()
    assert site.uploaded(object_store) == site.here.read_bytes()
    waiting = site.rig.home / "run" / "log-uploads"
    site.rig.until(lambda: not [f for f in waiting.iterdir() if f.suffix], "nothing to be left")
    site.rig.executor.stop(3.0)
    site.here.unlink()
    events = site.events()
    assert f"{object_store.url}/{site.name}" in events[:3]
    assert "first words" in events
    assert "line 1999" in events


def _is_remote(site: Site) -> bool:
    return site.rig.is_remote


class Words:
    """What the processes beside the database print; those far from it print elsewhere."""

    def __init__(self, site: Site, capfd: pytest.CaptureFixture[str]) -> None:
        self._site = site
        self._capfd = capfd
        self.text = ""

    def until(self, words: str) -> None:
        self._site.rig.until(lambda: _is_remote(self._site) or words in self._all(), words)

    def _all(self) -> str:
        self.text += self._capfd.readouterr().err
        return self.text


def test_a_store_that_was_away_gets_the_logs_when_it_is_back(
    s3: ObjectStore, configure: Configure, make_site: MakeSite, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(s3)
    s3.stop()
    site = make_site()
    site.rig.dag(CHATTY)
    words = Words(site, capfd)
    assert site.rig.finished(site.submit()).state is S.SUCCESS
    site.rig.until(helpers, "a helper")
    words.until("logs wait for their upload")
    s3.start()
    s3.make_bucket()
    assert site.uploaded(s3, patience_s=60) == site.here.read_bytes()
    words.until("takes logs again")
    # Told once for each reason: while the store is away, and until its bucket is made.
    assert words.text.count("logs wait for their upload") <= 2


def test_what_a_killed_helper_and_its_killed_host_could_not_upload_is_uploaded_once(
    s3: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(s3)
    s3.stop()
    site = make_site()
    rig = site.rig
    rig.dag(CHATTY)
    rig.finished(site.submit())
    site.rig.until(helpers, "a helper")
    if _is_remote(site):
        rig.api_server.kill()
    else:
        kill(rig.host_pid)
    for pid in helpers():
        kill(pid)
    s3.start()
    s3.make_bucket()
    assert s3.read(site.name) is None
    if _is_remote(site):
        rig.api_server.start()
    assert site.uploaded(s3) == site.here.read_bytes()


def test_the_log_of_an_attempt_that_dies_with_its_host_is_uploaded_to_its_last_line(
    s3: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(s3)
    site = make_site()
    rig = site.rig
    rig.dag("""
        @task
        def t():
            prove("begun")
            n = 0
            while True:
                n += 1
                print(f"line {n}")
                prove(f"line {n}")
                time.sleep(0.001)
        t()
    """)
    attempt_id = site.submit()
    rig.started(attempt_id)
    rig.proven("line 300")
    kill(rig.host_pid)
    rig.lost(attempt_id)
    last = [word for word in rig.proof() if word.startswith("line")][-1]
    assert f'"{last}"'.encode() in site.uploaded(s3, f'"{last}"'.encode())


def test_a_host_that_ends_has_its_logs_uploaded(
    s3: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(s3)
    site = make_site()
    site.rig.dag(CHATTY)
    (site.rig.home / "wait").touch()
    attempt_id = site.submit()
    site.rig.proven("begun")
    site.rig.executor.stop(4.0)
    site.rig.turn()
    site.rig.finished(attempt_id)
    assert b"Task finished: failed" in site.uploaded(s3, b"Task finished: failed")
    site.rig.until(lambda: _is_remote(site) or not helpers(), "the helper's end")


def test_attempts_of_one_try_follow_each_other_though_files_here_are_removed(
    s3: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(s3, delete_local_logs="True")
    site = make_site()
    rig = site.rig
    rig.dag("""
        @task
        def t(ti=None):
            print("words of", os.path.exists(os.path.join(HOME, "wait")) and "waiting" or len(prove_all()))
            prove("begun")
            while os.path.exists(os.path.join(HOME, "wait")):
                time.sleep(0.02)
        def prove_all():
            path = os.path.join(HOME, "proof")
            return open(path).readlines() if os.path.exists(path) else []
        t()
    """)
    for n in range(3):
        site.run()
        site.uploaded(s3, f"words of {n}".encode())
        rig.until(lambda: not site.here.exists(), "the end of the file here")
    assert not (rig.home / "logs" / "dag_id=d").exists()
    said = [event for event in site.events() if event.startswith("words of")]
    assert said == ["words of 0", "words of 1", "words of 2"]
    # While another attempt writes, people see all of it.
    (rig.home / "wait").touch()
    attempt_id = site.submit()
    rig.until(lambda: rig.proof().count("begun") == 4, "the fourth attempt")
    rig.until(lambda: "words of waiting" in site.events(), "the fourth attempt's words")
    assert [e for e in site.events() if e.startswith("words of")] == [*said, "words of waiting"]
    (rig.home / "wait").unlink()
    rig.finished(attempt_id)
    text = site.uploaded(s3, b"words of waiting")
    assert text.count(b"words of") == 4


def test_a_store_that_refuses_us_is_told_and_no_task_suffers(
    make_store: Callable[[str], ObjectStore],
    configure: Configure,
    make_site: MakeSite,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    azure = make_store("azure")
    configure(azure)
    monkeypatch.setenv("AIRFLOW_CONN_LOGS", azure.connection(key="d3Jvbmc="))
    site = make_site()
    site.rig.dag(CHATTY)
    words = Words(site, capfd)
    assert site.rig.finished(site.submit()).state is S.SUCCESS
    words.until("access is denied to the credentials of connection 'logs'")
    site.end(site.submit())
    site.rig.until(lambda: "line 1999" in site.events(), "the log here")
    site.here.unlink()
    [line] = [event for event in site.events() if "The remote log cannot be read" in event]
    assert "access is denied" in line


def test_a_bucket_that_is_not_there_is_told(
    s3: ObjectStore, configure: Configure, make_site: MakeSite, capfd: pytest.CaptureFixture[str]
) -> None:
    configure(s3, remote_base_log_folder="s3://nowhere/base")
    site = make_site()
    site.rig.dag(CHATTY)
    words = Words(site, capfd)
    assert site.rig.finished(site.submit()).state is S.SUCCESS
    words.until("there is no such bucket or container")
    site.rig.until(lambda: "line 1999" in site.events(), "the log here")


def test_a_folder_takes_logs_too(configure: Configure, make_site: MakeSite, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    configure(remote_base_log_folder=f"file://{folder}")
    site = make_site()
    site.rig.dag(CHATTY)
    site.run()
    copy = folder / site.name
    site.rig.until(lambda: copy.exists() and b"line 1999" in copy.read_bytes(), "the copy")
    site.here.unlink()
    assert "line 1999" in site.events()
    copy.unlink()
    events = site.events()
    assert "No log of this attempt is here." in events
    assert f"There is no log file://{folder}/{site.name} either." in events


def test_a_host_that_shares_the_log_folder_tells_only_of_ends(
    s3: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(s3)
    site = make_site(shares_logs=True)
    site.rig.dag(CHATTY)
    for n in (1, 2):
        site.run()
        text = site.uploaded(s3)
        site.rig.until(lambda: s3.read(site.name) == site.here.read_bytes(), "the whole log")
        assert site.here.read_bytes().count(b"first words") == n
    assert b"first words" in text


def test_a_callbacks_words_reach_the_store(
    s3: ObjectStore, configure: Configure, make_site: MakeSite
) -> None:
    configure(s3)
    site = make_site()
    site.rig.raw(
        """
        from datetime import datetime
        from airflow.sdk import DAG
        from airflow.providers.standard.operators.empty import EmptyOperator

        def tell(context):
            print("words of the callback")

        with DAG("d", schedule=None, start_date=datetime(2024, 1, 1), on_failure_callback=tell):
            EmptyOperator(task_id="t")
        """
    )
    site.rig.submit("", kind="dag_callback", callback="failure", log_path=site.name)
    assert b"words of the callback" in site.uploaded(s3, b"words of the callback")
