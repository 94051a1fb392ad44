"""``tasks test``, ``run``, ``render``."""

COMMANDS = ()
