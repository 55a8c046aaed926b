"""Other people's Livy clients drive livy-local's Apache face: Airflow's LivyHook, pylivy and
sparkmagic's HTTP client. Each does the same with a real Apache Livy, so what they are asked for is
what they do. Both servers are asked the same by nobody's client too, and must answer alike. And the
tutorial's own Python runs against livy-local's Fabric.

LIVY_LOCAL_BIN names the local service.
"""

import contextlib
import io
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

# Read by the libraries when they are imported.
_home = tempfile.TemporaryDirectory(prefix="lk-peers-")
os.environ.update(AIRFLOW_HOME=_home.name, AIRFLOW__CORE__LOAD_EXAMPLES="False", SPARKMAGIC_CONF_DIR=_home.name,
                  NO_PROXY="127.0.0.1", no_proxy="127.0.0.1")

from apache_livy import ApacheLivy
from livy_local import LivyLocal

ENDED_S = 240  # livy-local makes its demo table before the first batch
HELLO = "import sys\nprint('hello from', sys.argv[1:])\n"
SLEEPS = "import time\nprint('asleep', flush=True)\ntime.sleep(120)\n"
FAILS = "raise SystemExit('not today')\n"
TUTORIAL_PAYLOAD = """
import sys
import os
from pyspark.sql import SparkSession
from pyspark.conf import SparkConf
from pyspark.sql.functions import col

if __name__ == "__main__":
    spark_session = SparkSession.builder.appName("batch_demo").getOrCreate()
    spark_context = spark_session.sparkContext
    spark_context.setLogLevel("DEBUG")
    tableName = spark_context.getConf().get("spark.targetTable")
    if tableName is not None:
        print("tableName: " + str(tableName))
    else:
        print("tableName is None")
    df = spark_session.sql("SELECT * FROM green_tripdata_2022 where total_amount > 0")
    df_transformed = df.withColumn("transaction_year", col("lpep_pickup_datetime").substr(1, 4))
    df_transformed.write.mode("overwrite").format("delta").save(f"Tables/{tableName}CleanedTransactions")
"""
MARK = {"X-Requested-By": "tests"}


