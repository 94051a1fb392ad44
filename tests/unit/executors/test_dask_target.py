"""``[dask]``: addresses as people write them, and clear words for certificates that cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.executors.certificate import Certificates

from slipstream.config import conf
from slipstream.errors import ConfigError
from slipstream.executors.dask import target


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    conf.reload()
    yield
    conf.reload()


def set_options(monkeypatch: pytest.MonkeyPatch, **options: str) -> None:
    for name, value in options.items():
        monkeypatch.setenv(f"AIRFLOW__DASK__{name.upper()}", value)


def test_without_an_address_there_is_none() -> None:
    assert target.configured() is None


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("dask", "tcp://dask:8786"),
        (" tcp://dask:9000/ ", "tcp://dask:9000"),
        ("tls://dask", "tls://dask:8786"),
        ("tcp://[::1]:1234", "tcp://[::1]:1234"),
    ],
)
def test_an_address_gets_what_it_lacks(
    written: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_options(monkeypatch, cluster_address=written)
    found = target.configured()
    assert found is not None
    assert (found.address, found.tls) == (address, None)


@pytest.mark.parametrize(
    "written",
    ["tcp://", "dask:port", "dask:99999", "tcp://dask/status", "foo://", "http://dask:8786"],
)
def test_what_is_no_address_is_said(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    set_options(monkeypatch, cluster_address=written)
    with pytest.raises(ConfigError, match="cluster_address is"):
        target.configured()


def test_certificates_make_the_connection_encrypted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Certificates(tmp_path / "pem")
    set_options(
        monkeypatch,
        cluster_address="dask:8786",
        tls_ca=files.ca,
        tls_cert=files.cert,
        tls_key=files.key,
    )
    assert target.configured() == target.Target(
        "tls://dask:8786", target.Tls(files.ca, files.cert, files.key)
    )


def test_the_key_may_be_in_the_certificate_s_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Certificates(tmp_path / "pem")
    both = tmp_path / "both.pem"
    both.write_text(Path(files.cert).read_text() + Path(files.key).read_text())
    set_options(monkeypatch, cluster_address="dask", tls_ca=files.ca, tls_cert=str(both))
    assert target.configured() is not None
    set_options(monkeypatch, tls_cert=files.cert)
    with pytest.raises(ConfigError, match="no certificate with its key"):
        target.configured()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"tls_ca": ""}, "tls_ca is not set"),
        ({"tls_ca": "", "tls_cert": ""}, "tls_ca and tls_cert are not set"),
        ({"tls_ca": "{folder}/none.pem"}, "tls_ca is .*No such file"),
        ({"tls_key": "{folder}"}, "tls_key is .*Is a directory"),
        ({"tls_ca": "{key}"}, "holds no certificate"),
        ({"tls_key": "{cert}"}, "no certificate with its key"),
        ({"cluster_address": ""}, "cluster_address is not"),
        ({"cluster_address": "tcp://dask:8786"}, "not encrypted"),
    ],
)
def test_certificates_that_cannot_be_are_said_in_one_message(
    changed: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Certificates(tmp_path / "pem")
    names = {"folder": str(tmp_path), "key": files.key, "cert": files.cert}
    options = {
        "cluster_address": "dask",
        "tls_ca": files.ca,
        "tls_cert": files.cert,
        "tls_key": files.key,
        **{name: text.format(**names) for name, text in changed.items()},
    }
    set_options(monkeypatch, **options)
    with pytest.raises(ConfigError, match=words) as caught:
        target.configured()
    assert "[dask]" in str(caught.value)
