#!/usr/bin/env python3
"""Validates all OCSF events that the demo and the end-to-end tests wrote against the published schema.

The schema comes from the package ocsf-json-schema on PyPI, as JSON Schema for the version and profiles of an event. It
checks types, required attributes, enumerations, constraints, and unknown attributes. In addition, no attribute can be
deprecated, and each caption must be that of its number (severity for severity_id, and so on).
"""

import argparse
import collections
import json
import re
import sys
from pathlib import Path

from jsonschema import Draft202012Validator
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

MOST_PROBLEMS = 40
OTHER = 99  # the caption is defined by the source


class Schema:
    """The published schema of one version."""

    def __init__(self, version):
        self.published = get_ocsf_schema(version)
        self.embedded = OcsfJsonSchemaEmbedded(self.published)
        self.validators = {}

    def validator(self, class_uid, profiles):
        name = self.embedded.lookup_class_name_from_uid(class_uid)
        key = (name, tuple(profiles))
        if key not in self.validators:
            schema = self.embedded.get_class_schema(name, list(profiles))
            Draft202012Validator.check_schema(schema)
            self.validators[key] = Draft202012Validator(schema)
        return name, self.validators[key]


def problems_of(event, schemas):
    """Yields the problems of an event, as text."""
    metadata = event.get("metadata", {})
    version = metadata.get("version")
    if version not in schemas:
        schemas[version] = Schema(version)
    schema = schemas[version]
    name, validator = schema.validator(event.get("class_uid"), metadata.get("profiles", []))
    for error in validator.iter_errors(event):
        yield f"{error.json_path}: {text_of(error)}"
    yield from walk(event, schema.published["classes"][name], schema.published["objects"], "$")


def text_of(error):
    """Returns the text of an error. For constraints, which are lists of required attributes, the library's message
    repeats the whole object, so this text names only the attributes."""
    constraint = {"anyOf": "at least one", "oneOf": "exactly one"}.get(error.validator)
    if constraint:
        names = ", ".join(name for option in error.validator_value for name in option["required"])
        return f"does not have {constraint} of {names}"
    return error.message[:300]


def walk(value, definition, objects, path):
    """Yields deprecated attributes, and captions that are not those of their numbers, at all levels."""
    attributes = definition["attributes"]
    for name, member in value.items():
        attribute = attributes.get(name)
        if attribute is None:
            continue  # the validator reports this
        at = f"{path}.{name}"
        if attribute.get("@deprecated"):
            yield f"{at}: is deprecated: {attribute['@deprecated'].get('message')}"
        sibling, enum = attribute.get("sibling"), attribute.get("enum", {})
        if sibling in value and enum and member != OTHER:
            caption = enum.get(str(member), {}).get("caption")
            if value[sibling] != caption:
                yield f"{path}.{sibling}: is {value[sibling]!r}, and {name} {member} is {caption!r}"
        if attribute.get("type") == "object_t":
            inner = objects[attribute["object_type"]]
            for entry in member if isinstance(member, list) else [member]:
                if isinstance(entry, dict):
                    yield from walk(entry, inner, objects, at)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+", help="folders with .jsonl files, also in subfolders")
    folders = parser.parse_args().folders

    schemas, seen, problems, empty = {}, collections.Counter(), {}, []
    for folder in folders:
        before = seen.total()
        for path in sorted(folder.rglob("*.jsonl")):
            for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
                if not line:
                    continue
                event = json.loads(line)
                compliance = event.get("compliance", {}).get("status", "")
                seen[f"{event['type_name']}, {event['status']} {compliance}".rstrip()] += 1
                for problem in problems_of(event, schemas):
                    # The same problem in several events, or in several entries of a list, is reported once.
                    key = f"{event['class_name']}: " + re.sub(r"\[[0-9]+\]", "[]", problem)
                    problems.setdefault(key, []).append(f"{path}:{number}")
        if seen.total() == before:
            empty.append(str(folder))

    for name, count in sorted(seen.items()):
        print(f"{count:7} {name}")
    for problem, places in list(problems.items())[:MOST_PROBLEMS]:
        print(f"PROBLEM {problem} ({len(places)} times, first {places[0]})")
    if len(problems) > MOST_PROBLEMS:
        print(f"and {len(problems) - MOST_PROBLEMS} more")
    versions = ", ".join(map(str, schemas)) or "none"
    print(f"{seen.total()} events, {len(problems)} problems; schema versions: {versions}")
    if empty:
        print(f"There are no events in {', '.join(empty)}. Run `cargo test` and `cargo demo` first.", file=sys.stderr)
    return 1 if problems or empty else 0


if __name__ == "__main__":
    sys.exit(main())
