#!/usr/bin/env python3
"""Runs a sweep of the demo account in moto, and compares its verdicts with the snapshots of the findings.

moto is an independent AWS emulator. Its responses are a second opinion, in addition to the stand-in of this project, on
the behavior of EKS, ECR, IAM, KMS and AWS Config. The account comes from tests/demo/account.yaml, and the verdicts come
from tests/suite/snapshots. This file contains only the DEVIATIONS from them. moto accepts all findings and ignores the
filters of GetFindings, so a proxy in front of moto responds to calls of Security Hub. All traffic is on loopback.

    .ci/moto-opinion.py target/lambda/sweep/bootstrap

With --command, a scan of the same account by the command `eksentry` must have the same verdicts.
"""

import argparse
import fnmatch
import hashlib
import http.client
import json
import logging
import os
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import yaml
from moto.server import ThreadedMotoServer

TESTS = Path(__file__).resolve().parent.parent / "tests"
DEMO = yaml.safe_load((TESTS / "demo/account.yaml").read_text())  # tests/src/account.rs explains the format
ACCOUNT, REGION = DEMO["account"], DEMO["region"]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
PASSED, FAILED, NOT_AVAILABLE, NONE = "PASSED", "FAILED", "NOT_AVAILABLE", "none"
MOST_SHOWN = 40

# The verdicts that are different in moto: check, resource (or a pattern of resources that have a verdict in the
# snapshots), status in moto, reason. A row that changes no verdict is an error.
DEVIATIONS = [
    ("cloudtrail-multi-region-trail", "*", PASSED, "moto returns no HasCustomEventSelectors for a trail with selectors"),
    ("ecr-customer-managed-key", "repository/cards/issuing", PASSED, "moto treats AWS keys as customer keys"),
    ("ecr-image-age", "repository/*", NONE, "moto does not record pulls"),
    ("ecr-image-scan-findings", "repository/kyc/document-ocr/*", NONE, "in moto, all images were pushed just now"),
    ("eks-access-cluster-admins", "cluster/*", NONE, "moto does not store accessConfig"),
    ("eks-access-entries-roles", "cluster/*", NONE, "moto does not store accessConfig"),
    ("eks-authentication-mode", "cluster/*", FAILED, "moto does not store accessConfig"),
    ("eks-deletion-protection", "cluster/*", FAILED, "moto does not store deletionProtection"),
    ("eks-ecr-endpoint-policy", "cluster/*", NOT_AVAILABLE, "moto returns no VPC of a cluster"),
    ("eks-ecr-endpoint-policy", "cluster/treasury", NOT_AVAILABLE, "moto returns no VPC of a cluster"),
    ("eks-ecr-endpoints", "cluster/*", NOT_AVAILABLE, "moto returns no VPC of a cluster"),
    ("eks-ecr-endpoints", "cluster/treasury", NOT_AVAILABLE, "moto returns no VPC of a cluster"),
    ("eks-irsa-trust-scoped", "cluster/branch-frankfurt", PASSED, "moto does not store outpostConfig"),
    ("eks-irsa-trust-scoped", "cluster/mobile-banking", PASSED, "moto generates the issuer of a cluster"),
    ("eks-load-balancer-tls", "cluster/*", NONE, "the load balancers of the demo account are not created in moto"),
    ("eks-node-role-least-privilege", "cluster/wealth-management", NONE, "moto does not store computeConfig"),
    ("eks-nodes-imds", "cluster/*", PASSED, "the instances of the demo account are not created in moto"),
    ("eks-nodes-imds", "cluster/wealth-management", NONE, "moto does not store computeConfig"),
    ("eks-nodes-nitro-encryption", "cluster/fraud-scoring", PASSED, "the instances of the demo account are not created in moto"),
    ("eks-nodes-nitro-encryption", "cluster/wealth-management", NONE, "moto does not store computeConfig"),
    ("eks-nodes-private", "cluster/*", NOT_AVAILABLE, "the subnets of the demo account are not created in moto"),
    ("eks-nodes-private", "cluster/wealth-management", NONE, "moto does not store computeConfig"),
    ("eks-security-groups-restricted", "cluster/*", NOT_AVAILABLE, "moto returns no cluster security group"),
    ("eks-volumes-encrypted", "cluster/cards-prod", PASSED, "the instances of the demo account are not created in moto"),
    ("eks-vpc-flow-logs", "cluster/*", NOT_AVAILABLE, "moto returns no VPC of a cluster"),
    ("eks-vpc-flow-logs", "cluster/treasury", NOT_AVAILABLE, "moto returns no VPC of a cluster"),
    ("kms-cmk-rotation", "key/19eb5a47-082f-436c-89da-b26f47939c32", FAILED, "moto treats AWS keys as customer keys"),
    ("kms-cmk-rotation", "key/5d2f9e8b-*", PASSED, "moto does not store the rotation period"),
    ("kms-cmk-rotation", "key/d5a71603-c4eb-4f28-8596-7e203b4f58ee", FAILED, "moto treats AWS keys as customer keys"),
    ("kms-key-policy-restricted", "key/19eb5a47-082f-436c-89da-b26f47939c32", PASSED, "moto treats AWS keys as customer keys"),
    ("kms-key-policy-restricted", "key/d5a71603-c4eb-4f28-8596-7e203b4f58ee", PASSED, "moto treats AWS keys as customer keys"),
]

