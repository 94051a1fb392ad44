"""``BaseOperatorLink``: a button of a task that leads to another system."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar


class BaseOperatorLink(ABC):
    """Subclass it with a ``name`` and ``get_link``; list instances in ``operator_extra_links``."""

    operators: ClassVar[list[type]] = []

    @property
    @abstractmethod
    def name(self) -> str:
        """What the button says."""

    @property
    def xcom_key(self) -> str:
        """The XCom that keeps the link of a task instance."""
        return f"_link_{type(self).__name__}"

    @abstractmethod
    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the URL for one task instance."""
