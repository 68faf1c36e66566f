#!/usr/bin/env python3
"""Writes tests/models: the models that AWS publishes of the operations that the functions call.

The source is the botocore that .ci/requirements.txt pins. A file has a service's protocol, the operations and every
shape that these use, without the documentation. With --check nothing is written, and a file that differs is an error.
"""

import argparse
import json
import sys
from pathlib import Path

import botocore.session

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "models"

# The operations, by the services' signing names. The names in botocore that differ from them are in BOTOCORE.
BOTOCORE = {
    "elasticfilesystem": "efs",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "tagging": "resourcegroupstaggingapi",
}
OPERATIONS = {
    "account": ["ListRegions"],
    "cloudtrail": ["DescribeTrails", "GetEventSelectors", "GetTrailStatus"],
    "config": [
        "DescribeConfigurationRecorderStatus",
        "DescribeConfigurationRecorders",
        "GetComplianceDetailsByConfigRule",
        "PutEvaluations",
    ],
    "ec2": [
        "DescribeFlowLogs",
        "DescribeImages",
        "DescribeInstanceTypes",
        "DescribeInstances",
        "DescribeManagedPrefixLists",
        "DescribeSecurityGroups",
        "DescribeSubnets",
        "DescribeVolumes",
        "DescribeVpcEndpoints",
        "GetEbsEncryptionByDefault",
        "GetManagedPrefixListEntries",
    ],
    "ecr": [
        "BatchGetImage",
        "DescribeImageScanFindings",
        "DescribeImageSigningStatus",
        "DescribeImages",
        "DescribePullThroughCacheRules",
        "DescribeRepositories",
        "DescribeRepositoryCreationTemplates",
        "GetAccountSetting",
        "GetDownloadUrlForLayer",
        "GetLifecyclePolicy",
        "GetRegistryPolicy",
        "GetRegistryScanningConfiguration",
        "GetRepositoryPolicy",
        "GetSigningConfiguration",
        "ListPullTimeUpdateExclusions",
    ],
    "eks": [
        "DescribeAddon",
        "DescribeCluster",
        "DescribeClusterVersions",
        "DescribeNodegroup",
        "ListAccessEntries",
        "ListAddons",
        "ListAssociatedAccessPolicies",
        "ListClusters",
        "ListInsights",
        "ListNodegroups",
        "ListPodIdentityAssociations",
    ],
    "elasticfilesystem": ["DescribeAccessPoints", "DescribeFileSystems"],
    "elasticloadbalancing": [
        "DescribeListeners",
        "DescribeLoadBalancers",
        "DescribeRules",
        "DescribeSSLPolicies",
    ],
    "guardduty": ["GetDetector", "ListCoverage", "ListDetectors"],
    "iam": [
        "GetInstanceProfile",
        "GetPolicy",
        "GetPolicyVersion",
        "GetRole",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListOpenIDConnectProviders",
        "ListRolePolicies",
        "ListRoles",
    ],
    "inspector2": ["BatchGetAccountStatus"],
    "kms": [
        "DescribeKey",
        "GetKeyLastUsage",
        "GetKeyPolicy",
        "GetKeyRotationStatus",
        "ListAliases",
        "ListKeys",
    ],
    "lambda": ["Invoke"],
    "logs": [
        "DescribeAccountPolicies",
        "DescribeLogGroups",
        "DescribeMetricFilters",
        "DescribeSubscriptionFilters",
    ],
    "monitoring": ["DescribeAlarms"],
    "organizations": [
        "DescribeOrganization",
        "ListAccounts",
        "ListAccountsForParent",
        "ListOrganizationalUnitsForParent",
    ],
    "s3": ["GetObject", "PutObject"],
    "securityhub": ["BatchImportFindings", "GetFindings"],
    "sqs": ["SendMessage", "SendMessageBatch"],
    "ssm": ["GetParameter", "GetParametersByPath"],
    "sts": ["AssumeRole", "GetCallerIdentity"],
    "tagging": ["GetResources"],
}

# The members of shapes of which the functions use few: Security Hub has details of hundreds of types of resources.
ONLY = {
    ("securityhub", "ResourceDetails"): [
        "AwsEcrContainerImage",
        "AwsEcrRepository",
        "AwsEksCluster",
        "AwsKmsKey",
        "Other",
    ],
}

# The parts of each model that describe the values and their form in requests and responses.
SERVICE_TRAITS = ("targetPrefix", "jsonVersion", "xmlNamespace")
SHAPE_TRAITS = (
    "type",
    "required",
    "enum",
    "min",
    "max",
    "pattern",
    "timestampFormat",
    "flattened",
    "payload",
    "exception",
    "error",
)
MEMBER_TRAITS = ("shape", "location", "locationName", "queryName", "flattened", "timestampFormat")
HTTP_TRAITS = ("method", "requestUri")
PAGINATOR_TRAITS = ("input_token", "output_token", "limit_key", "more_results")

