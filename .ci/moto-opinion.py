#!/usr/bin/env python3
"""Runs the sweep once against moto and compares its verdicts with what the account that was made there must yield.

moto is an AWS emulator that nobody here wrote: what it answers is a second opinion on how AWS's EKS, ECR, IAM, KMS and
Config behave, beside our own stand-in. It accepts any finding and ignores GetFindings' filters, so Security Hub is answered
here, by a proxy in front of it. Everything is on loopback.

    .ci/moto-opinion.py target/lambda/sweep/bootstrap
"""

import argparse
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from moto.server import ThreadedMotoServer

ACCOUNT, REGION = "123456789012", "us-east-1"  # moto's account
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}
ALL_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
PASSED, FAILED = "PASSED", "FAILED"
MOST_SHOWN = 40


# --- The account --------------------------------------------------------------------------------------------------


class Account:
    """Makes resources in moto and says of each which verdicts it must get. A check without a verdict must post none."""

    def __init__(self, endpoint):
        session = boto3.session.Session(
            CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name=REGION
        )
        self.config, self.eks, self.ecr, self.iam, self.kms = (
            session.client(name, endpoint_url=endpoint) for name in ("config", "eks", "ecr", "iam", "kms")
        )
        self.expected = {}  # (check, ARN, or what an account has instead) to status

    def expect(self, arn, **verdicts):
        for check, status in verdicts.items():
            self.expected[check.replace("_", "-"), arn] = status

    def role(self, name, principal="eks.amazonaws.com", allows_everything=False):
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "sts:AssumeRole"},
        ]}
        arn = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        action = "*" if allows_everything else "ec2:DescribeInstances"
        policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}
        self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=json.dumps(policy))
        return arn

    def key(self, rotates=None, judged=True, **settings):
        """A key's id; `rotates` None leaves rotation as KMS made it, off."""
        key = self.kms.create_key(**settings)["KeyMetadata"]
        if rotates:
            self.kms.enable_key_rotation(KeyId=key["KeyId"])
        if judged:
            self.expect(key["Arn"], kms_cmk_rotation=PASSED if rotates else FAILED)
        return key["KeyId"], key["Arn"]

    def cluster(self, name, *, endpoint, logs, role=None, key=None, version="1.31", **verdicts):
        settings = {"subnetIds": ["subnet-0a1b2c3d", "subnet-1a2b3c4d"], **endpoint}
        encryption = [{"resources": ["secrets"], "provider": {"keyArn": key}}] if key else []
        cluster = self.eks.create_cluster(
            name=name, version=version, roleArn=role or self.role(f"{name}-cluster"), resourcesVpcConfig=settings,
            logging={"clusterLogging": logs}, encryptionConfig=encryption,
        )["cluster"]
        self.expect(cluster["arn"], **verdicts)

    def repository(self, name, **settings):
        verdicts = {check: settings.pop(check) for check in ("ecr_immutable_tags", "ecr_scan_on_push")}
        arn = self.ecr.create_repository(repositoryName=name, **settings)["repository"]["repositoryArn"]
        self.expect(arn, **verdicts)
        return arn

    def image(self, repository, arn, tag, status):
        manifest = {
            "schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json", "size": 7023,
                "digest": "sha256:" + hashlib.sha256(tag.encode()).hexdigest(),
            },
            "layers": [],
        }
        manifest = json.dumps(manifest)
        digest = "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()  # moto's own would be the same for both
        self.ecr.put_image(repositoryName=repository, imageManifest=manifest, imageDigest=digest, imageTag=tag)
        self.expect(f"{arn}/{digest}", ecr_image_scan_findings=status)
        return {"imageDigest": digest}

    def fill(self):
        self.fill_recorder()
        self.fill_keys()
        self.fill_clusters()
        self.fill_repositories()

    def fill_recorder(self):
        recorder = {
            "name": "default", "roleARN": self.role("recorder", principal="config.amazonaws.com"),
            "recordingGroup": {"allSupported": True, "includeGlobalResourceTypes": False},
        }
        self.config.put_configuration_recorder(ConfigurationRecorder=recorder)
        self.config.put_delivery_channel(DeliveryChannel={"name": "default", "s3BucketName": "records"})
        self.config.start_configuration_recorder(ConfigurationRecorderName="default")
        self.expect(f"AWS::::Account:{ACCOUNT}/{REGION}", config_records_resources=PASSED)

    def fill_keys(self):
        self.key(rotates=True, Description="rotates")
        self.key(Description="does not rotate")
        for settings in (
            {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
            {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
            {"Origin": "EXTERNAL"},
        ):
            self.key(judged=False, **settings)

    def fill_clusters(self):
        private = {"endpointPublicAccess": False, "endpointPrivateAccess": True}
        world = {"endpointPublicAccess": True, "endpointPrivateAccess": False, "publicAccessCidrs": ["0.0.0.0/0"]}
        some = {"endpointPublicAccess": True, "endpointPrivateAccess": True, "publicAccessCidrs": ["203.0.113.0/24"]}
        all_logs = [{"types": ALL_LOGS, "enabled": True}]
        _, key = self.key(rotates=True, Description="secrets of the clusters")
        disabled_id, disabled = self.key(judged=False, Description="disabled")
        self.kms.disable_key(KeyId=disabled_id)
        dying_id, dying = self.key(judged=False, Description="about to be deleted")
        self.kms.schedule_key_deletion(KeyId=dying_id)

        good = {
            "eks_endpoint_private": PASSED, "eks_dedicated_cluster_role": PASSED, "eks_control_plane_logging": PASSED,
            "eks_secrets_envelope_encryption": PASSED, "eks_secrets_customer_managed_key": PASSED,
            # moto keeps neither setting, and what a cluster does not say is off.
            "eks_authentication_mode": FAILED, "eks_deletion_protection": FAILED,
        }
        as_good = {"endpoint": private, "logs": all_logs, "key": key} | good
        self.cluster("good", **as_good)
        self.cluster("open", **as_good | {"endpoint": world, "eks_endpoint_private": FAILED})
        self.cluster("restricted", **as_good | {"endpoint": some, "eks_endpoint_private": FAILED})
        # AWS's default is a public endpoint.
        self.cluster("endpoint-not-said", **as_good | {"endpoint": {}, "eks_endpoint_private": FAILED})
        self.cluster("no-logs", **as_good | {
            "logs": [{"types": ALL_LOGS, "enabled": False}], "eks_control_plane_logging": FAILED,
        })
        self.cluster("some-logs", **as_good | {
            "logs": [{"types": ["api", "audit"], "enabled": True}, {"types": ALL_LOGS[2:], "enabled": False}],
            "eks_control_plane_logging": FAILED,
        })
        self.cluster("logs-in-two-groups", **as_good | {
            "logs": [{"types": ALL_LOGS[:2], "enabled": True}, {"types": ALL_LOGS[2:], "enabled": True}],
        })
        self.cluster("aws-key", **as_good | {"key": None, "eks_secrets_customer_managed_key": FAILED})
        self.cluster("old-without-key", **as_good | {
            "key": None, "version": "1.25",
            "eks_secrets_envelope_encryption": FAILED, "eks_secrets_customer_managed_key": FAILED,
        })
        self.cluster("old-with-key", **as_good | {"version": "1.25"})
        for name, broken in (("key-disabled", disabled), ("key-dying", dying)):
            self.cluster(name, **as_good | {"key": broken, "eks_secrets_envelope_encryption": FAILED})

        bad_role = {"eks_dedicated_cluster_role": FAILED}
        shared = self.role("shared-by-two")
        self.cluster("shares-1", **as_good | {"role": shared} | bad_role)
        self.cluster("shares-2", **as_good | {"role": shared} | bad_role)
        self.cluster("admin", **as_good | {"role": self.role("admin", allows_everything=True)} | bad_role)
        self.cluster("trusts-ec2", **as_good | {"role": self.role("ec2", principal="ec2.amazonaws.com")} | bad_role)
        self.cluster("role-gone", **as_good | {"role": f"arn:aws:iam::{ACCOUNT}:role/gone"} | bad_role)
        node_role = self.role("node-and-cluster")
        self.cluster("shares-with-nodes", **as_good | {"role": node_role} | bad_role)
        self.eks.create_nodegroup(
            clusterName="shares-with-nodes", nodegroupName="nodes", nodeRole=node_role, subnets=["subnet-0a1b2c3d"],
        )

    def fill_repositories(self):
        on, off = {"scanOnPush": True}, {"scanOnPush": False}
        good = self.repository(
            "good", imageTagMutability="IMMUTABLE", imageScanningConfiguration=on,
            ecr_immutable_tags=PASSED, ecr_scan_on_push=PASSED,
        )
        self.repository(
            "mutable", imageTagMutability="MUTABLE", imageScanningConfiguration=on,
            ecr_immutable_tags=FAILED, ecr_scan_on_push=PASSED,
        )
        self.repository("not-said", ecr_immutable_tags=FAILED, ecr_scan_on_push=FAILED)
        self.repository(
            "immutable-but-dev", imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageScanningConfiguration=off,
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "dev-*"}],
            ecr_immutable_tags=FAILED, ecr_scan_on_push=FAILED,
        )
        self.repository(
            "mutable-but-release", imageTagMutability="MUTABLE_WITH_EXCLUSION", imageScanningConfiguration=off,
            imageTagMutabilityExclusionFilters=[{"filterType": "WILDCARD", "filter": "release-*"}],
            ecr_immutable_tags=FAILED, ecr_scan_on_push=FAILED,
        )
        # Its own setting is off, but the registry scans whatever matches.
        self.repository(
            "team/scanned-by-rule", imageTagMutability="IMMUTABLE", imageScanningConfiguration=off,
            ecr_immutable_tags=PASSED, ecr_scan_on_push=PASSED,
        )
        self.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[
            {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "team/*", "filterType": "WILDCARD"}]},
        ])
        # It was pushed a moment ago: that it has no scan yet says nothing.
        self.image("good", good, "never-scanned", "none")
        # What moto finds in any image that was scanned is of severity HIGH.
        scanned = self.image("good", good, "scanned", FAILED)
        self.ecr.start_image_scan(repositoryName="good", imageId=scanned)


