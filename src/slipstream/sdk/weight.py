"""Priority weights by a class of the user's: ``PriorityWeightStrategy``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from slipstream.sdk.module_loading import import_string, qualname


class PriorityWeightStrategy(ABC):
    """Computes a task instance's priority weight; instances must be serializable to a dict."""

    @abstractmethod
    def get_weight(self, ti: Any) -> int:
        """Return the weight of a task instance (``ti.priority_weight``, ``ti.try_number``, …)."""

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> PriorityWeightStrategy:
        return cls(**data)

    def serialize(self) -> dict[str, Any]:
        return {}

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.serialize() == self.serialize()

    def __hash__(self) -> int:
        return hash(type(self))

    def __str__(self) -> str:
        return qualname(type(self))


def strategy_of(rule: Any) -> PriorityWeightStrategy:
    """Return the strategy that a class, an instance or a dotted path names.

    :raises ValueError: it is none of these
    """
    if isinstance(rule, str) and "." in rule:
        try:
            rule = import_string(rule)
        except ImportError as e:
            raise ValueError(f"weight_rule {rule!r} cannot be imported: {e}") from e
    if isinstance(rule, type) and issubclass(rule, PriorityWeightStrategy):
        rule = rule()
    if isinstance(rule, PriorityWeightStrategy):
        return rule
    raise ValueError(
        f"weight_rule {rule!r} is unknown: it must be downstream, upstream, absolute, "
        "or a PriorityWeightStrategy (class, instance or dotted path)."
    )
