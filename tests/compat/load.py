"""Run as a process: loads DAG files and prints, as JSON, what each gave."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from slipstream.sdk import bundle, loader, serialize


def main() -> None:
    bundle.extend_sys_path()
    results = {}
    for argument in sys.argv[1:]:
        path = Path(argument)
        loaded = loader.load_file(path)
        errors = [f"{type(e).__name__}: {e}" for e in loaded.errors]
        for dag in loaded.dags.values():
            try:
                serialize.spec_hash(serialize.dag_to_spec(dag, path.name))
            except Exception as e:
                errors.append(f"{type(e).__name__}: {e}")
        results[path.stem] = {"dags": sorted(loaded.dags), "errors": errors}
    print(f"\nRESULT {json.dumps(results)}")


if __name__ == "__main__":
    main()
