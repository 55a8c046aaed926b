"""The local service's Apache face, as the tests that hold it beside a real server start it."""

import json
import os
import signal
import subprocess
from pathlib import Path

from apache_livy import ask, spark_home


class LivyLocal:
    """A livy-local of its own; file: payloads may be in folder/payloads. Has what ApacheLivy has."""

    def __init__(self, folder, *options):
        self.folder = Path(folder)
        self.payloads = self.folder / "payloads"
        self.payloads.mkdir(parents=True)
        self.process = subprocess.Popen(
            [os.environ["LIVY_LOCAL_BIN"], "--home", self.folder / "home", "--local-dir", self.payloads,
             "--spark-home", spark_home(), *options],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        state_file = self.process.stdout.readline().strip()
        assert state_file, "livy-local did not start"
        self.state = json.loads(Path(state_file).read_text(encoding="utf-8"))
        self.ca = self.state["ca_file"]
        self.url = self.state["apache_endpoint"].removesuffix("/batches")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.process.stdout.close()

    def payload(self, name, text):
        path = self.payloads / name
        path.write_text(text)
        return path.as_uri()

    def ask(self, path, method="GET", body=None, headers=None):
        return ask(self.url + path, method, body, headers, self.ca)

    def batches(self):
        return self.ask("/batches?from=0&size=1000").json()["sessions"]
