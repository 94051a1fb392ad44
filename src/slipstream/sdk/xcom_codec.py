"""The stored form of XCom values: JSON, with other types tagged as Airflow tags them.

``{"__classname__": "uuid.UUID", "__version__": 1, "__data__": "…"}``. What has no form here needs
``serialize()`` and a static ``deserialize(data, version)``, or to be a dataclass (or attrs class).
Classes of users' code come back only if ``[core] allowed_deserialization_classes`` (or
``…_regexp``) names them: an XCom must not be able to import anything it likes.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import fnmatch
import math
import re
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from slipstream.config import conf
from slipstream.sdk.module_loading import import_string
from slipstream.sdk.timezone import parse_timezone, timezone_name

CLASS, VERSION, DATA = "__classname__", "__version__", "__data__"
_MAX_DEPTH = 200


def encode(value: Any, where: str = "value") -> Any:
    """Return the JSON form of a value.

    :param where: what the value is called in error messages, such as ``XCom 'return_value'``
    :raises TypeError: naming the place in the value and the type that has no form
    :raises ValueError: NaN or infinity, which JSON does not know
    """
    return _encode(value, where, 0)


def decode(value: Any) -> Any:
    """Return the value that ``encode`` was given.

    :raises ImportError: a class that the configuration does not allow, or that is gone
    """
    if isinstance(value, list):
        return [decode(v) for v in value]
    if not isinstance(value, dict):
        return value
    if CLASS in value and VERSION in value:
        return _decode_tagged(value[CLASS], value[VERSION], value.get(DATA))
    return {k: decode(v) for k, v in value.items()}


def _tag(name: str, data: Any, version: int = 1) -> dict[str, Any]:
    return {CLASS: name, VERSION: version, DATA: data}


def _encode(value: Any, where: str, depth: int) -> Any:
    cls = type(value)
    if value is None or cls in (str, bool, int):
        return value
    if cls is float:
        if not math.isfinite(value):
            raise ValueError(f"{where} is {value!r}, which JSON cannot hold")
        return value
    if depth > _MAX_DEPTH:
        raise TypeError(f"{where} is nested too deeply (over {_MAX_DEPTH} levels)")
    if isinstance(value, Mapping) and not hasattr(cls, "serialize"):
        return _encode_mapping(value, where, depth)
    if cls is list:
        return [_encode(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)]
    encoder = _ENCODERS.get(cls)
    if encoder is not None:
        return encoder(value, where, depth)
    return _encode_other(value, where, depth)


def _encode_mapping(value: Mapping[Any, Any], where: str, depth: int) -> dict[str, Any]:
    if CLASS in value or VERSION in value:
        raise AttributeError(f"{where} has the reserved key {CLASS!r} or {VERSION!r}")
    return {str(k): _encode(v, f"{where}[{k!r}]", depth + 1) for k, v in value.items()}


def _encode_other(value: Any, where: str, depth: int) -> Any:
    cls = type(value)
    name = f"{cls.__module__}.{cls.__qualname__}"
    version = getattr(cls, VERSION, 1)
    if callable(getattr(value, "serialize", None)) and hasattr(cls, "deserialize"):
        return _tag(name, _encode(value.serialize(), where, depth + 1), version)
    if name.startswith("pendulum."):
        return _encode_pendulum(value, name, where)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        data = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return _tag(name, _encode(data, where, depth + 1), getattr(cls, VERSION, 0))
    if hasattr(cls, "__attrs_attrs__"):
        data = {a.name: getattr(value, a.name) for a in cls.__attrs_attrs__ if a.init}
        return _tag(name, _encode(data, where, depth + 1), getattr(cls, VERSION, 0))
    if hasattr(cls, "model_dump") and hasattr(cls, "model_validate"):
        return _tag(name, _encode(value.model_dump(mode="json"), where, depth + 1))
    if cls.__module__ == "numpy" and hasattr(value, "item") and getattr(value, "ndim", 1) == 0:
        return _tag(f"numpy.{cls.__name__}", value.item())
    if isinstance(value, str | int | float):
        return _encode(_plain(value), where, depth)
    if not isinstance(value, Enum):
        for base in cls.__mro__:
            if base in _ENCODERS:
                return _ENCODERS[base](value, where, depth)
            base_name = f"{base.__module__}.{base.__qualname__}"
            if base_name in _TEXTS:
                return _tag(base_name, str(value))
    raise TypeError(
        f"{where} is of type {name}, which cannot be stored as JSON. Return plain data, give the "
        "class serialize() and a static deserialize(data, version), or make it a dataclass."
    )


def _plain(value: str | float) -> str | float:
    """Return the value of a str, int or float whose class is another: an enum's, as Airflow 3."""
    base = next(base for base in (str, int, float) if isinstance(value, base))
    # Not the base's own conversion of an enum's member: a str's would be the member's name.
    return base(value.value if isinstance(value, Enum) else value)


def _encode_items(name: str) -> Callable[[Any, str, int], Any]:
    def encode_items(value: Sequence[Any], where: str, depth: int) -> Any:
        return _tag(name, [_encode(v, f"{where}[{i}]", depth + 1) for i, v in enumerate(value)])

    return encode_items


def _encode_set(name: str) -> Callable[[Any, str, int], Any]:
    def encode_set(value: Any, where: str, depth: int) -> Any:
        return _tag(name, [_encode(v, where, depth + 1) for v in value])

    return encode_set


