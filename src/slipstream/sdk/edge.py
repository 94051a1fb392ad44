"""Labels on edges: ``a >> Label("why") >> b``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from slipstream.sdk.node import Dependency, DependencyMixin, flatten

if TYPE_CHECKING:
    from slipstream.sdk.dag import DAG


class EdgeModifier(DependencyMixin):
    """Stands between two nodes, remembers both sides, and connects them once it knows them."""

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self._upstream: list[DependencyMixin] = []
        self._downstream: list[DependencyMixin] = []

    @property
    def roots(self) -> Iterable[DependencyMixin]:
        return self._downstream

    @property
    def leaves(self) -> Iterable[DependencyMixin]:
        return self._upstream

    def set_upstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        self._remember(flatten(other), self._upstream)
        self._connect()

    def set_downstream(self, other: Dependency, edge_modifier: EdgeModifier | None = None) -> None:
        self._remember(flatten(other), self._downstream)
        self._connect()

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        self._remember([other], self._upstream if upstream else self._downstream)
        self._connect()

    @staticmethod
    def _remember(nodes: Iterable[DependencyMixin], side: list[DependencyMixin]) -> None:
        for node in nodes:
            if not any(known is node for known in side):
                side.append(node)

    def _connect(self) -> None:
        for node in self._upstream:
            for other in self._downstream:
                node.set_downstream(other, edge_modifier=self)

    def add_edge_info(self, dag: DAG, upstream_id: str, downstream_id: str) -> None:
        """Write the label into the DAG."""
        if self.label is not None:
            dag.set_edge_info(upstream_id, downstream_id, {"label": self.label})


def Label(label: str) -> EdgeModifier:  # noqa: N802 (Airflow's name)
    """Return a label to put between two nodes."""
    return EdgeModifier(label=label)