# The protocols that the SDK for Rust does not use. It uses the first of the others.
UNUSED_PROTOCOLS = ("smithy-rpc-v2-cbor",)
# The protocols of services that are called without the SDK, if they are not the ones that the SDK would use.
PROTOCOLS = {"monitoring": "query"}


def some_of(mapping, names):
    return {name: mapping[name] for name in names if name in mapping}


def service_traits(service, metadata):
    """The protocol of a service."""
    protocols = [PROTOCOLS[service]] if service in PROTOCOLS else metadata.get("protocols", [metadata["protocol"]])
    protocol = next(protocol for protocol in protocols if protocol not in UNUSED_PROTOCOLS)
    # A service with several protocols has the traits of each.
    traits = [name for name in SERVICE_TRAITS if protocol == "json" or name != "targetPrefix"]
    return {
        "protocol": protocol,
        "signingName": metadata.get("signingName", metadata["endpointPrefix"]),
        **some_of(metadata, traits),
        **({"awsQueryCompatible": True} if "awsQueryCompatible" in metadata and "query" not in protocols else {}),
    }


def operation(described, paginator):
    """One operation, and the names of the shapes that it uses."""
    kept = {part: described[part]["shape"] for part in ("input", "output") if part in described}
    kept["errors"] = [error["shape"] for error in described.get("errors", [])]
    kept["http"] = some_of(described["http"], HTTP_TRAITS)
    if "resultWrapper" in described.get("output", {}):
        kept["resultWrapper"] = described["output"]["resultWrapper"]
    if paginator:
        results = paginator["result_key"]
        results = results if isinstance(results, list) else [results]
        kept["paginator"] = {**some_of(paginator, PAGINATOR_TRAITS), "result_key": results}
    return kept, [kept[part] for part in ("input", "output") if part in kept] + kept["errors"]


def shape(service, name, described):
    """One shape, and the names of the shapes of its parts."""
    kept = some_of(described, SHAPE_TRAITS)
    only = ONLY.get((service, name))
    used = []
    if "members" in described:
        members = {key: member for key, member in described["members"].items() if not only or key in only}
        kept["members"] = {key: some_of(member, MEMBER_TRAITS) for key, member in sorted(members.items())}
        used += [member["shape"] for member in members.values()]
    for part in ("member", "key", "value"):
        if part in described:
            kept[part] = some_of(described[part], MEMBER_TRAITS)
            used.append(described[part]["shape"])
    return kept, used


def model(session, service):
    loader = session.get_component("data_loader")
    described = loader.load_service_model(BOTOCORE.get(service, service), "service-2")
    paginators = loader.load_service_model(BOTOCORE.get(service, service), "paginators-1")["pagination"]
    operations, shapes, remaining = {}, {}, []
    for name in OPERATIONS[service]:
        operations[name], used = operation(described["operations"][name], paginators.get(name))
        remaining += used
    while remaining:
        name = remaining.pop()
        if name not in shapes:
            shapes[name], used = shape(service, name, described["shapes"][name])
            remaining += used
    return {**service_traits(service, described["metadata"]), "operations": operations, "shapes": shapes}


def text(model):
    """JSON with a line for each operation and shape, so that differences can be read."""

    def lines(mapping):
        return ",\n".join(
            f"    {json.dumps(name)}: {json.dumps(entry, sort_keys=True, ensure_ascii=False)}"
            for name, entry in sorted(mapping.items())
        )

    def member(name, value):
        if isinstance(value, dict):
            return f"  {json.dumps(name)}: {{\n{lines(value)}\n  }}"
        return f"  {json.dumps(name)}: {json.dumps(value)}"

    return "{\n" + ",\n".join(member(name, value) for name, value in model.items()) + "\n}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a file differs")
    check = parser.parse_args().check
    session = botocore.session.Session()
    wanted = {f"{service}.json": text(model(session, service)) for service in OPERATIONS}
    existing = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    if not check:
        FOLDER.mkdir(exist_ok=True)
        for name, content in wanted.items():
            (FOLDER / name).write_text(content, encoding="utf-8")
        for name in existing.keys() - wanted.keys():
            (FOLDER / name).unlink()
        return 0
    differing = sorted(name for name in wanted.keys() | existing.keys() if wanted.get(name) != existing.get(name))
    for name in differing:
        print(f"tests/models/{name} differs from the model in botocore {botocore.__version__}", file=sys.stderr)
    if differing:
        print("to write them again, run: .venv/ci/bin/python .ci/models.py", file=sys.stderr)
    else:
        print(f"{len(wanted)} models are those of botocore {botocore.__version__}")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
