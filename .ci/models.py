#!/usr/bin/env python3
"""Writes tests/models: the published models of the AWS operations that the functions call, reduced to what tests need.

The source is the version of botocore in .ci/requirements.txt. A file contains the operations and all shapes that they
use, without documentation. With --check, nothing is written, and a file that differs is an error.
"""

import argparse
import json
import sys
from pathlib import Path

import botocore.session

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "models"

# Services have their signing names; botocore has a different name for one of them.
BOTOCORE = {"tagging": "resourcegroupstaggingapi"}
OPERATIONS = {
    "account": ["ListRegions"],
    "config": [
        "DescribeConfigurationRecorderStatus",
        "DescribeConfigurationRecorders",
        "GetComplianceDetailsByConfigRule",
        "PutEvaluations",
    ],
    "ecr": [
        "BatchGetImage",
        "DescribeImageScanFindings",
        "DescribeImages",
        "DescribeRepositories",
        "GetRegistryScanningConfiguration",
    ],
    "eks": ["DescribeCluster", "DescribeNodegroup", "ListClusters", "ListNodegroups"],
    "iam": [
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListRolePolicies",
    ],
    "kms": ["DescribeKey", "GetKeyRotationStatus", "ListKeys"],
    "organizations": ["ListAccounts", "ListAccountsForParent", "ListOrganizationalUnitsForParent"],
    "s3": ["GetObject", "PutObject"],
    "securityhub": ["BatchImportFindings", "GetFindings"],
    "sqs": ["SendMessage", "SendMessageBatch"],
    "ssm": ["GetParameter", "GetParametersByPath"],
    "sts": ["AssumeRole", "GetCallerIdentity"],
    "tagging": ["GetResources"],
}

# Security Hub has details for hundreds of resource types, of which the findings of eksentry use these.
ONLY = {
    ("securityhub", "ResourceDetails"): [
        "AwsEcrContainerImage",
        "AwsEcrRepository",
        "AwsEksCluster",
        "AwsKmsKey",
        "Other",
    ],
}

# The attributes that determine the form of a value and its position in a request or response.
OF_A_SHAPE = ("type", "required", "enum", "min", "max", "pattern", "timestampFormat", "payload", "exception", "error")
OF_A_MEMBER = ("shape", "location", "locationName", "timestampFormat")


def some_of(mapping, names):
    return {name: mapping[name] for name in names if name in mapping}


def shape(service, name, described):
    """Returns a shape, and the names of the shapes that it contains."""
    kept = some_of(described, OF_A_SHAPE)
    only = ONLY.get((service, name))
    reached = []
    if "members" in described:
        members = {key: member for key, member in described["members"].items() if not only or key in only}
        kept["members"] = {key: some_of(member, OF_A_MEMBER) for key, member in sorted(members.items())}
        reached += [member["shape"] for member in members.values()]
    for part in ("member", "key", "value"):
        if part in described:
            kept[part] = some_of(described[part], OF_A_MEMBER)
            reached.append(described[part]["shape"])
    return kept, reached


def model(session, service):
    described = session.get_component("data_loader").load_service_model(BOTOCORE.get(service, service), "service-2")
    operations, shapes, left = {}, {}, []
    for name in OPERATIONS[service]:
        whole = described["operations"][name]
        operation = {part: whole[part]["shape"] for part in ("input", "output") if part in whole}
        operation["errors"] = [error["shape"] for error in whole.get("errors", [])]
        operations[name] = operation
        left += [operation[part] for part in ("input", "output") if part in operation] + operation["errors"]
    while left:
        name = left.pop()
        if name not in shapes:
            shapes[name], reached = shape(service, name, described["shapes"][name])
            left += reached
    return {"protocol": described["metadata"]["protocol"], "operations": operations, "shapes": shapes}


def text(written):
    """Renders JSON with one line for each operation and shape, so that differences are readable."""

    def lines(mapping):
        return ",\n".join(
            f"    {json.dumps(name)}: {json.dumps(entry, sort_keys=True, ensure_ascii=False)}"
            for name, entry in sorted(mapping.items())
        )

    return (
        "{\n"
        f'  "protocol": {json.dumps(written["protocol"])},\n'
        f'  "operations": {{\n{lines(written["operations"])}\n  }},\n'
        f'  "shapes": {{\n{lines(written["shapes"])}\n  }}\n'
        "}\n"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file differs")
    check = parser.parse_args().check
    session = botocore.session.Session()
    wanted = {f"{service}.json": text(model(session, service)) for service in OPERATIONS}
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for name, content in wanted.items():
            (FOLDER / name).write_text(content, encoding="utf-8")
        for name in there.keys() - wanted.keys():
            (FOLDER / name).unlink()
        return 0
    differing = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
    for name in differing:
        print(f"tests/models/{name} differs from the model in botocore {botocore.__version__}", file=sys.stderr)
    if differing:
        print("To update the models, run: .venv/ci/bin/python .ci/models.py", file=sys.stderr)
    else:
        print(f"{len(wanted)} models are equal to those in botocore {botocore.__version__}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
