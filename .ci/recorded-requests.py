#!/usr/bin/env python3
"""Validates all requests that the end-to-end tests recorded against the service models of botocore.

The stand-in is part of this project, so its validation is not sufficient. The models are AWS's own description of the
input of each operation. A row of target/recorded/*.jsonl is {"service": …, "operation": …, "members": {…}}.
"""

import argparse
import collections
import json
import re
import sys
from pathlib import Path

import botocore.session
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.model import OperationNotFoundError
from botocore.validate import ParamValidator

# The names in botocore, and the protocols of services that are called with another one than botocore uses.
SERVICES = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}
PROTOCOLS = {"monitoring": "query"}
MOST_PROBLEMS = 40
TEXT_LOCATIONS = ("uri", "querystring", "header")  # values of all types are text there


class Models:
    def __init__(self):
        self.session = botocore.session.Session()
        self.services = {}

    def operation(self, service, operation):
        if service not in self.services:
            self.services[service] = self.session.get_service_model(SERVICES.get(service, service))
        model = self.services[service]
        return model, model.operation_model(operation)


def problems_of(row, models):
    """Returns the problems of a recorded request, as text."""
    missing = {"service", "operation", "members"} - row.keys()
    if missing:
        return [f"the row lacks {', '.join(sorted(missing))}"]
    try:
        service, operation = models.operation(row["service"], row["operation"])
    except (DataNotFoundError, UnknownServiceError, OperationNotFoundError) as error:
        return [f"not in botocore: {error}"]
    members, shape = row["members"], operation.input_shape
    if shape is None:
        return ["has members, although the operation has no input"] if members else []
    if not isinstance(members, dict):
        return [f"members is of type {type(members).__name__}, not an object"]

    problems = []
    protocol = PROTOCOLS.get(row["service"], service.metadata["protocol"])
    params = as_parameters(members, shape, protocol)
    # Checks types, required members, minimums and, at all levels, unknown names.
    problems += ParamValidator().validate(params, shape).generate_report().splitlines()
    # Checks what botocore does not check.
    walk(params, shape, protocol, "", problems)
    return problems


def as_parameters(members, shape, protocol):
    """Returns the members by their names in botocore, with text values converted to their types."""
    names = {member.serialization.get("name", name): name for name, member in shape.members.items()}
    params = {}
    for name, value in members.items():
        known = name if name in shape.members else names.get(name, name)
        member = shape.members.get(known)
        if member is not None and (
            protocol in ("query", "ec2") or member.serialization.get("location") in TEXT_LOCATIONS
        ):
            value = from_text(value, member)
        params[known] = value
    return params


def from_text(value, shape):
    """Returns the typed value of a text, or the text itself, which the validator rejects, if it cannot be converted."""
    if shape.type_name == "list" and isinstance(value, list):
        return [from_text(entry, shape.member) for entry in value]
    if not isinstance(value, str):
        return value
    try:
        if shape.type_name in ("integer", "long"):
            return int(value)
        if shape.type_name in ("float", "double"):
            return float(value)
    except ValueError:
        return value
    if shape.type_name == "boolean" and value in ("true", "false"):
        return value == "true"
    return value


def walk(value, shape, protocol, path, problems):
    """Checks maximums, patterns, enumerations and the format of timestamps."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        for name, entry in value.items():
            if name in shape.members:
                walk(entry, shape.members[name], protocol, f"{path}.{name}", problems)
        return
    if kind == "map" and isinstance(value, dict):
        at_most(len(value), shape, f"{path} has", "entries", problems)
        for name, entry in value.items():
            walk(name, shape.key, protocol, f"{path} key", problems)
            walk(entry, shape.value, protocol, f"{path}[{name}]", problems)
        return
    if kind == "list" and isinstance(value, list):
        at_most(len(value), shape, f"{path} has", "entries", problems)
        for number, entry in enumerate(value):
            walk(entry, shape.member, protocol, f"{path}[{number}]", problems)
        return
    if kind == "string" and isinstance(value, str):
        at_most(len(value), shape, f"{path} has", "characters", problems)
        if shape.enum and value not in shape.enum:
            problems.append(f"{path} is {value!r}, which is not one of {', '.join(shape.enum)}")
        pattern = shape.metadata.get("pattern")
        if pattern and fits(pattern, value) is False:
            problems.append(f"{path} is {value!r}, which does not match {pattern}")
    elif kind in ("integer", "long", "float", "double") and isinstance(value, (int, float)):
        at_most(value, shape, f"{path} is", "", problems)
    elif kind == "timestamp" and protocol in ("json", "rest-json"):
        # Seconds since 1970 as a number, unless the model specifies another format.
        form = shape.serialization.get("timestampFormat", "unixTimestamp")
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if (form == "unixTimestamp") != number:
            problems.append(f"{path} is {value!r}, which is not a timestamp in the format {form}")


def at_most(size, shape, said, unit, problems):
    most = shape.metadata.get("max")
    if most is not None and size > most:
        problems.append(f"{said} {size} {unit}".rstrip() + f", and the maximum is {most}")


def fits(pattern, value):
    """Returns whether a value matches a pattern, or None if Python does not support the syntax of the pattern."""
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=Path("target/recorded"))
    folder = parser.parse_args().folder
    files = sorted(folder.glob("*.jsonl"))

    models, seen, problems = Models(), collections.Counter(), {}
    for path in files:
        # splitlines() is not used, because texts can contain line separators of Unicode.
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                problems.setdefault(f"not JSON: {error}", []).append(f"{path}:{number}")
                continue
            name = f"{row.get('service')}.{row.get('operation')}"
            seen[name] += 1
            for problem in problems_of(row, models):
                # The same problem in several rows, or in several entries of a list, is reported once.
                key = name + ": " + re.sub(r"\[[0-9]+\]", "[]", problem)
                problems.setdefault(key, []).append(f"{path}:{number}")

    for name, count in sorted(seen.items()):
        print(f"{count:7} {name}")
    for problem, places in list(problems.items())[:MOST_PROBLEMS]:
        print(f"PROBLEM {problem[:300]} ({len(places)} times, first {places[0]})")
    if len(problems) > MOST_PROBLEMS:
        print(f"and {len(problems) - MOST_PROBLEMS} more")
    total = sum(seen.values())
    print(f"{total} requests of {len(seen)} operations in {len(files)} files, {len(problems)} problems")
    if not total:
        print(f"There are no requests in {folder}. Run `cargo test` first.", file=sys.stderr)
    return 1 if problems or not total else 0


if __name__ == "__main__":
    sys.exit(main())
