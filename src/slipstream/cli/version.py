"""``version``."""

from __future__ import annotations

import argparse

from slipstream import __version__
from slipstream.cli.command import Command


def run(args: argparse.Namespace) -> None:
    print(__version__)


COMMAND = Command("version", "Show the version", run, example="version")
