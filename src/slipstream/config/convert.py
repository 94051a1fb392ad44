"""From an option's text to a typed value, and the message when the text does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from slipstream.config.catalog import Option
from slipstream.errors import ConfigError

T = TypeVar("T")

_TRUE = frozenset({"t", "true", "1"})
_FALSE = frozenset({"f", "false", "0"})


def unusable(section: str, key: str, value: str, origin: str, allowed: str) -> ConfigError:
    """Return the error that names the option, its value, where that came from and what is allowed."""
    return ConfigError(f"[{section}] {key} is {value!r} (from {origin}); allowed: {allowed}.")


def to_boolean(text: str) -> bool:
    """Return the truth value; a comment behind it is ignored. Raise ValueError."""
    word = _without_comment(text).lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("true, t, 1, false, f or 0")


def to_integer(text: str) -> int:
    try:
        return int(_without_comment(text))
    except ValueError:
        raise ValueError("a whole number") from None


def to_float(text: str) -> float:
    try:
        return float(_without_comment(text))
    except ValueError:
        raise ValueError("a number") from None


def to_list(text: str, delimiter: str = ",") -> list[str]:
    return [part.strip() for part in text.split(delimiter)] if text.strip() else []


def to_timezone(text: str) -> str:
    if text.lower() == "utc" or text == "system":
        return text
    from zoneinfo import ZoneInfo  # only who checks all options needs it

    try:
        return ZoneInfo(text).key
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        allowed = "utc, system, or the name of a time zone such as Europe/Paris"
        raise ValueError(allowed) from None


TYPED: dict[str, Callable[[str], object]] = {
    "integer": to_integer,
    "float": to_float,
    "boolean": to_boolean,
    "timezone": to_timezone,
}


def check(option: Option, text: str, origin: str) -> str:
    """Return the text in its canonical spelling; raise ConfigError when it is not allowed."""
    if option.allowed:
        for word in option.allowed:
            if text.strip().lower() == word.lower():
                return word
        allowed = ", ".join(word or "(empty)" for word in option.allowed)
        raise unusable(option.section, option.key, text, origin, allowed)
    if option.min is not None and text.strip():
        convert = to_integer if option.type == "integer" else to_float
        try:
            too_small = convert(text) < option.min
        except ValueError as error:
            raise unusable(option.section, option.key, text, origin, str(error)) from None
        if too_small:
            allowed = f"{option.min:g} or more"
            raise unusable(option.section, option.key, text, origin, allowed)
    return text


def _without_comment(text: str) -> str:
    return text.partition("#")[0].strip()
