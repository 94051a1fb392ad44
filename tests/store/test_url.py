"""Connection strings that people have become the drivers in use; passwords never show."""

from __future__ import annotations

import pytest

from slipstream.errors import ConfigError
from slipstream.store import Store
from slipstream.store.url import masked, resolve


@pytest.mark.parametrize(
    ("given", "driver"),
    [
        ("postgres://u:p@h/d", "postgresql+psycopg"),
        ("postgresql://u:p@h:5432/d", "postgresql+psycopg"),
        ("postgresql+psycopg2://u:p@h/d", "postgresql+psycopg"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql+psycopg"),
        ("postgres+psycopg2://u:p@h/d", "postgresql+psycopg"),
        ("mysql://u:p@h/d", "mysql+pymysql"),
        ("mysql+mysqldb://u:p@h/d?charset=utf8mb4", "mysql+pymysql"),
        ("mysql+mysqlconnector://u:p@h/d", "mysql+pymysql"),
        ("mariadb+pymysql://u:p@h/d", "mysql+pymysql"),
        ("sqlite:////home/me/airflow.db", "sqlite"),
        ("sqlite+pysqlite:////home/me/airflow.db", "sqlite"),
        ("  sqlite:////home/me/airflow.db\n", "sqlite"),
    ],
)
def test_legacy_schemes_are_mapped(given: str, driver: str) -> None:
    assert resolve(given).drivername == driver


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("sqlite:///airflow.db", "relative SQLite path"),
        ("sqlite://", "in-memory"),
        ("sqlite:///:memory:", "in-memory"),
        ("mssql+pyodbc://u:s3cret@h/d", "'mssql'; Slipstream runs on sqlite, postgresql and mysql"),
        ("postgresql://u:s3cret@h", "names no database"),
        ("postgresql://u:p@s3cret:port/d", "is not a database URL"),
        ("s3cret", "is not a database URL"),
        ("", "is not a database URL"),
    ],
)
def test_what_cannot_be_used_is_refused_without_showing_secrets(given: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        resolve(given)
    assert "s3cret" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "given",
    [
        "postgres://u:s3cret@h/d?sslmode=require",
        "postgres://u@h/d?password=s3cret&sslpassword=s3cret",
    ],
)
def test_every_secret_in_a_url_is_masked(given: str) -> None:
    shown = masked(resolve(given))
    assert "s3cret" not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ('{"foo": 1}', "engine_args: Invalid argument.* 'foo'"),
        ("[1]", "must be a JSON object"),
        ('{"connect_args": "s3cret"}', "must be a JSON object"),
        ("{s3cret", "valid JSON"),
    ],
)
def test_engine_arguments_that_cannot_be_used_name_the_option(
    monkeypatch: pytest.MonkeyPatch, given: str, words: str
) -> None:
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_ENGINE_ARGS", given)
    with pytest.raises(ConfigError, match=words) as error:
        Store.open("postgres://u:p@127.0.0.1:1/d")
    assert "sql_alchemy_engine_args" in str(error.value)
    assert "s3cret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_opening_a_store_connects_to_nothing() -> None:
    with Store.open("postgres://u:s3cret@127.0.0.1:1/d") as store:
        assert store.dialect == "postgresql"
        assert store.url == "postgresql+psycopg://u:***@127.0.0.1:1/d"
