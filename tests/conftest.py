"""Fixtures that every suite may use."""

from __future__ import annotations

pytest_plugins = ["tests.databases"]
