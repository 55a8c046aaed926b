"""livy-kernel in a terminal, as the tests drive it. LIVY_KERNEL_BIN names the binary."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

BINARY = os.environ.get("LIVY_KERNEL_BIN") or "livy-kernel"
RUN_S = 120


class Done:
    """What a run left behind: its exit code, its values in order, and what it told a person."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err
        self.values = [json.loads(line) for line in out.splitlines()]

    def last(self, kind):
        found = [value for value in self.values if value["kind"] == kind]
        assert found, f"no {kind} in: {self}"
        return found[-1]

    def __repr__(self):
        return f"exit {self.code}\n--- out\n{self.out}\n--- err\n{self.err}"


class Kernel:
    """A person at one machine: every run has the same journal, and is connected to url."""

    def __init__(self, folder, url):
        self.folder, self.url = Path(folder), url
        self.folder.mkdir(parents=True)
        self.env = {**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            self.env[name] = str(self.folder / name.lower())

    def start(self, *cells, url=None):
        connect = f"%livy connect {url or self.url} --kind apache --quiet"
        return subprocess.Popen([BINARY, "run", connect, *cells], env=self.env, cwd=self.folder, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *cells, url=None, timeout_s=RUN_S):
        return finish(self.start(*cells, url=url), timeout_s)

    def journal(self):
        """The lines that are on disk at this instant."""
        file = self.folder / "xdg_state_home/livy-kernel/submissions.jsonl"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def finish(process, timeout_s=RUN_S):
    """Waits for the end of a run; whatever happens, nothing of it goes on."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"it did not end: {Done(process.returncode, out, err)}") from None
    return Done(process.returncode, out, err)


def interrupt(process):
    """Ctrl-C; what came of it and after how long."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = finish(process)
    return done, time.monotonic() - began


def read_until(stream, words):
    """Reads lines until one has these words; what was read."""
    read = ""
    for line in stream:
        read += line
        if words in line:
            return read
    raise AssertionError(f"{words!r} never came: {read}")