# --- What the binary talks to -------------------------------------------------------------------------------------


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
    """Answers Security Hub itself and passes everything else to moto."""

    def __init__(self, moto):
        self.moto, self.findings, self.errors, self.calls = moto, {}, [], 0
        self.lock = threading.Lock()
        super().__init__(AwsHandler)


class AwsHandler(Handler):
    # Not the binary's to see: they belong to one connection, and the answer is framed anew.
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
        """Answers and returns True where the call is one of the two that are about findings."""
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
    """The Lambda Runtime API with a single invocation to hand out."""

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
            threading.Event().wait()  # no more work: frozen until it is stopped
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
    """How it ended (ok, error, crashed or silent), its answer, its log."""
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


# --- The comparison -----------------------------------------------------------------------------------------------


def compare(expected, findings):
    """Rows of check, resource, what must be, what was posted, for everything that is on either side."""
    posted = {}
    for finding in findings.values():
        _, check, arn = finding["Id"].split("/", 2)
        posted[check, arn] = (
            finding.get("Compliance", {}).get("Status", "no status") if finding.get("RecordState", "ACTIVE") == "ACTIVE"
            else finding["RecordState"]
        )
    for place in sorted(expected.keys() | posted.keys()):
        yield *place, expected.get(place, "none"), posted.get(place, "none")


