"""What the commands' tests share: the type of the fixture that runs one, and a small DAG file."""

from __future__ import annotations

from collections.abc import Callable

Cli = Callable[..., tuple[int, str, str]]
"""Runs a command; returns its exit code, output and errors."""

DEMO = """
from datetime import datetime
from airflow.sdk import dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1), tags=["x"], description="a demo")
def demo():
    @task
    def one():
        return 1

    @task.bash
    def two(n):
        return f"echo {n}"

    two(one())

demo()
"""
