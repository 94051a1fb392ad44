"""``dags test``."""

from __future__ import annotations

import argparse

from slipstream.cli.command import Command
from slipstream.errors import UserError


def test(args: argparse.Namespace) -> int:
    raise UserError("later")


COMMAND = Command("test", "Run a whole DAG once, here and now", test, (), "dags test demo")