def until(question, timeout_s=ENDED_S):
    """Asks until the answer is true; that answer."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        answer = question()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError("it never came")


# ---- the clients, each with the same three verbs and its own words for them


class Airflow:
    """LivyHook of apache-airflow-providers-apache-livy, as its operator uses it."""

    def __init__(self, service):
        from airflow.providers.apache.livy.hooks.livy import BatchState, LivyHook
        address, _, prefix = service.url.partition("://")[2].partition("/")
        host, _, port = address.partition(":")
        os.environ["AIRFLOW_CONN_LIVY_DEFAULT"] = json.dumps({
            "conn_type": "livy", "host": host, "port": int(port),
            "schema": service.url.partition("://")[0], "extra": {"verify": service.ca}})
        self.hook = LivyHook(extra_headers=MARK, endpoint_prefix=prefix)
        self.running = BatchState.RUNNING
        self.refusal = Exception

    def submit(self, file, **more):
        return self.hook.post_batch(file=file, **more)

    def state(self, number):
        return self.hook.get_batch_state(number).value

    def wait(self, number):
        return until(lambda: (state := self.hook.get_batch_state(number)) in self.hook.TERMINAL_STATES
                     and state.value)

    def log(self, number):
        with self._captured() as text:
            self.hook.dump_batch_logs(number)
        return text.getvalue()

    @contextlib.contextmanager
    def _captured(self):
        text = io.StringIO()
        self.hook._log = logging.getLogger("tests.livy_hook")
        self.hook._log.setLevel(logging.INFO)
        handler = logging.StreamHandler(text)
        self.hook._log.addHandler(handler)
        try:
            yield text
        finally:
            self.hook._log.removeHandler(handler)

    def delete(self, number):
        return self.hook.delete_batch(number)


class Pylivy:
    """LivyBatch and LivyClient of the package livy."""

    def __init__(self, service):
        import requests
        from livy import LivyBatch
        from livy.client import LivyClient
        session = requests.Session()
        session.headers.update(MARK)
        self.how = {"verify": service.ca or True, "requests_session": session}
        self.url, self.batch = service.url, LivyBatch
        self.client = LivyClient(service.url, **self.how)
        self.refusal = requests.HTTPError

    def submit(self, file, conf=None, **more):
        return self.batch.create(self.url, file, spark_conf=conf, **self.how, **more).batch_id

    def state(self, number):
        return self.client.get_batch(number).state.value

    def wait(self, number):
        return self.batch(self.url, number, **self.how).wait().value

    def log(self, number):
        return "\n".join(self.batch(self.url, number, **self.how).log(0, 1000))

    def delete(self, number):
        self.batch(self.url, number, **self.how).kill()


class Sparkmagic:
    """The HTTP client below sparkmagic's sessions. It knows no batches, so paths are named here;
    headers, bodies, accepted codes and retries are its own."""

    def __init__(self, service):
        from sparkmagic.livyclientlib.endpoint import Endpoint
        from sparkmagic.livyclientlib.exceptions import HttpClientException
        from sparkmagic.livyclientlib.livyreliablehttpclient import LivyReliableHttpClient
        from sparkmagic.utils import configuration
        configuration.override_all({"custom_headers": MARK, "retry_policy": "configurable",
                                    "configurable_retry_policy_max_retries": 1,
                                    "retry_seconds_to_sleep_list": [0.1], "logging_config": {
                                        "version": 1, "disable_existing_loggers": False}})
        os.environ["REQUESTS_CA_BUNDLE"] = service.ca or ""
        self.http = LivyReliableHttpClient.from_endpoint(Endpoint(service.url, auth=None))._http_client
        self.refusal = HttpClientException

    def submit(self, file, **more):
        return self.http.post("/batches", [201], {"file": file, **more}).json()["id"]

    def state(self, number):
        return self.http.get(f"/batches/{number}", [200]).json()["state"]

    def wait(self, number):
        return until(lambda: (state := self.state(number)) not in ("starting", "running") and state)

    def log(self, number):
        return "\n".join(self.http.get(f"/batches/{number}/log?from=0&size=1000", [200]).json()["log"])

    def delete(self, number):
        self.http.delete(f"/batches/{number}", [200])


# ---- the story, for each of the clients at each of the services


class Story:
    """Mixed into a class per client and service. Three batches run at the same time."""

    @classmethod
    def setUpClass(cls):
        cls.service = SERVICES[cls.where]
        cls.client = cls.make(cls.service)
        payloads = {name: cls.service.payload(f"{name}.py", text)
                    for name, text in (("hello", HELLO), ("fails", FAILS), ("sleeps", SLEEPS))}
        cls.hello = cls.client.submit(payloads["hello"], args=["a b", "c"], conf={"spark.ui.enabled": "false"})
        cls.fails = cls.client.submit(payloads["fails"])
        cls.sleeps = cls.client.submit(payloads["sleeps"])

    def test_a_batch_is_followed_to_its_end_and_its_log_read(self):
        self.assertIsInstance(self.hello, int)
        self.assertEqual(self.client.wait(self.hello), "success")
        self.assertIn("hello from ['a b', 'c']", self.client.log(self.hello))

    def test_a_failed_batch_is_dead_and_says_why(self):
        self.assertEqual(self.client.wait(self.fails), "dead")
        self.assertIn("not today", self.client.log(self.fails))

    def test_a_running_batch_is_deleted_and_its_record_with_it(self):
        until(lambda: "asleep" in self.client.log(self.sleeps))
        self.assertEqual(self.client.state(self.sleeps), "running")
        self.client.delete(self.sleeps)
        self.assertEqual(self.service.ask(f"/batches/{self.sleeps}").status, 404)

    def test_what_is_refused_is_an_error_of_the_client(self):
        with self.assertRaises(self.client.refusal) as refused:
            self.client.submit("file:///etc/passwd")
        self.assertIn("400", str(refused.exception))


class LikenessTests(unittest.TestCase):
    """livy-local answers as the real one does: the same requests, one after the other, to both."""

    def ask(self, *request, **more):
        answers = [SERVICES[where].ask(*self.for_service(request, where), **more) for where in WHERE]
        real, local = (self.plain(answer, where) for answer, where in zip(answers, WHERE))
        with self.subTest(request=request):
            self.assertEqual(local, real)
        return real

    @staticmethod
    def for_service(request, where):
        path, *rest = request
        return path, *(json.loads(json.dumps(part).replace("PAYLOADS", SERVICES[where].payloads.as_uri()))
                       if isinstance(part, dict) else part for part in rest)

    @staticmethod
    def plain(answer, where):
        """Status, the headers that matter, and the body without what must differ."""
        text = answer.text.replace(str(SERVICES[where].payloads), "/srv")
        kind = (answer.headers["Content-Type"] or "").split(";")[0]
        location = answer.headers["Location"]
        if "json" in kind and text:
            text = json.loads(text)
            # What Jackson says of a body that it cannot read is its own affair.
            text = "a bare string" if isinstance(text, str) else text
        elif "html" in kind:
            text = re.findall("Reason:\\s*<pre>\\s*(.*?)</pre>", text)
        return answer.status, kind, location and location[location.index("/batches"):], text

    def test_what_is_not_there(self):
        for path in ("/batches/4711", "/batches/nobody", "/batches/4711/state", "/batches/4711/log", "/nowhere"):
            self.ask(path)
            self.ask(path, "DELETE")
        for path in ("/batches/", "/sessions", "/batches?from=-1&size=-5", "/batches?from=x"):
            self.ask(path)
        for method, path in (("PUT", "/batches"), ("POST", "/batches/1"), ("POST", "/batches/1/log")):
            self.ask(path, method)

    def test_requests_that_are_not_understood(self):
        for body in (b"", b"{", b"[]", b'"text"', b'{"file":'):
            self.ask("/batches", "POST", body)
        for more in ({"tags": {"a": "b"}}, {"args": "a"}, {"args": [[]]}, {"conf": "a"}, {"conf": {"a": []}},
                     {"name": "123"}, {"name": 5}, {"file": []}, {"file": None}):
            self.ask("/batches", "POST", {"file": "PAYLOADS/hello.py", **more})

    def test_writes_without_the_header_against_forgery(self):
        for method, path in (("POST", "/batches"), ("DELETE", "/batches/0")):
            status, kind, _, reason = self.ask(path, method, {"file": "PAYLOADS/hello.py"},
                                               headers={"Content-Type": "application/json"})
            self.assertEqual((status, kind, len(reason)), (400, "text/html", 1))

    def test_refused_requests_and_the_phantoms_that_they_leave(self):
        for name, more in {"path": {"file": "file:///etc/passwd"}, "relative": {"file": "hello.py"}, "none": {},
                           "jar": {"file": "PAYLOADS/hello.py", "jars": ["file:///etc/passwd"]}}.items():
            self.assertEqual(self.ask("/batches", "POST", {"name": name, **more})[0], 400)
            for path in ("", "/state", "/log"):
                self.ask(f"/batches/{name}{path}")
            self.ask("/batches", "POST", {"name": name, **more})
        self.ask("/batches")
        for part in ("?from=1&size=2", "?from=-1&size=2", "?size=0", "?from=50"):
            self.ask(f"/batches{part}")
        for part in ("?from=-5&size=2", "?from=x"):
            self.ask(f"/batches/path/log{part}")
        self.assertEqual(self.ask("/batches/path", "DELETE")[0], 200)
        self.ask("/batches/path")
        self.ask("/batches")

    def test_the_version(self):
        (status, *_, real), (_, *_, local) = (self.plain(SERVICES[where].ask("/version"), where) for where in WHERE)
        self.assertEqual((status, real["version"], sorted(real)), (200, local["version"], sorted(local)))


class TutorialTests(unittest.TestCase):
    """The tutorial's own Python, with nothing changed but its endpoints and ids."""

    def test_it_runs_against_the_local_service(self):
        service = SERVICES["LivyLocal"]
        demo, parts = service.state["demo"], service.state["livy_endpoint"].rstrip("/").split("/")
        workspace = parts[parts.index("workspaces") + 1]
        lakehouse = parts[parts.index("lakehouses") + 1]
        files = next(Path(service.folder, "home").glob(f"**/{workspace}/{lakehouse}/Files"))
        (files / "payload.py").write_text(TUTORIAL_PAYLOAD)
        env = {**os.environ, "ENTRA_TENANT_ID": demo["tenant"], "ENTRA_CLIENT_ID": demo["client"],
               "FABRIC_WORKSPACE_ID": workspace, "FABRIC_LAKEHOUSE_ID": lakehouse,
               "CERTIFICATE_PATH": demo["certificate"], "PRIVATE_KEY_PATH": demo["key"],
               "CERTIFICATE_THUMBPRINT": demo["thumbprint"], "REQUESTS_CA_BUNDLE": service.ca,
               "PAYLOAD_ABFSS_PATH": f"abfss://{workspace}@onelake.dfs.fabric.microsoft.com/{lakehouse}"
                                     "/Files/payload.py",
               "LOGIN_BASE_URL": service.state["authority"], "API_BASE_URL": "/".join(parts[:4])}
        done = subprocess.run([sys.executable, Path(__file__).with_name("tutorial_code.py")], env=env, text=True,
                              capture_output=True, timeout=ENDED_S)
        self.assertEqual(done.returncode, 0, done)
        for words in ("Successfully acquired access token", "Batch job submitted successfully",
                      '"name": "livy_batch_demo_trips"', "state success, result Succeeded"):
            self.assertIn(words, done.stdout)
        self.assertNotIn("eyJ", done.stdout)
        self.assertTrue((files.parent / "Tables/tripsCleanedTransactions/_delta_log").is_dir())


SERVICES = {}
WHERE = ("ApacheLivy", "LivyLocal")


def setUpModule():
    unittest.addModuleCleanup(_home.cleanup)
    local = LivyLocal(Path(_home.name, "local"), "--apache-csrf", "--apache-version", "0.7.1")
    unittest.addModuleCleanup(local.stop)
    real = ApacheLivy(Path(_home.name, "apache"))
    unittest.addModuleCleanup(real.stop)
    SERVICES.update(LivyLocal=local, ApacheLivy=real.start())


def load_tests(loader, tests, pattern):
    """Where the servers are new, their numbers are the same."""
    del tests, pattern
    suite = loader.loadTestsFromTestCase(LikenessTests)
    for where in WHERE:
        for client in (Airflow, Pylivy, Sparkmagic):
            case = type(f"{client.__name__}At{where}", (Story, unittest.TestCase), {"make": client, "where": where})
            suite.addTests(loader.loadTestsFromTestCase(case))
    suite.addTests(loader.loadTestsFromTestCase(TutorialTests))
    return suite


if __name__ == "__main__":
    unittest.main(verbosity=2)
