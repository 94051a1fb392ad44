"""Fixtures that every suite may use."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, and nothing about us.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["tests.databases"]


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_told_of_where_it_was_made() -> Iterator[None]:
    """Collect garbage at the end of each file.

    A socket or a file that was left open in a reference cycle is seen when it is collected, at any
    later moment, and fails whichever test happens to run then.
    """
    yield
    gc.collect()
