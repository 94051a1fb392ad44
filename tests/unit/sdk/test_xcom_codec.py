"""XCom values: what goes in comes out, in Airflow's tagged form."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import uuid
from collections import namedtuple
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import pendulum
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipstream.config import conf
from slipstream.sdk.xcom_codec import decode, encode
from slipstream.state import DagRunType, TaskInstanceState

ROME = ZoneInfo("Europe/Rome")


def there_and_back(value: Any) -> Any:
    return decode(json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        (1, (2, "x")),
        {1, 2},
        frozenset({"a"}),
        dt.datetime(2024, 1, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
        dt.datetime(2024, 7, 1, tzinfo=ROME),
        dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-3, minutes=-30))),
        dt.datetime(2024, 1, 1),
        dt.date(2024, 2, 29),
        dt.time(1, 2, 3),
        dt.timedelta(days=1, microseconds=3),
        pendulum.datetime(2024, 1, 1, tz="Europe/Rome"),
        pendulum.date(2024, 1, 1),
        pendulum.duration(days=1, seconds=2),
        pendulum.timezone("Asia/Tokyo"),
        ROME,
        Decimal("1.50"),
        uuid.UUID(int=7),
        {"nested": [({"deep": {dt.date(2024, 1, 1)}},)]},
    ],
    ids=repr,
)
def test_values_come_back_as_they_were(value: Any) -> None:
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(JSON)
def test_any_nesting_comes_back(value: Any) -> None:
    assert there_and_back(value) == value


# Seconds are floats there: far from now they lose microseconds.
@given(
    st.datetimes(
        min_value=dt.datetime(1900, 1, 1),
        max_value=dt.datetime(2200, 1, 1),
        timezones=st.timezones(),
        allow_imaginary=False,
    )
)
def test_moments_come_back(value: dt.datetime) -> None:
    assert there_and_back(value).timestamp() == value.timestamp()


@pytest.mark.parametrize(
    ("value", "form"),
    [
        ((1,), {"__classname__": "builtins.tuple", "__version__": 1, "__data__": [1]}),
        ({3}, {"__classname__": "builtins.set", "__version__": 1, "__data__": [3]}),
        (
            uuid.UUID(int=5),
            {
                "__classname__": "uuid.UUID",
                "__version__": 1,
                "__data__": "00000000-0000-0000-0000-000000000005",
            },
        ),
        (
            dt.timedelta(seconds=2),
            {"__classname__": "datetime.timedelta", "__version__": 2, "__data__": 2.0},
        ),
        ({1: "a", (1, 2): "b"}, {"1": "a", "(1, 2)": "b"}),
    ],
)
def test_the_form_is_airflows(value: Any, form: Any) -> None:
    assert encode(value) == form


def test_what_airflow_wrote_is_read() -> None:
    written = {
        "__classname__": "datetime.datetime",
        "__version__": 2,
        "__data__": {
            "timestamp": 1704063600.0,
            "tz": {
                "__classname__": "builtins.tuple",
                "__version__": 1,
                "__data__": ["Europe/Rome", "zoneinfo.ZoneInfo", 1, True],
            },
        },
    }
    assert decode(written) == dt.datetime(2024, 1, 1, tzinfo=ROME)
    decimal = {"__classname__": "decimal.Decimal", "__version__": 1, "__data__": 1.5}
    assert decode(decimal) == Decimal("1.5")


@dataclass
class Point:
    x: int
    when: dt.date


class Own:
    __version__ = 3

    def __init__(self, n: int) -> None:
        self.n = n

    def serialize(self) -> dict[str, int]:
        return {"n": self.n}

    @staticmethod
    def deserialize(data: dict[str, int], version: int) -> Own:
        assert version == 3
        return Own(data["n"])


def test_classes_of_the_users_need_leave_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    point = encode(Point(1, dt.date(2024, 1, 1)))
    with pytest.raises(ImportError, match="not in the allow list"):
        decode(point)
    before = conf.get("core", "allowed_deserialization_classes")
    conf.set("core", "allowed_deserialization_classes", f"airflow.* {__name__}.*")
    try:
        assert decode(point) == Point(1, dt.date(2024, 1, 1))
        assert decode(encode(Own(4))).n == 4
    finally:
        conf.set("core", "allowed_deserialization_classes", before)


Pair = namedtuple("Pair", "a b")


def test_relatives_of_plain_types_become_plain() -> None:
    assert there_and_back(Pair(1, 2)) == (1, 2)


@pytest.mark.parametrize("value", [object(), b"bytes", range(3), 1j, print])
def test_what_has_no_form_is_named_with_its_place(value: Any) -> None:
    with pytest.raises(
        TypeError, match=rf"XCom 'k'\['a'\]\[1\] is of type builtins.{type(value).__name__}"
    ):
        encode({"a": [0, value]}, "XCom 'k'")


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_numbers_that_json_lacks_are_refused(value: float) -> None:
    with pytest.raises(ValueError, match="JSON cannot hold"):
        encode([value])


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(TypeError, match="nested too deeply"):
        encode(loop)


class Colour(str, enum.Enum):  # noqa: UP042  (StrEnum is another case)
    RED = "red"


class Level(float, enum.Enum):
    HIGH = 1.5


class Couple(tuple[int, int], enum.Enum):
    ONE = (1, 1)


class Plain(enum.Enum):
    A = 1


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Colour.RED, "red"),
        (Level.HIGH, 1.5),
        (DagRunType.MANUAL, "manual"),
        (TaskInstanceState.SUCCESS, "success"),
        (HTTPStatus.OK, 200),
        ([Colour.RED, {"k": HTTPStatus.OK}], ["red", {"k": 200}]),
    ],
)
def test_enums_of_plain_types_are_stored_as_their_values(value: Any, form: Any) -> None:
    found = encode(value)
    assert found == form
    assert json.dumps(found) == json.dumps(form)
    assert not isinstance(found, enum.Enum)


@pytest.mark.parametrize("value", [Plain.A, Couple.ONE])
def test_other_enums_have_no_form_as_in_airflow(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be stored as JSON"):
        encode(value)
