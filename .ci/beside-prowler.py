#!/usr/bin/env python3
"""Measures a scan by the command `eksentry` beside one by Prowler: the same checks, the same account in moto, one after
the other.

    cargo build --release --package eksentry
    python3 -m venv .venv/prowler && .venv/prowler/bin/pip install prowler==5.46.0
    .venv/ci/bin/python .ci/beside-prowler.py target/release/eksentry .venv/prowler/bin/prowler

With --clusters 50, the account is not that of the demo, but has as many clusters, repositories and keys. moto runs in a
process of its own, whose CPU time does not count; but both tools wait for it. docs/measured.md has the results.
"""

import argparse
import csv
import importlib.util
import json
import os
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# The checks of the same meaning, by eksentry's names. moto implements the operations of all of them.
CHECKS = {
    "ecr-image-scan-findings": "ecr_repositories_scan_vulnerabilities_in_latest_image",
    "ecr-immutable-tags": "ecr_repositories_tag_immutability",
    "ecr-lifecycle-policy": "ecr_repositories_lifecycle_policy_enabled",
    "ecr-repository-policy-restricted": "ecr_repositories_not_publicly_accessible",
    "ecr-scan-on-push": "ecr_registry_scan_images_on_push_enabled",
    "eks-control-plane-logging": "eks_control_plane_logging_all_types_enabled",
    "eks-deletion-protection": "eks_cluster_deletion_protection_enabled",
    "eks-endpoint-private": "eks_cluster_not_publicly_accessible",
    "eks-secrets-customer-managed-key": "eks_cluster_kms_cmk_encryption_in_secrets_enabled",
    "kms-cmk-rotation": "kms_cmk_rotation_enabled",
    "kms-key-policy-restricted": "kms_key_not_publicly_accessible",
}


def load_moto_opinion():
    """Returns the module that creates the demo account in moto."""
    path = Path(__file__).with_name("moto-opinion.py")
    spec = importlib.util.spec_from_file_location("moto_opinion", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def start_moto(account):
    """Starts moto in a process. Returns the process and its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"MOTO_ACCOUNT_ID": account, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", str(port)]
    moto = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return moto, f"http://127.0.0.1:{port}"
        except OSError:
            time.sleep(0.1)
    sys.exit("moto has not started within a minute.")


def fill_with(account, number):
    """Creates as many clusters, repositories and keys. Every second one fails."""
    role = account.iam.create_role(RoleName="eks", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    for index in range(number):
        is_good = index % 2 == 0
        network = {"subnetIds": ["subnet-1", "subnet-2"], "endpointPublicAccess": not is_good,
                   "endpointPrivateAccess": is_good}
        types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
        account.eks.create_cluster(
            name=f"cluster-{index:03}", version="1.34", roleArn=role, resourcesVpcConfig=network,
            logging={"clusterLogging": [{"types": types, "enabled": is_good}]},
        )
        account.ecr.create_repository(
            repositoryName=f"team/repository-{index:03}", imageTagMutability="IMMUTABLE" if is_good else "MUTABLE",
            imageScanningConfiguration={"scanOnPush": is_good},
        )
        key = account.kms.create_key(Description=f"Key {index}")["KeyMetadata"]["KeyId"]
        if is_good:
            account.kms.enable_key_rotation(KeyId=key)


def measure(command, environment, folder):
    """Runs a command. Returns its wall time and its CPU time in seconds, and its exit code."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ran = subprocess.run(command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE, text=True, check=False)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, ran


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("eksentry", type=Path, help="the command's release binary")
    parser.add_argument("prowler", type=Path, help="Prowler's script in its venv")
    parser.add_argument("--clusters", type=int, metavar="NUMBER", help="clusters, repositories and keys, instead of the demo's")
    parser.add_argument("--runs", type=int, default=3, metavar="NUMBER", help="runs of each tool (default: 3)")
    options = parser.parse_args()

    demo = load_moto_opinion()
    moto, endpoint = start_moto(demo.ACCOUNT)
    try:
        account = demo.Account(endpoint)
        if options.clusters:
            fill_with(account, options.clusters)
        else:
            account.fill()
        compare(options, demo, endpoint)
    finally:
        moto.kill()
        moto.wait()


def compare(options, demo, endpoint):
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": demo.REGION, "AWS_DEFAULT_REGION": demo.REGION,
                   "AWS_ENDPOINT_URL": endpoint, **demo.CREDENTIALS}
    outputs = [f"--output=report.{ending}" for ending in ("html", "csv", "ocsf.jsonl", "json")]
    commands = {
        "eksentry": [options.eksentry.resolve(), "scan", "--checks", ",".join(CHECKS), *outputs],
        "Prowler": [options.prowler.absolute(), "aws", "--checks", *CHECKS.values(), "--region", demo.REGION,
                    "--output-directory", ".", "--no-banner", "--ignore-exit-code-3"],
        "eksentry, start": [options.eksentry.resolve(), "--version"],
        "Prowler, start": [options.prowler.absolute(), "aws", "--list-checks"],
    }
    times = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        environment["HOME"] = folder
        for _ in range(options.runs):
            for name, command in commands.items():
                wall, cpu, ran = measure(command, environment, folder)
                # Exit code 1 of eksentry says that something fails, 2 that something could not be read.
                if ran.returncode not in (0, 1):
                    print(f"{name}: exit code {ran.returncode}\n{ran.stderr[-2000:]}", file=sys.stderr)
                times[name].append((wall, cpu))
        findings = json.loads(Path(folder, "report.json").read_text())["findings"]
        prowlers = [row for path in Path(folder).glob("prowler-output-*.csv")
                    for row in csv.DictReader(path.open(newline=""), delimiter=";")]
    print(f"{len(findings)} findings of eksentry, {len(prowlers) // options.runs} of Prowler")
    print(f"{'':16}{'wall':>10}{'CPU':>10}")
    medians = {name: [statistics.median(column) for column in zip(*taken)] for name, taken in times.items()}
    for name, (wall, cpu) in medians.items():
        print(f"{name:16}{wall:>8.2f} s{cpu:>8.3f} s")
    for what in ("", ", start"):
        pairs = zip(medians[f"Prowler{what}"], medians[f"eksentry{what}"])
        print(f"{f'ratio{what}':16}" + "".join(f"{theirs / max(ours, 0.001):>10.0f}" for theirs, ours in pairs))


if __name__ == "__main__":
    main()
