"""SQLAlchemy comes without what nobody uses, and nobody notices."""

from __future__ import annotations

import subprocess
import sys


def said_by(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_store_brings_neither_asyncio_nor_package_metadata() -> None:
    heavy = ("asyncio", "email", "importlib.metadata", "ssl")
    assert said_by(
        f"import sys, slipstream.store; print([*{{*{heavy!r}}} & {{*sys.modules}}])"
    ) == ("[]")


def test_other_drivers_of_a_database_are_not_imported() -> None:
    program = (
        "import sys; from slipstream.store import dialect; dialect.named('mysql'); "
        "print([m for m in sys.modules if m.endswith(('asyncmy', 'pyodbc', 'aiomysql'))])"
    )
    assert said_by(program) == "[]"


def test_who_uses_asyncio_has_the_real_one() -> None:
    program = (
        "import slipstream.store, asyncio, asyncio.events, importlib.metadata as m; "
        "from sqlalchemy.util import compat, concurrency; "
        "assert compat.asyncio.Queue is asyncio.Queue; "
        "assert compat.importlib_metadata.entry_points is m.entry_points; "
        "assert concurrency.is_exit_exception(asyncio.CancelledError()); "
        "assert not concurrency.iscoroutine(1); "
        "print(asyncio.run(asyncio.sleep(0, 'slept')), type(asyncio).__name__)"
    )
    assert said_by(program) == "slept module"


def test_a_submodule_of_what_is_late_can_be_imported_meanwhile() -> None:
    program = (
        "import sys; from slipstream.store.alchemy import late\n"
        "with late('asyncio'):\n"
        "    import asyncio as stand_in\n"
        "    import asyncio.events\n"
        "import asyncio\n"
        "print(stand_in is asyncio, stand_in.run is asyncio.run)"
    )
    assert said_by(program) == "False True"


def test_what_is_loaded_already_is_left_alone() -> None:
    program = (
        "import asyncio; before = asyncio; from slipstream.store.alchemy import late\n"
        "with late('asyncio'):\n"
        "    import asyncio\n"
        "print(asyncio is before)"
    )
    assert said_by(program) == "True"
