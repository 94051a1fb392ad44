"""``[celery]`` in Celery's words, by Airflow's names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.executors.celery.app import create_app
from slipstream.executors.celery.settings import celery_settings


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    conf.reload()
    yield
    conf.reload()


def test_a_broker_s_url_may_come_from_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL_CMD", "echo amqp://me:secret@mq//")
    assert celery_settings()["broker_url"] == "amqp://me:secret@mq//"


def test_transport_options_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__"
    monkeypatch.setenv(prefix + "VISIBILITY_TIMEOUT", "300")
    monkeypatch.setenv(prefix + "MASTER_NAME", "mymaster")
    monkeypatch.setenv(prefix + "SENTINEL_KWARGS", '{"password": "p"}')
    options = celery_settings()["broker_transport_options"]
    assert options["visibility_timeout"] == 300
    assert options["master_name"] == "mymaster"
    assert options["sentinel_kwargs"] == {"password": "p"}


def test_redis_gets_a_long_visibility_timeout_unless_told_otherwise() -> None:
    assert celery_settings()["broker_transport_options"]["visibility_timeout"] == 86400


@pytest.mark.parametrize(("url", "prefix"), [("rediss://r:6379/0", "ssl_"), ("amqps://mq//", "")])
def test_tls_is_named_as_the_transport_names_it(
    url: str, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", url)
    for name in ("ACTIVE", "KEY", "CERT", "CACERT"):
        monkeypatch.setenv(f"AIRFLOW__CELERY__SSL_{name}", "True" if name == "ACTIVE" else name)
    found = celery_settings()["broker_use_ssl"]
    assert found[f"{prefix}ca_certs"] == "CACERT"
    assert found[f"{prefix}keyfile"] == "KEY"
    monkeypatch.setenv("AIRFLOW__CELERY__SSL_MUTUAL_TLS", "False")
    assert f"{prefix}keyfile" not in celery_settings()["broker_use_ssl"]


def test_tls_without_a_ca_is_said_in_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__SSL_ACTIVE", "True")
    with pytest.raises(ConfigError, match="ssl_cacert"):
        celery_settings()


def test_nothing_switches_pickle_on(monkeypatch: pytest.MonkeyPatch) -> None:
    extra = '{"accept_content": ["pickle"], "task_serializer": "pickle", "worker_prefetch_multiplier": 4}'
    monkeypatch.setenv("AIRFLOW__CELERY__EXTRA_CELERY_CONFIG", extra)
    found = celery_settings()
    assert found["accept_content"] == ["json"]
    assert found["task_serializer"] == "json"
    assert found["worker_prefetch_multiplier"] == 4


def test_a_dict_of_the_user_s_is_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_celery.py").write_text(
        "CONFIG = {'broker_heartbeat': 7, 'worker_pool': 'solo'}"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CELERY__CELERY_CONFIG_OPTIONS", "my_celery.CONFIG")
    found = celery_settings()
    assert found["broker_heartbeat"] == 7
    assert found["worker_pool"].endswith("HostPool")


@pytest.mark.parametrize("text", ["abc", "0", "-5"])
def test_a_visibility_timeout_that_is_no_time_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT", text)
    with pytest.raises(ConfigError, match=r"visibility_timeout is .*; it must be a number"):
        celery_settings()


def test_a_sentinel_without_its_master_s_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "sentinel://127.0.0.1:26379/0")
    with pytest.raises(ConfigError, match="master_name is not set"):
        celery_settings()
    monkeypatch.setenv("AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__MASTER_NAME", "mymaster")
    assert celery_settings()["broker_transport_options"]["master_name"] == "mymaster"


@pytest.mark.parametrize(
    ("option", "text", "told"),
    [
        ("POOL", "nonsense", r"\[celery\] pool .*nonsense.*prefork"),
        ("WORKER_PREFETCH_MULTIPLIER", "-3", r"worker_prefetch_multiplier .*-3.*0 or more"),
        ("OPERATION_TIMEOUT", "-1", r"operation_timeout is -1; it must be more than 0"),
        (
            "EXTRA_CELERY_CONFIG",
            '{"worker_concurrency": "x"}',
            r"worker_concurrency is 'x'; .*whole",
        ),
        (
            "EXTRA_CELERY_CONFIG",
            '{"worker_concurrency": 0}',
            r"worker_concurrency is 0; .*1 or more",
        ),
        (
            "EXTRA_CELERY_CONFIG",
            '{"broker_transport_options": 5}',
            r"transport_options is 5; .*object",
        ),
        (
            "EXTRA_CELERY_CONFIG",
            '{"task_acks_late": "yes"}',
            r"task_acks_late is 'yes'; .*true or false",
        ),
        ("EXTRA_CELERY_CONFIG", '{"broker_url": 5}', r"broker_url is no URL"),
        ("EXTRA_CELERY_CONFIG", "[1]", r"extra_celery_config must be the JSON of an object"),
    ],
)
def test_a_value_that_cannot_be_is_named_with_what_is_allowed(
    option: str, text: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://127.0.0.1:6379/0")
    monkeypatch.setenv(f"AIRFLOW__CELERY__{option}", text)
    with pytest.raises(ConfigError, match=told):
        create_app()


def test_what_celery_itself_takes_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CELERY__BROKER_URL", "redis://127.0.0.1:6379/0")
    extra = '{"broker_heartbeat": 7, "task_routes": {"a": "b"}, "imports": ["x"], "unknown": 1}'
    monkeypatch.setenv("AIRFLOW__CELERY__EXTRA_CELERY_CONFIG", extra)
    assert create_app().conf.broker_heartbeat == 7


def test_an_empty_default_queue_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_QUEUE", " ")
    with pytest.raises(ConfigError, match=r"default_queue is empty"):
        celery_settings()


def test_priority_steps_are_read_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__PRIORITY_STEPS"
    monkeypatch.setenv(name, "[0, 3, 6]")
    assert celery_settings()["broker_transport_options"]["priority_steps"] == [0, 3, 6]
    monkeypatch.setenv(name, "foo")
    with pytest.raises(
        ConfigError, match=r"priority_steps is 'foo'; it must be the JSON of a list"
    ):
        celery_settings()
