"""The message: whole at the other end, and refused with a reason when it is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils import json as kombu_json

from slipstream.attempt import Workload
from slipstream.executors.celery.message import (
    N_LEVELS,
    VERSION_HEADER,
    Garbage,
    envelope,
    level,
    read,
)


def workload(**values: Any) -> Workload:
    return Workload(
        attempt_id="a", dag_id="d", run_id="r", dag_run_pk=1, relative_fileloc="d.py", token="tok",
        **values,
    )  # fmt: skip


def sent(**values: Any) -> tuple[dict[str, Any], Any]:
    found = envelope(workload(**values))
    return dict(found.headers), kombu_json.loads(found.body)


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists)))
def test_a_workload_comes_out_as_it_went_in(conf: dict[str, Any]) -> None:
    assert read(*sent(conf=conf)) == workload(conf=conf).to_json()


def test_what_celery_s_decoder_takes_for_a_type_stays_what_the_user_wrote() -> None:
    conf = {"__type__": "datetime", "__value__": "2024-01-01T00:00:00"}
    assert read(*sent(conf=conf))["conf"] == conf


@given(st.integers(-(2**31), 2**31), st.integers(-(2**31), 2**31))
def test_a_larger_weight_is_never_less_urgent(one: int, other: int) -> None:
    low, high = sorted((one, other))
    assert 0 <= level(low) <= level(high) < N_LEVELS


def test_the_weights_that_people_use_differ() -> None:
    assert [level(w) for w in (-5, 0, 1, 2, 4, 8, 100, 10**9)] == [0, 0, 1, 2, 3, 4, 7, 9]


@pytest.mark.parametrize(
    "payload",
    [None, 5, "text", [], [[], {}, {}], [["{"], {}, {}], [["[]"], {}, {}], [[5], {}, {}], {}],
)
def test_what_is_no_workload_is_garbage(payload: Any) -> None:
    headers, _ = sent()
    with pytest.raises(Garbage, match="does not hold a workload") as caught:
        read(headers, payload)
    assert caught.value.token is None


def test_another_version_is_refused_on_behalf_of_its_attempt() -> None:
    headers, payload = sent()
    with pytest.raises(Garbage, match="version '7'") as caught:
        read({**headers, VERSION_HEADER: 7}, payload)
    assert caught.value.token == "tok"


def test_an_id_that_is_another_s_is_refused() -> None:
    headers, payload = sent()
    with pytest.raises(Garbage, match="id"):
        read({**headers, "id": "b"}, payload)


def test_a_workload_without_a_token_is_refused() -> None:
    headers, payload = sent()
    text = json.loads(payload[0][0])
    del text["token"]
    with pytest.raises(Garbage, match="no token"):
        read(headers, [[json.dumps(text)], {}, {}])
