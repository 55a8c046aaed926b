"""A real Apache Livy 0.7.1 with the real Spark of the local service, as a server of the tests.

The server is real and so is the Spark that runs the batches; one answer is not. Livy 0.7.1 refuses
Spark 3.1 and later by what `spark-submit --version` prints, and only forks spark-submit otherwise,
so its SPARK_HOME holds one script that answers --version with 2.4.8 and executes the real one.

APACHE_LIVY_JARS names the folder of its jars, else the one that `notebooks/install apache-livy`
fills is taken. Spark is where `notebooks/install spark` puts it.
"""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

START_S = 60
# livy.server.session.state-retain.sec is looked at once a minute; the constant in SessionManager.
SWEEP_S = 60
OPENED = ("java.lang", "java.lang.invoke", "java.net", "java.io", "java.nio", "java.util",
          "java.util.concurrent.atomic", "sun.nio.ch", "sun.util.calendar")
# A setting that the administrator of this server does not let anybody change.
FORBIDDEN = "spark.administrator.only"
LOG4J = """log4j.rootCategory = INFO, console
log4j.appender.console = org.apache.log4j.ConsoleAppender
log4j.appender.console.target = System.err
log4j.appender.console.layout = org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern = %d{HH:mm:ss,SSS} %p %c{1}: %m%n
"""


def folder_of(variable, default, below):
    return Path(os.environ.get(variable) or Path.home() / default) / "livy-kernel" / below


def jars():
    return Path(os.environ.get("APACHE_LIVY_JARS") or
                folder_of("XDG_CACHE_HOME", ".cache", "apache-livy"))


def spark_home():
    return folder_of("XDG_DATA_HOME", ".local/share", "spark")


# A payload named dies_slowly.py has a cluster that lets go of it STOP_S after it was told to.
STOP_S = 4
SPARK_SUBMIT = f"""#!/bin/sh
if [ "$1" = --version ]; then
    echo 'version 2.4.8'
    echo 'Using Scala version 2.11.12'
    exit 0
fi
export SPARK_HOME='REAL'
case "$*" in
*/dies_slowly.py*)
    'REAL/bin/spark-submit' "$@" &
    trap 'sleep {STOP_S}; kill $!; wait $!; exit 1' TERM
    wait $!
    ;;
*) exec 'REAL/bin/spark-submit' "$@" ;;
esac
"""


class Answer:
    def __init__(self, status, headers, text):
        self.status, self.headers, self.text = status, headers, text

    def json(self):
        return json.loads(self.text)


def ask(url, method="GET", body=None, headers=None, ca=None):
    """One request by nobody's client. body: a value for JSON, or bytes. headers: instead of ours."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    if headers is None:
        headers = {"Content-Type": "application/json", "X-Requested-By": "tests"}
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
    try:
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=60) as reply:
            return Answer(reply.status, reply.headers, reply.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


class ApacheLivy:
    """The server; what it needs is in folder. retain: how long it keeps ended batches."""

    def __init__(self, folder, retain="600s"):
        self.folder = Path(folder)
        self.payloads = self.folder / "payloads"
        self.retain = retain
        self.ca = None
        self.port = 0
        self.process = None
        for name in ("payloads", "conf", "logs", "spark/bin", "work"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "conf/spark-blacklist.conf").write_text(f"{FORBIDDEN}\n")
        (self.folder / "conf/log4j.properties").write_text(LOG4J)
        self._write_spark_submit()

    def _write_spark_submit(self):
        script = self.folder / "spark/bin/spark-submit"
        script.write_text(SPARK_SUBMIT.replace("REAL", str(spark_home())))
        script.chmod(0o755)

    def _write_conf(self):
        (self.folder / "conf/livy.conf").write_text(
            "livy.server.host = 127.0.0.1\n"
            f"livy.server.port = {self.port}\n"
            "livy.spark.master = local[1]\n"
            f"livy.file.local-dir-whitelist = {self.payloads}\n"
            f"livy.server.session.state-retain.sec = {self.retain}\n"
            "livy.server.csrf-protection.enabled = true\n"
            "livy.ui.enabled = false\n")

    def start(self):
        """On a free port the first time, and then on the same one again."""
        self._write_conf()
        env = {name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "LIVY_"))}
        env.update(SPARK_HOME=str(self.folder / "spark"), LIVY_HOME=str(self.folder),
                   LIVY_CONF_DIR=str(self.folder / "conf"), SPARK_LOCAL_IP="127.0.0.1",
                   PYSPARK_PYTHON=sys.executable,
                   SPARK_SUBMIT_OPTS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        command = ["java", "-XX:+IgnoreUnrecognizedVMOptions", "-XX:TieredStopAtLevel=1",
                   *(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in OPENED),
                   "-cp", f"{jars()}/*:{self.folder}/conf", "org.apache.livy.server.LivyServer"]
        with open(self.folder / "server.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, env=env, cwd=self.folder / "work", stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        self.port = self._wait_for_port()
        return self

    def _wait_for_port(self):
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            log = (self.folder / "server.log").read_text(encoding="utf-8", errors="replace")
            started = re.search(r"Starting server on http://\S+:(\d+)", log)
            if started:
                return int(started[1])
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"Apache Livy did not start: {log[-4000:]}")

    def stop(self):
        """Ends it like kill -9 does, together with the batches it runs."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait()
            self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def payload(self, name, text):
        """Saves a program where the server's Spark may read it; its address."""
        path = self.payloads / name
        path.write_text(text)
        return path.as_uri()

    # ---- what the server itself says, asked by nobody's client

    def ask(self, path, method="GET", body=None, headers=None):
        return ask(self.url + path, method, body, headers)

    def batches(self):
        return self.ask("/batches?from=0&size=1000").json()["sessions"]

    def batches_named(self, name):
        """Those of a name as people give it; what marks a submission comes after it."""
        mine = re.compile(re.escape(name) + r"(-[0-9a-f]{12})?")
        return [batch for batch in self.batches() if mine.fullmatch(batch["name"] or "")]

    def wait_for(self, name, states, timeout_s=60):
        """Waits until the one batch of that name is in one of the states."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = self.batches_named(name)
            if len(found) == 1 and found[0]["state"] in states:
                return found[0]
            time.sleep(0.1)
        raise AssertionError(f"{name} never came to {states}: {found}")