def _encode_datetime(value: dt.datetime, where: str, depth: int) -> Any:
    return _tag("datetime.datetime", _moment(value), 2)


def _moment(value: dt.datetime) -> dict[str, Any]:
    """Return seconds since the epoch and the zone; a naive datetime counts as UTC."""
    if value.tzinfo is None:
        return {"timestamp": value.replace(tzinfo=dt.UTC).timestamp(), "tz": None}
    offset = value.utcoffset() or dt.timedelta(0)
    name = timezone_name(value.tzinfo)
    zone: list[Any] = [name, "pendulum.tz.timezone.Timezone", 1, True]
    if name[0] in "+-":
        zone = [int(offset.total_seconds()), "pendulum.tz.timezone.FixedTimezone", 1, True]
    return {"timestamp": value.timestamp(), "tz": _tag("builtins.tuple", zone)}


def _encode_pendulum(value: Any, name: str, where: str) -> Any:
    if isinstance(value, dt.datetime):
        return _tag("pendulum.datetime.DateTime", _moment(value), 2)
    if isinstance(value, dt.date):
        return _tag("pendulum.date.Date", value.isoformat(), 2)
    if isinstance(value, dt.timedelta):
        return _tag("pendulum.duration.Duration", value.total_seconds(), 1)
    if isinstance(value, dt.tzinfo):
        fixed = name.endswith("FixedTimezone")
        return _tag(name, value.offset if fixed else timezone_name(value))  # type: ignore[attr-defined]
    raise TypeError(f"{where} is of type {name}, which cannot be stored as JSON")


_ENCODERS: dict[type, Callable[[Any, str, int], Any]] = {
    tuple: _encode_items("builtins.tuple"),
    set: _encode_set("builtins.set"),
    frozenset: _encode_set("builtins.frozenset"),
    dt.datetime: _encode_datetime,
    dt.date: lambda v, w, d: _tag("datetime.date", v.isoformat(), 2),
    dt.time: lambda v, w, d: _tag("datetime.time", v.isoformat(), 1),
    dt.timedelta: lambda v, w, d: _tag("datetime.timedelta", v.total_seconds(), 2),
    list: lambda v, w, d: [_encode(x, f"{w}[{i}]", d + 1) for i, x in enumerate(v)],
}


_TEXTS = frozenset({"decimal.Decimal", "uuid.UUID", "zoneinfo.ZoneInfo"})
"""Types whose text says all. By name: who never has one of them should not have to import them."""


def _decode_zone(zone: Any) -> dt.tzinfo | None:
    if zone is None:
        return None
    plain = decode(zone)
    key = plain[0] if isinstance(plain, tuple | list) else plain
    return dt.UTC if key == "UTC" else parse_timezone(key)


def _decode_datetime(data: Any, version: int) -> dt.datetime:
    zone = _decode_zone(data["tz"])
    value = dt.datetime.fromtimestamp(data["timestamp"], tz=zone or dt.UTC)
    return value if zone is not None else value.replace(tzinfo=None)


def _pendulum(make: Callable[[Any, Any], Any]) -> Callable[[Any, int], Any]:
    def build(data: Any, version: int) -> Any:
        import pendulum  # heavy: 50 ms

        return make(pendulum, data)

    return build


_DECODERS: dict[str, Callable[[Any, int], Any]] = {
    "builtins.tuple": lambda d, v: tuple(decode(d)),
    "builtins.set": lambda d, v: set(decode(d)),
    "builtins.frozenset": lambda d, v: frozenset(decode(d)),
    "datetime.datetime": _decode_datetime,
    "datetime.date": lambda d, v: dt.date.fromisoformat(d),
    "datetime.time": lambda d, v: dt.time.fromisoformat(d),
    "datetime.timedelta": lambda d, v: dt.timedelta(seconds=float(d)),
    "pendulum.datetime.DateTime": _pendulum(
        lambda p, d: p.instance(_decode_datetime(d, 2), tz=None)
    ),
    "pendulum.date.Date": _pendulum(lambda p, d: p.Date.fromisoformat(d)),
    "pendulum.duration.Duration": _pendulum(lambda p, d: p.duration(seconds=d)),
    "pendulum.tz.timezone.Timezone": lambda d, v: parse_timezone(d),
    "pendulum.tz.timezone.FixedTimezone": lambda d, v: parse_timezone(d),
}


def _decode_tagged(name: str, version: int, data: Any) -> Any:
    decoder = _DECODERS.get(name)
    if decoder is not None:
        return decoder(data, version)
    if name in _TEXTS:
        return import_string(name)(str(data))
    if name.startswith("numpy.") and name.count(".") == 1:
        return import_string(name)(data)
    if not _is_allowed(name):
        raise ImportError(
            f"An XCom holds a {name}, which is not in the allow list for deserialization: add it "
            "to [core] allowed_deserialization_classes."
        )
    cls = import_string(name)
    plain = decode(data)
    if hasattr(cls, "deserialize"):
        return cls.deserialize(plain, version)
    if hasattr(cls, "model_validate"):
        return cls.model_validate(plain)
    return cls(**plain)


def _is_allowed(name: str) -> bool:
    patterns = conf.get("core", "allowed_deserialization_classes", fallback="airflow.*").split()
    if any(fnmatch.fnmatch(name, p) for p in patterns) or name.startswith("slipstream.sdk."):
        return True
    regexps = conf.get("core", "allowed_deserialization_classes_regexp", fallback="").split()
    return any(re.match(r, name) for r in regexps)
