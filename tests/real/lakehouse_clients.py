"""Microsoft's storage clients and real Spark against livy-local's lakehouse.

    python lakehouse_clients.py PATH/TO/livy-local

Starts a livy-local of its own in an empty home folder. Prints 'N passed, N failed'.
"""
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.request

from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.identity import CertificateCredential
from azure.storage.blob import BlobServiceClient, ContentSettings
from azure.storage.filedatalake import DataLakeServiceClient

FABRIC = "https://analysis.windows.net/powerbi/api/.default"
STORAGE = "https://storage.azure.com/.default"
MIB = 1024 * 1024


class Fixed:
    """A credential that always gives the same token."""

    def __init__(self, token):
        self.token = token

    def get_token(self, *scopes, **options):
        return self.token


class Service:
    """livy-local as a process, and what its state file tells."""

    def __init__(self, program, home):
        self.process = subprocess.Popen([program, "--home", home])
        path = os.path.join(home, "state.json")
        deadline = time.monotonic() + 60
        while not os.path.exists(path):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("livy-local did not start")
            time.sleep(0.05)
        with open(path, encoding="utf-8") as text:
            self.state = json.load(text)
        demo = self.state["demo"]
        with open(demo["key"], "rb") as key, open(demo["certificate"], "rb") as certificate:
            pem = key.read() + certificate.read()
        self.ca = self.state["ca_file"]
        self.credential = CertificateCredential(
            demo["tenant"],
            demo["client"],
            certificate_data=pem,
            authority=self.state["authority"],
            disable_instance_discovery=True,
            connection_verify=self.ca,
        )
        self.batches = self.state["livy_endpoint"].rstrip("/")
        parts = self.batches.split("/")
        self.workspace = parts[parts.index("workspaces") + 1]
        self.lakehouse = parts[parts.index("lakehouses") + 1]

    def blob(self, **options):
        return BlobServiceClient(
            self.state["onelake_blob"],
            credential=options.pop("credential", self.credential),
            connection_verify=self.ca,
            **options,
        )

    def dfs(self):
        return DataLakeServiceClient(
            self.state["onelake_dfs"], credential=self.credential, connection_verify=self.ca
        ).get_file_system_client(self.workspace)

    def container(self, **options):
        return self.blob(**options).get_container_client(self.workspace)

    def path(self, inside):
        return f"{self.lakehouse}/{inside}"

    def abfss(self, inside):
        return f"abfss://{self.workspace}@{self.state['abfss_host']}/{self.path(inside)}"

    def ask(self, method, url, body=None):
        request = urllib.request.Request(url, method=method)
        request.add_header("Authorization", "Bearer " + self.credential.get_token(FABRIC).token)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        context = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(request, context=context, timeout=60) as reply:
            return reply.status, reply.read()

    def run_batch(self, name, source, conf, timeout_s=240):
        """Uploads source, runs it, and returns the batch's last reply."""
        inside = f"Files/jobs/{name}"
        self.container().upload_blob(self.path(inside), source.encode(), overwrite=True)
        status, text = self.ask(
            "POST", self.batches, {"name": name, "file": self.abfss(inside), "conf": conf}
        )
        assert status == 202, (status, text)
        batch = json.loads(text)
        deadline = time.monotonic() + timeout_s
        while batch["state"] not in ("success", "dead", "killed"):
            assert time.monotonic() < deadline, batch
            time.sleep(0.5)
            batch = json.loads(self.ask("GET", f"{self.batches}/{batch['id']}")[1])
        return batch

    def stdout_of(self, batch):
        lakehouse = self.batches.split("/livy")[0]
        url = f"{lakehouse}/livySessions/{batch['id']}/applications/{batch['appId']}/logs"
        return self.ask("GET", url + "?type=driver&fileName=stdout")[1].decode()


def refused(kind, code, call):
    try:
        call()
    except kind as error:
        assert error.error_code == code, (error.error_code, error)
        return
    raise AssertionError(f"was not refused with {code}")


def blob_upload_is_verified_and_read_back(service):
    data = os.urandom(3 * MIB)
    digest = bytearray(hashlib.md5(data).digest())
    container, name = service.container(), service.path("Files/blob/a b.bin")
    container.upload_blob(name, data, content_settings=ContentSettings(content_md5=digest))
    client = container.get_blob_client(name)
    properties = client.get_blob_properties()
    assert properties.size == len(data)
    assert properties.content_settings.content_md5 == digest
    assert client.download_blob().readall() == data
    assert client.download_blob(offset=10, length=5).readall() == data[10:15]


def blob_conditions_hold(service):
    container, name = service.container(), service.path("Files/blob/once")
    first = container.upload_blob(name, b"one")
    refused(ResourceExistsError, "BlobAlreadyExists", lambda: container.upload_blob(name, b"two"))
    etag = first.get_blob_properties().etag
    container.upload_blob(name, b"two", overwrite=True)
    refused(
        ResourceModifiedError,
        "ConditionNotMet",
        lambda: first.download_blob(etag=etag, match_condition=MatchConditions.IfNotModified),
    )
    assert first.download_blob().readall() == b"two"


def large_blobs_travel_in_blocks(service):
    data = os.urandom(20 * MIB + 17)
    container = service.container(max_single_put_size=MIB, max_block_size=4 * MIB)
    client = container.get_blob_client(service.path("Files/blob/large"))
    client.upload_blob(data, max_concurrency=3, validate_content=True)
    assert client.download_blob(max_concurrency=2).readall() == data


def empty_blobs_exist(service):
    client = service.container().get_blob_client(service.path("Files/blob/empty"))
    client.upload_blob(b"")
    assert client.download_blob().readall() == b""