def table(rows):
    """How many verdicts of each check must be what, and how many are otherwise."""
    print(f"{'check':34}{'PASSED':>8}{'FAILED':>8}{'none':>8}{'different':>12}")
    for check in sorted({check for check, *_ in rows}):
        of_check = [(wanted, wanted != seen) for other, _, wanted, seen in rows if other == check]
        counts = (sum(wanted == status for wanted, _ in of_check) for status in (PASSED, FAILED, "none"))
        print(f"{check:34}" + "".join(f"{count:8}" for count in counts) + f"{sum(diff for _, diff in of_check):12}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", type=Path, help="the sweep function's binary")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS", help="for the sweep (default: 120)")
    parser.add_argument("--verbose", action="store_true", help="print every verdict, not only the different ones")
    options = parser.parse_args()
    if not options.binary.is_file():
        parser.error(f"{options.binary} is not there: run `sam build` first")

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

    rows = list(compare(account.expected, aws.findings))
    different = sum(wanted != seen for *_, wanted, seen in rows)
    table(rows)
    shown_rows = rows if options.verbose else [row for row in rows if row[2] != row[3]][:MOST_SHOWN]
    for check, arn, wanted, seen in shown_rows:
        mark = "same" if wanted == seen else "DIFF"
        print(f"{mark} {check:32} {arn.split(':', 5)[-1]:48} must be {wanted}, is {seen}")
    print(f"sweep: {outcome} after {seconds:.1f} s and {aws.calls} calls: {answer[:600]}")

    if different or outcome != "ok":
        # An expected refusal is among them (an image without a scan, a role that is gone); others may explain.
        for error in aws.errors[:20]:
            print(f"moto refused {error}")
        print("".join(f"log {line}\n" for line in log.splitlines()[-40:]), end="")
    print(f"{len(rows) - different} verdicts as moto's account must yield, {different} different")
    sys.stdout.flush()
    # moto's server thread is no reason to wait.
    os._exit(1 if different or outcome != "ok" or not rows else 0)


if __name__ == "__main__":
    main()
