"""Lint every contract with datacontract-cli, in one process. Exit code 1 if any is not valid ODCS."""

from __future__ import annotations

import json
import logging
import sys
from functools import cache

from datacontract.data_contract import DataContract
from jsonschema import Draft201909Validator

from schemas.catalog import HOME, SUFFIX


def main() -> int:
    """Print what is wrong, a line each; returns the exit code."""
    logging.disable(logging.WARNING)
    _check_each_schema_once()
    wrong = 0
    paths = sorted(HOME.rglob(f"*{SUFFIX}"))
    for path in paths:
        run = DataContract(data_contract_file=str(path)).lint()
        for check in run.checks:
            if check.result != "passed":
                wrong += 1
                sys.stderr.write(f"{path}: {check.reason or check.name}\n")
    sys.stderr.write(f"{len(paths)} contracts linted, {wrong} wrong\n")
    return 1 if wrong else 0


def _check_each_schema_once() -> None:
    """datacontract-cli checks the schema of ODCS itself anew for each contract, which takes nine tenths of a lint."""
    check = Draft201909Validator.check_schema
    once = cache(lambda text: check(json.loads(text)))
    Draft201909Validator.check_schema = lambda schema: once(json.dumps(schema))


if __name__ == "__main__":
    sys.exit(main())