# The checks that the sweep omits, because moto does not implement their operations.
NOT_IN_MOTO = {
    "eks-audit-log-watched": "DescribeAccountPolicies",
    "ecr-registry-policy-restricted": "DescribeRepositoryCreationTemplates",
    "ecr-image-non-root-user": "ListPullTimeUpdateExclusions",
    "ecr-image-signed": "GetSigningConfiguration",
    "ecr-managed-signing": "GetSigningConfiguration",
    "eks-cluster-healthy": "ListAddons",
    "eks-guardduty-runtime-coverage": "ListCoverage",
    "eks-network-policy-enabled": "ListAddons",
    "eks-nodes-current": "DescribeClusterVersions",
    "eks-pod-iam-roles": "ListPodIdentityAssociations",
    "eks-supported-version": "DescribeClusterVersions",
    "eks-upgrade-insights": "ListInsights",
    "kms-key-not-pending-deletion": "GetKeyLastUsage",
}


# --- The account --------------------------------------------------------------------------------------------------


def accepted(shape, value):
    """Returns a value of the account file without the members that the shape of a request does not have."""
    if shape.type_name == "structure":
        return {name: accepted(shape.members[name], part) for name, part in value.items() if name in shape.members}
    if shape.type_name == "list":
        return [accepted(shape.member, part) for part in value]
    return value


