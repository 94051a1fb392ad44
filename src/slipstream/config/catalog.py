"""Every option that Airflow 3.3 knows: type, default, allowed values, and the names it had before.

The facts are in ``options.json`` beside this module and are read on first use: most processes ask
for a handful of options, some for none.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

Name = tuple[str, str]
"""An option's section and key."""
_SECRET_WORDS = (
    *("password", "passwd", "passphrase", "secret", "token"),
    *("api_key", "apikey", "private_key", "access_key"),
)
PLACEHOLDERS = ("{FERNET_KEY}", "{JWT_SECRET_KEY}", "{SECRET_KEY}")
"""Defaults that stand for a secret of this installation; ``generated`` makes it."""


class Option(NamedTuple):
    section: str
    key: str
    type: str = "string"
    """``string``, ``integer``, ``float``, ``boolean`` or ``timezone``."""
    default: str | None = None
    """May hold ``{AIRFLOW_HOME}`` and the placeholders of generated secrets."""
    allowed: tuple[str, ...] = ()
    min: float | None = None
    sensitive: bool = False
    """Masked when shown; may come from a command or a secrets backend."""
    template: bool = False
    deprecated: bool = False
    """Still read, but Airflow plans to drop it."""
    since: str | None = None
    example: str | None = None
    provider: str | None = None


class Catalog:
    """The options by name, and where renamed ones went."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._sections: dict[str, dict[str, Any]] = data["options"]
        self._new_name: dict[str, str] = data["renamed"]
        self.removed = frozenset[str](data["removed"])
        """``section.key`` of options that once did something and now do nothing."""
        self._sensitive: frozenset[Name] | None = None
        self._old_names: dict[str, list[Name]] = {}
        for old, new in self._new_name.items():
            self._old_names.setdefault(new, []).append(_split(old))

    def option(self, section: str, key: str) -> Option | None:
        """Return what is known of an option, or None for one of somebody else's."""
        facts = self._sections.get(section, {}).get(key)
        if facts is None:
            return None
        allowed = tuple(facts.get("allowed", ()))
        return Option(section, key, **{**facts, "allowed": allowed})

    def new_name(self, section: str, key: str) -> Name | None:
        """Return what a renamed option is called now; None if it was not renamed."""
        new = self._new_name.get(f"{section}.{key}")
        return _split(new) if new else None

    def old_names(self, section: str, key: str) -> list[Name]:
        """Return the names that the option had before."""
        return self._old_names.get(f"{section}.{key}", [])

    def renamed(self) -> dict[Name, Name]:
        """Return old name to new name, all of them."""
        return {_split(old): _split(new) for old, new in self._new_name.items()}

    def sections(self) -> list[str]:
        return list(self._sections)

    def keys(self, section: str) -> list[str]:
        """Return the section's keys, in Airflow's order."""
        return list(self._sections.get(section, ()))

    def sensitive(self) -> frozenset[Name]:
        """Return the names of options that must never be shown; old names included."""
        if self._sensitive is None:
            found = {
                (section, key)
                for section, keys in self._sections.items()
                for key, facts in keys.items()
                if facts.get("sensitive")
            }
            old = {old for name in found for old in self.old_names(*name)}
            self._sensitive = frozenset(found | old)
        return self._sensitive


def sounds_secret(key: str) -> bool:
    """Tell whether an option that nobody described had better not be shown."""
    return any(word in key for word in _SECRET_WORDS)


def effects() -> dict[Name, str]:
    """Return what each option does that Slipstream reads, in words; the others do nothing here."""
    import json

    path = os.path.join(os.path.dirname(__file__), "about.json")
    with open(path, encoding="utf-8") as file:
        sections: dict[str, dict[str, str]] = json.load(file)
    return {(s, key): text for s, keys in sections.items() for key, text in keys.items()}


_loaded: Catalog | None = None


def catalog() -> Catalog:
    """Return the catalog, read from disk the first time."""
    global _loaded
    if _loaded is None:
        import json  # a process that asks for no option need not pay for it

        path = os.path.join(os.path.dirname(__file__), "options.json")
        with open(path, encoding="utf-8") as file:
            _loaded = Catalog(json.load(file))
    return _loaded


def _split(name: str) -> Name:
    section, _, key = name.rpartition(".")
    return section, key