def blobs_are_listed_flat_folded_and_in_pages(service):
    container = service.container()
    for name in ("x", "y", "sub/z"):
        container.upload_blob(service.path(f"Files/list/{name}"), b"1", overwrite=True)
    prefix = service.path("Files/list/")
    flat = [blob.name for blob in container.list_blobs(name_starts_with=prefix)]
    assert flat == [prefix + name for name in ("sub", "sub/z", "x", "y")], flat
    folded = [blob.name for blob in container.walk_blobs(name_starts_with=prefix, delimiter="/")]
    assert sorted(folded) == [prefix + name for name in ("sub/", "x", "y")], folded
    pages = list(container.list_blobs(name_starts_with=prefix, results_per_page=3).by_page())
    assert len(pages) == 2


def deleted_blobs_are_gone(service):
    container, name = service.container(), service.path("Files/blob/gone")
    container.upload_blob(name, b"1")
    container.delete_blob(name)
    refused(ResourceNotFoundError, "BlobNotFound", lambda: container.delete_blob(name))


def dfs_files_are_created_appended_and_flushed(service):
    file = service.dfs().get_file_client(service.path("Files/dfs/a.txt"))
    file.create_file()
    file.append_data(b"abc", 0, 3)
    file.append_data(b"def", 3, 3, validate_content=True)
    assert file.get_file_properties().size == 0
    file.flush_data(6)
    assert file.download_file().readall() == b"abcdef"
    file.upload_data(b"hello " * 1000, overwrite=True)
    assert file.get_file_properties().size == 6000


def dfs_folders_are_made_listed_renamed_and_deleted(service):
    system, base = service.dfs(), service.path("Files/tree")
    system.create_directory(base + "/one")
    system.get_file_client(base + "/one/f").upload_data(b"1", overwrite=True)
    system.get_directory_client(base + "/one").rename_directory(
        f"{service.workspace}/{base}/two"
    )
    paths = [(path.name, path.is_directory) for path in system.get_paths(base)]
    assert paths == [(base + "/two", True), (base + "/two/f", False)], paths
    refused(
        HttpResponseError,
        "PathAlreadyExists",
        lambda: system.get_file_client(base + "/two/f").create_file(match_condition=MatchConditions.IfMissing),
    )
    system.delete_directory(base)
    assert not system.get_directory_client(base).exists()


def managed_folders_stay(service):
    code = "OperationNotAllowedOnManagedFolder"
    refused(
        HttpResponseError, code, lambda: service.dfs().delete_directory(service.path("Files"))
    )
    refused(
        HttpResponseError, code, lambda: service.container().upload_blob(service.path("x"), b"1")
    )


def a_fabric_token_does_not_open_the_lakehouse(service):
    container = service.container(credential=Fixed(service.credential.get_token(FABRIC)))
    refused(
        ClientAuthenticationError,
        "InvalidAuthenticationInfo",
        lambda: list(container.list_blobs(name_starts_with=service.path("Files/"))),
    )


def absolute_paths_inside_a_payload_reach_the_lakehouse(service):
    source = f"""
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
numbers = spark.range(1000)
numbers.write.mode("overwrite").csv("{service.abfss('Files/numbers.csv')}")
numbers.write.mode("overwrite").format("delta").save("{service.abfss('Tables/numbers')}")
print(spark.read.csv("{service.abfss('Files/numbers.csv')}").count())
print(spark.read.format("delta").load("Tables/numbers").count())
"""
    batch = service.run_batch("abfss.py", source, {})
    assert batch["state"] == "success", batch
    assert service.stdout_of(batch).split() == ["1000", "1000"]


def a_batch_leaves_nothing_but_its_output(service):
    source = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.getOrCreate()
spark.sql("SELECT * FROM green_tripdata_2022 WHERE total_amount > 0").limit(10) \\
    .write.saveAsTable("ten_trips")
"""
    batch = service.run_batch("tidy.py", source, {})
    assert batch["state"] == "success", batch
    names = [path.name.split("/", 1)[1] for path in service.dfs().get_paths(service.lakehouse)]
    first = {name for name in names if "/" not in name}
    assert first == {"Files", "Tables"}, first
    assert not [name for name in names if name.endswith(".crc")], names
    assert "Tables/ten_trips/_delta_log" in names


def a_failing_payload_names_its_error(service):
    batch = service.run_batch("bad.py", "raise KeyError('no such trip')\n", {})
    assert batch["state"] == "dead" and batch["result"] == "Failed", batch
    assert batch["errorInfo"][0]["errorCode"] == "KeyError", batch
    assert "no such trip" in batch["errorInfo"][0]["message"], batch


TESTS = [
    blob_upload_is_verified_and_read_back,
    blob_conditions_hold,
    large_blobs_travel_in_blocks,
    empty_blobs_exist,
    blobs_are_listed_flat_folded_and_in_pages,
    deleted_blobs_are_gone,
    dfs_files_are_created_appended_and_flushed,
    dfs_folders_are_made_listed_renamed_and_deleted,
    managed_folders_stay,
    a_fabric_token_does_not_open_the_lakehouse,
    absolute_paths_inside_a_payload_reach_the_lakehouse,
    a_batch_leaves_nothing_but_its_output,
    a_failing_payload_names_its_error,
]


def run_all(service):
    failed = 0
    for test in TESTS:
        try:
            test(service)
            print(f"ok    {test.__name__}", flush=True)
        except Exception as problem:
            failed += 1
            print(f"FAIL  {test.__name__}", flush=True)
            if isinstance(problem, urllib.error.HTTPError):
                print(problem.read().decode(errors="replace"))
            traceback.print_exc()
    return failed


def main():
    with tempfile.TemporaryDirectory() as home:
        service = Service(os.path.abspath(sys.argv[1]), home)
        try:
            failed = run_all(service)
        finally:
            service.process.terminate()
            service.process.wait(30)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