class Account:
    """The demo account, created in moto with the calls that a customer would make.

    Omitted members have the defaults in tests/src/account.rs, or those of moto if AWS has the same defaults.
    """

    def __init__(self, endpoint):
        self.session = boto3.session.Session(
            CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=REGION
        )
        self.endpoint = endpoint
        self.config, self.eks, self.ecr, self.iam, self.kms = map(self.client, ("config", "eks", "ecr", "iam", "kms"))
        self.guardduty, self.logs = map(self.client, ("guardduty", "logs"))
        self.keys = {}  # from key IDs of the demo to those that moto generated
        self.file_systems = {}  # the same for the IDs of file systems

    def client(self, service, region=REGION):
        return self.session.client(service, region, endpoint_url=self.endpoint)

    def create(self, client, operation, entry, **defaults):
        """Creates the resource that an entry describes, with the key IDs of moto, and returns the response."""
        name = client.meta.method_to_api_mapping[operation]
        settings = accepted(client.meta.service_model.operation_model(name).input_shape, defaults | entry)
        text = json.dumps(settings)
        for ours, motos in self.keys.items():
            text = text.replace(f":key/{ours}", f":key/{motos}")
        return getattr(client, operation)(**json.loads(text))

    def resource(self, arn):
        """Returns the name of a resource in the snapshots, or its ARN if it is in another account or Region."""
        for ours, motos in self.keys.items():
            arn = arn.replace(f":key/{motos}", f":key/{ours}")
        for ours, motos in self.file_systems.items():
            arn = arn.replace(f":file-system/{motos}", f":file-system/{ours}")
        home = rf"(arn:aws:(ecr|eks|elasticfilesystem|kms):{REGION}:{ACCOUNT}|AWS::::Account):"
        return re.sub(f"^{home}", "", arn)

    def fill(self):
        for recorder in DEMO.get("recorders", [{"name": "default"}]):
            self.fill_recorder(recorder)
        for role in DEMO.get("roles", []):
            self.fill_role(**role)
        for key in DEMO.get("keys", []):
            self.fill_key(key)
        for cluster in DEMO.get("clusters", []):
            self.fill_cluster(cluster)
        for repository in DEMO.get("repositories", []):
            self.fill_repository(repository)
        resources = DEMO.get("inspector", {}).get("resourceState", {}).items()
        enabled = [name.upper() for name, state in resources if state["status"] == "ENABLED"]
        if enabled:
            self.client("inspector2").enable(accountIds=[ACCOUNT], resourceTypes=enabled)
        for detector in DEMO.get("detectors", []):
            self.create(self.guardduty, "create_detector", detector, Enable=True)
        for group in DEMO.get("log_groups", []):
            self.fill_log_group(group)
        for trail in DEMO.get("trails", []):
            self.fill_trail(trail)
        self.fill_volumes()
        self.fill_file_systems()
        if "registry_scanning" in DEMO:
            self.ecr.put_registry_scanning_configuration(**DEMO["registry_scanning"])

    def fill_recorder(self, entry):
        recorder = {"recordingGroup": {"allSupported": True}} | entry
        recorder["roleARN"] = self.fill_role("config-recorder", service="config.amazonaws.com", attached=[])
        status = recorder.pop("status", {})
        self.config.put_configuration_recorder(ConfigurationRecorder=recorder)
        self.config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "records"})
        if status.get("recording", True):
            self.config.start_configuration_recorder(ConfigurationRecorderName=recorder["name"])

    def fill_log_group(self, entry):
        self.create(self.logs, "create_log_group", entry)
        if "retentionInDays" in entry:
            self.create(self.logs, "put_retention_policy", entry)

    def fill_trail(self, entry):
        name = entry["TrailARN"].rpartition("/")[2]
        self.client("s3", "us-east-1").create_bucket(Bucket=name)
        trails = self.client("cloudtrail")
        trails.create_trail(
            Name=name, S3BucketName=name, IsMultiRegionTrail=entry.get("IsMultiRegionTrail", True),
            EnableLogFileValidation=entry.get("LogFileValidationEnabled", True),
        )
        if entry.get("status", {}).get("IsLogging", True):
            trails.start_logging(Name=name)
        if "selectors" in entry:
            trails.put_event_selectors(TrailName=name, **entry["selectors"])

    def fill_volumes(self):
        """Creates the volumes that are not attached. Encryption by default is off in moto."""
        ec2 = self.client("ec2")
        if DEMO.get("volume_encryption", {}).get("EbsEncryptionByDefault", True):
            ec2.enable_ebs_encryption_by_default()
        for volume in DEMO.get("volumes", []):
            if "Attachments" not in volume:
                tags = [{"ResourceType": "volume", "Tags": volume["Tags"]}]
                ec2.create_volume(
                    AvailabilityZone=f"{REGION}a", Size=20, Encrypted=volume.get("Encrypted", True), TagSpecifications=tags
                )

    def fill_file_systems(self):
        efs = self.client("efs")
        for entry in DEMO.get("file_systems", []):
            ours = entry["FileSystemId"]
            made = self.create(efs, "create_file_system", entry, CreationToken=ours, Encrypted=True)
            self.file_systems[ours] = made["FileSystemId"]
        for entry in DEMO.get("access_points", []):
            efs.create_access_point(
                ClientToken=entry["AccessPointId"], FileSystemId=self.file_systems[entry["FileSystemId"]],
                Tags=entry["Tags"],
            )

    def fill_role(
        self, RoleName, AssumeRolePolicyDocument=None, attached=("AmazonEKSClusterPolicy",), inline=None,
        service="eks.amazonaws.com",
    ):
        """Creates a role and returns its ARN."""
        trust = AssumeRolePolicyDocument or {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"},
        ]}
        role = self.iam.create_role(RoleName=RoleName, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
        for policy in attached:
            if isinstance(policy, str):
                arn = f"arn:aws:iam::aws:policy/{policy}"
            else:
                document = json.dumps(policy["document"])
                arn = self.iam.create_policy(PolicyName=policy["name"], PolicyDocument=document)["Policy"]["Arn"]
            self.iam.attach_role_policy(RoleName=RoleName, PolicyArn=arn)
        for name, document in (inline or {}).items():
            self.iam.put_role_policy(RoleName=RoleName, PolicyName=name, PolicyDocument=json.dumps(document))
        return role["Arn"]

    def fill_key(self, entry):
        if entry.get("KeyManager") == "AWS":
            try:
                # KMS creates such a key when its alias is used for the first time.
                key = self.kms.describe_key(KeyId=entry["aliases"][0])
            except self.kms.exceptions.NotFoundException:
                key = self.kms.create_key()  # moto does not have the keys of all services
            self.keys[entry["KeyId"]] = key["KeyMetadata"]["KeyId"]
            return
        regions = entry.get("MultiRegionConfiguration", {})
        home = regions.get("PrimaryKey", {}).get("Region", REGION)
        kms = self.kms if home == REGION else self.client("kms", home)
        key = self.create(kms, "create_key", entry, **self.key_policy(entry))
        id = key["KeyMetadata"]["KeyId"]
        self.keys[entry["KeyId"]] = id
        for replica in regions.get("ReplicaKeys", []):
            kms.replicate_key(KeyId=id, ReplicaRegion=replica["Region"])
        for alias in entry.get("aliases", []):
            self.kms.create_alias(AliasName=alias, TargetKeyId=id)
        rotation = entry.get("rotation", {})
        if rotation.get("KeyRotationEnabled"):
            self.kms.enable_key_rotation(KeyId=id, RotationPeriodInDays=rotation.get("RotationPeriodInDays", 365))
        match entry.get("KeyState", "Enabled"):
            case "Enabled":
                pass
            case "Disabled":
                self.kms.disable_key(KeyId=id)
            case "PendingDeletion":
                self.kms.schedule_key_deletion(KeyId=id)
            case state:
                raise NotImplementedError(f"a key with the state {state}")

    def key_policy(self, entry):
        """Returns the policy of a key, which denies DescribeKey if the account file has such a fault."""
        for fault in DEMO.get("faults", []):
            if (fault["operation"], fault["kind"]) != ("kms.DescribeKey", "access-denied"):
                raise NotImplementedError(f"the fault {fault}")
            if fault.get("match") == {"KeyId": entry["KeyId"]}:
                statement = {"Effect": "Deny", "Principal": "*", "Action": ["kms:DescribeKey"], "Resource": "*"}
                return {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
        return {"Policy": json.dumps(entry["policy"])} if "policy" in entry else {}

    def fill_cluster(self, entry):
        name = entry["name"]
        role = {} if "roleArn" in entry else {"roleArn": self.fill_role(f"eks-{name}")}
        subnets = ["subnet-0a1b2c3d", "subnet-1a2b3c4d"]
        network = {"subnetIds": subnets} | entry.get("resourcesVpcConfig", {})
        self.create(self.eks, "create_cluster", entry | role | {"resourcesVpcConfig": network})
        groups = entry.get("nodegroups", [])
        if any("nodeRole" not in group for group in groups):
            nodes = self.fill_role(f"eks-{name}-nodes", service="ec2.amazonaws.com", attached=["AmazonEKSWorkerNodePolicy"])
        for group in groups:
            defaults = {
                "nodeRole": group.get("nodeRole") or nodes, "subnets": subnets, "amiType": "AL2023_ARM_64_STANDARD",
                "version": entry["version"], "releaseVersion": f"{entry['version']}.1-20990101",
            }
            self.create(self.eks, "create_nodegroup", group, clusterName=name, **defaults)
        match entry.get("status", "ACTIVE"):
            case "ACTIVE":
                pass
            case "DELETING":
                self.eks.delete_cluster(name=name)
            case status:
                raise NotImplementedError(f"a cluster with the status {status}")

    def fill_repository(self, entry):
        tags = [{"Key": key, "Value": value} for key, value in entry.get("tags", {}).items()]
        self.create(self.ecr, "create_repository", entry | {"tags": tags})
        if "lifecycle_policy" in entry:
            policy = json.dumps(entry["lifecycle_policy"]).ljust(100)  # the shortest that ECR accepts
            self.ecr.put_lifecycle_policy(repositoryName=entry["repositoryName"], lifecyclePolicyText=policy)
        if "policy" in entry:
            policy = json.dumps(entry["policy"])
            self.ecr.set_repository_policy(repositoryName=entry["repositoryName"], policyText=policy)
        for position, image in enumerate(entry.get("images", [])):
            # tests/src/account.rs generates omitted digests in the same way.
            tags = json.dumps(image.get("imageTags", position), separators=(",", ":"), ensure_ascii=False)
            seed = f"{entry['repositoryName']} {tags}"
            generated = "sha256:" + hashlib.sha256(seed.encode()).hexdigest()
            self.fill_image(entry["repositoryName"], {"imageDigest": generated} | image)

    def fill_image(self, repository, entry):
        image = {"repositoryName": repository, "imageId": {"imageDigest": entry["imageDigest"]}}
        kind = entry.get("imageManifestMediaType", "application/vnd.docker.distribution.manifest.v2+json")
        content = entry.get("artifactMediaType") or "application/vnd.docker.container.image.v1+json"
        manifest = entry.get("manifest", {
            "schemaVersion": 2, "mediaType": kind,
            "config": {"mediaType": content, "size": entry.get("imageSizeInBytes"), "digest": entry["imageDigest"]},
            "layers": [],
        })
        tags = entry.get("imageTags", [])
        for tag in tags or [None]:
            self.ecr.put_image(
                repositoryName=repository, imageManifest=json.dumps(manifest), imageManifestMediaType=kind,
                imageDigest=entry["imageDigest"], **{"imageTag": tag} if tag else {},
            )
        if entry.get("scan") is not None:
            self.ecr.start_image_scan(**image)
            # In moto, a result without a tag applies to all images without a tag.
            image["imageId"]["imageTag"] = tags[-1] if tags else ""
            self.scan_result({"registryId": ACCOUNT, **image}, **entry["scan"])

    def scan_result(self, image, imageScanStatus=None, imageScanFindings=None):
        """Sets the result of a scan with the API of moto. Otherwise, all images would have the same findings."""
        result = image | {"imageScanStatus": imageScanStatus or {"status": "COMPLETE"}}
        if imageScanFindings:
            found = imageScanFindings.get("enhancedFindings", []) + imageScanFindings.get("findings", [])
            counts = Counter(finding["severity"] for finding in found)
            result["imageScanFindings"] = imageScanFindings | {"findingSeverityCounts": counts}
        results = {"account_id": ACCOUNT, "region": REGION, "results": [result]}
        connection = http.client.HTTPConnection(self.endpoint.removeprefix("http://"))
        connection.request(
            "POST", "/moto-api/static/ecr/scan-finding-results", json.dumps(results, default=datetime.isoformat),
            {"Content-Type": "application/json"},
        )
        status = connection.getresponse().status
        connection.close()
        if status != 201:
            raise RuntimeError(f"moto responded with status {status} to the result of a scan")


# --- The verdicts -------------------------------------------------------------------------------------------------


def snapshots():
    """Returns the status of each check and resource in the snapshots of the demo's findings.

    Archived findings are omitted: they are older than the first sweep, and in moto there are no such findings.
    """
    expected = {}
    for path in (TESTS / "suite/snapshots").glob("suite__findings__*.snap"):
        check = path.stem.removeprefix("suite__findings__")
        # moto has no Kubernetes API.
        if check in NOT_IN_MOTO or check.startswith("k8s-"):
            continue
        _, _, content = path.read_text().split("---\n", 2)
        for line in json.loads(content)["statuses"]:
            status, *_, resource = line.split(" ")
            if status != "ARCHIVED":
                expected[check, resource] = status
    return expected


def expectation():
    """Returns the expected verdicts in moto, and the deviations that change no verdict."""
    of_demo = snapshots()
    expected, idle = dict(of_demo), []
    for check, pattern, status, reason in DEVIATIONS:
        places = [place for place in of_demo if place[0] == check and fnmatch.fnmatchcase(place[1], pattern)]
        if not places and "*" not in pattern:
            places = [(check, pattern)]
        changed = [place for place in places if of_demo.get(place, NONE) != status]
        expected |= dict.fromkeys(changed, status)
        if not changed:
            idle.append(f"{check} {pattern}: {reason}")
    return expected, idle


# --- The servers that the binary calls ----------------------------------------------------------------------------


def shown(body, most):
    return " ".join(body[:most].decode(errors="replace").split())


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def answer(self, status, body=b"", headers=()):
        if not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), [("Content-Type", "application/json"), *headers]
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, handler):
        super().__init__(("127.0.0.1", 0), handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"127.0.0.1:{self.server_address[1]}"


class Aws(Server):
    """Responds to calls of Security Hub, and passes all other calls to moto."""

    def __init__(self, moto):
        self.moto, self.findings, self.errors, self.calls = moto, {}, [], 0
        self.lock = threading.Lock()
        super().__init__(AwsHandler)


class AwsHandler(Handler):
    # Headers that are not passed on: they apply to one connection, and the response is encoded again.
    HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}

    def any(self):
        body = self.body()
        scope = re.search(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/", self.headers.get("Authorization", ""))
        service = scope[1] if scope else "unsigned"
        with self.server.lock:
            self.server.calls += 1
        if service == "securityhub" and self.security_hub(body):
            return
        connection = http.client.HTTPConnection(self.server.moto, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in self.HOP}
            connection.request(self.command, self.path, body, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            asked = self.headers.get("X-Amz-Target") or f"{self.command} {self.path} {shown(body, 80)}"
            with self.server.lock:
                self.server.errors.append(f"{service} {asked}: {response.status} {shown(content, 160)}")
        self.answer(response.status, content, [
            (name, value) for name, value in response.getheaders() if name.lower() not in self.HOP
        ])

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = any

    def security_hub(self, body):
        """Responds and returns True if the call is one of the two for findings."""
        path = self.path.split("?")[0].rstrip("/")
        if (self.command, path) == ("POST", "/findings"):
            self.answer(200, {"Findings": []})
        elif (self.command, path) == ("POST", "/findings/import"):
            findings = json.loads(body)["Findings"]
            with self.server.lock:
                for finding in findings:
                    self.server.findings[finding["Id"]] = finding
            self.answer(200, {"FailedCount": 0, "SuccessCount": len(findings), "FailedFindings": []})
        else:
            return False
        return True


class Lambda(Server):
    """The Lambda Runtime API with a single invocation."""

    def __init__(self, payload, seconds):
        self.payload, self.seconds = payload, seconds
        self.handed_out, self.outcome = threading.Event(), queue.Queue()
        super().__init__(LambdaHandler)


class LambdaHandler(Handler):
    ROOT, REQUEST = "/2018-06-01/runtime", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"

    def do_GET(self):
        if self.path != f"{self.ROOT}/invocation/next":
            return self.answer(404)
        if self.server.handed_out.is_set():
            threading.Event().wait()  # there are no more invocations: the function waits until it is stopped
        self.server.handed_out.set()
        self.answer(200, self.server.payload, [
            ("Lambda-Runtime-Aws-Request-Id", self.REQUEST),
            ("Lambda-Runtime-Deadline-Ms", str(int((time.time() + self.server.seconds) * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:eksentry-sweep"),
            ("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0"),
        ])

    def do_POST(self):
        body = self.body()
        self.answer(202, {"status": "OK"})
        if self.path == f"{self.ROOT}/invocation/{self.REQUEST}/response":
            self.server.outcome.put(("ok", body))
        elif self.path in (f"{self.ROOT}/invocation/{self.REQUEST}/error", f"{self.ROOT}/init/error"):
            self.server.outcome.put(("error", body))


def run_sweep(binary, aws, seconds):
    """Runs a sweep. Returns the outcome (ok, error, crashed or silent), the response and the log."""
    runtime = Lambda({}, seconds)
    environment = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ} | CREDENTIALS | {
        "AWS_LAMBDA_RUNTIME_API": runtime.address,
        "AWS_LAMBDA_FUNCTION_NAME": "eksentry-sweep",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/eksentry-sweep",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/01/01/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": f"http://{aws.address}",
        "EKSENTRY_DISABLED_CHECKS": ",".join(NOT_IN_MOTO),
        "EKSENTRY_ENABLED_CHECKS": "eks-nodes-nitro-encryption",
    }
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [binary.resolve()], env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
        )
        outcome, answer, end = "silent", b"", time.monotonic() + seconds
        try:
            while time.monotonic() < end and outcome == "silent":
                try:
                    outcome, answer = runtime.outcome.get(timeout=0.2)
                except queue.Empty:
                    if process.poll() is not None:
                        outcome = "crashed" if runtime.outcome.empty() else "silent"
        finally:
            process.kill()
            process.wait()
        log.seek(0)
        return outcome, answer.decode(errors="replace"), log.read().decode(errors="replace")


def run_scan(binary, aws, seconds):
    """Runs a scan by the command. Returns its exit code, its errors, and its verdicts by check and resource."""
    settings = {"disabledChecks": list(NOT_IN_MOTO), "enabledChecks": ["eks-nodes-nitro-encryption"]}
    environment = {"PATH": os.environ["PATH"], "AWS_REGION": REGION, "AWS_ENDPOINT_URL": f"http://{aws.address}"}
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "settings.json").write_text(json.dumps(settings))
        scan = subprocess.run(
            [binary.resolve(), "scan", "--quiet", "--settings", "settings.json", "--output", "report.json"],
            env=environment | CREDENTIALS | {"HOME": folder}, cwd=folder, timeout=seconds, check=False,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        report = Path(folder, "report.json")
        findings = json.loads(report.read_text())["findings"] if report.exists() else []
    return scan.returncode, scan.stderr, {finding["id"]: finding["status"] for finding in findings}


# --- The comparison -----------------------------------------------------------------------------------------------


def compare(account, expected, findings):
    """Yields the check, the resource, the expected and the actual status of all expected and all sent findings."""
    posted = {}
    for finding in findings.values():
        _, check, arn = finding["Id"].split("/", 2)
        posted[check, account.resource(arn)] = (
            finding.get("Compliance", {}).get("Status", "no status") if finding.get("RecordState", "ACTIVE") == "ACTIVE"
            else finding["RecordState"]
        )
    for place in sorted(expected.keys() | posted.keys()):
        yield *place, expected.get(place, NONE), posted.get(place, NONE)


def table(rows):
    """Prints the number of expected verdicts by check and status, and the number of different ones."""
    statuses = (PASSED, FAILED, "WARNING", "NOT_AVAILABLE", NONE)
    print(f"{'check':34}" + "".join(f"{status:>15}" for status in (*statuses, "different")))
    for check in sorted({check for check, *_ in rows}):
        of_check = [(wanted, wanted != seen) for other, _, wanted, seen in rows if other == check]
        counts = (sum(wanted == status for wanted, _ in of_check) for status in statuses)
        print(f"{check:34}" + "".join(f"{count:15}" for count in (*counts, sum(diff for _, diff in of_check))))


def same_verdicts(code, errors, scanned, findings):
    """Returns `True` if a scan has the verdicts of the sweep, and prints those that differ."""
    swept = {finding["Id"]: finding.get("Compliance", {}).get("Status") for finding in findings.values()
             if finding.get("RecordState", "ACTIVE") == "ACTIVE"}
    different = [key for key in sorted(swept.keys() | scanned.keys()) if swept.get(key) != scanned.get(key)]
    for key in different[:MOST_SHOWN]:
        print(f"DIFF {key}: {swept.get(key, NONE)} in the sweep, {scanned.get(key, NONE)} in the scan")
    if different:
        print(errors)
    print(f"scan: exit code {code}, {len(scanned)} verdicts, {len(different)} different from those of the sweep")
    return code == 1 and not different


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path, help="the sweep function's binary")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for the sweep (default: 120)")
    parser.add_argument("--verbose", action="store_true", help="print all verdicts, not only different ones")
    parser.add_argument("--command", type=Path, help="the command's binary, which then scans the account, too")
    options = parser.parse_args()
    if not options.binary.is_file():
        parser.error(f"{options.binary} does not exist. Run `sam build` first.")

    expected, idle = expectation()
    # moto uses the account ID of the demo, and has the AWS managed policies.
    os.environ |= {"MOTO_ACCOUNT_ID": ACCOUNT, "MOTO_IAM_LOAD_MANAGED_POLICIES": "true"}
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    account = Account(f"http://{host}:{port}")
    account.fill()
    aws = Aws(f"{host}:{port}")

    started = time.monotonic()
    outcome, answer, log = run_sweep(options.binary, aws, options.timeout)
    seconds = time.monotonic() - started

    rows = list(compare(account, expected, aws.findings))
    different = sum(wanted != seen for *_, wanted, seen in rows)
    table(rows)
    shown_rows = rows if options.verbose else [row for row in rows if row[2] != row[3]][:MOST_SHOWN]
    for check, resource, wanted, seen in shown_rows:
        mark = "same" if wanted == seen else "DIFF"
        print(f"{mark} {check:32} {resource:48} expected {wanted}, actual {seen}")
    print(f"sweep: {outcome} after {seconds:.1f} s and {aws.calls} calls: {answer[:600]}")

    if different or outcome != "ok":
        # Some errors are expected (an image without a scan, a deleted role); others can explain the difference.
        for error in aws.errors[:20]:
            print(f"moto rejected {error}")
        print("".join(f"log {line}\n" for line in log.splitlines()[-40:]), end="")
    scanned = not options.command or same_verdicts(*run_scan(options.command, aws, options.timeout), aws.findings)
    for row in idle:
        print(f"A row of DEVIATIONS changes no verdict: {row}")
    print(f"{len(rows) - different} verdicts as expected, {different} different")
    sys.stdout.flush()
    # Exits without waiting for the server thread of moto.
    os._exit(1 if different or idle or not scanned or outcome != "ok" or not rows else 0)


if __name__ == "__main__":
    main()
