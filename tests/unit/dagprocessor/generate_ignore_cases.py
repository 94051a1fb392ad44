"""Write ignore_cases.json: which files Airflow's own search finds in small random folders.

Not run by the tests. Run it with a Python that has apache-airflow 3.3.2 installed::

    AIRFLOW_HOME=$(mktemp -d) python tests/unit/dagprocessor/generate_ignore_cases.py

Each case is [syntax, files, found]: the text of each ``.airflowignore`` (other files have none), and
the Python files that are not ignored.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
from pathlib import Path

from airflow._shared.module_loading.file_discovery import find_path_from_directory

OUT = Path(__file__).with_name("ignore_cases.json")
RNG = random.Random(11)
N_CASES = 150
FOLDERS = ["a", "b", "team", "lib", "dags", "sub dir"]
FILES = ["a.py", "b.py", "c.py", "x_test.py"]
GLOBS = [
    "*.py",
    "!a.py",
    "a.py",
    "/a.py",
    "team/",
    "!team/",
    "team/*",
    "team/**",
    "**/lib",
    "lib/*.py",
    "!lib/a.py",
    "x_*",
    "**/a.py",
    "a/b/",
    "b/a.py",
    "/",
    "[ab].py",
    "dags/**/b.py",
    "?.py",
    "/team",
    "!**/a.py",
    "\\!a.py",
    "*/",
    "*",
    "!*/",
    "!*.py",
    "a",
    "foo/**/",
    "team/**/a.py",
    "a.py#comment",
    "# comment",
    "a.py # comment",
    "   ",
    "sub dir/",
    "team/   ",
]
REGEXPS = ["_test", "team", "^a", r"a\.py$", "lib/.*", "[", "b$", "# x", "a # y", "/b", "^team/a"]


def case() -> list[object]:
    syntax = RNG.choice(["glob", "glob", "regexp"])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folders = [""]
        for _ in range(RNG.randint(1, 5)):
            folders.append(os.path.join(RNG.choice(folders), RNG.choice(FOLDERS)))
        files: dict[str, str] = {}
        for folder in dict.fromkeys(folders):
            (root / folder).mkdir(parents=True, exist_ok=True)
            for file in RNG.sample(FILES, 2):
                files[os.path.join(folder, file)] = ""
            if RNG.random() < 0.5:
                patterns = GLOBS if syntax == "glob" else REGEXPS
                lines = [RNG.choice(patterns) for _ in range(RNG.randint(1, 4))]
                files[os.path.join(folder, ".airflowignore")] = "\n".join(lines)
        for path, text in files.items():
            (root / path).write_text(text)
        found = find_path_from_directory(root, ".airflowignore", syntax)
        kept = sorted(str(Path(path).relative_to(root)) for path in found)
    return [syntax, files, kept]


def main() -> None:
    lines = ",\n".join(json.dumps(case(), separators=(",", ":")) for _ in range(N_CASES))
    OUT.write_text(f"[\n{lines}\n]\n")
    print(f"{N_CASES} cases, {OUT.stat().st_size >> 10} KiB")


if __name__ == "__main__":
    main()
