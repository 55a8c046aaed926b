"""Batches that go wrong on real Spark, as a person in a terminal meets them.

    python batches.py PATH/TO/livy-local

livy-kernel is expected beside livy-local. Prints 'N passed, N failed'.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback

CONNECT = "%livy connect local --as fabric --quiet"
LOGIN = (
    "%entra login --quiet --tenant {fabric.demo.tenant} --client {fabric.demo.client}"
    " --certificate {fabric.demo.certificate} --key {fabric.demo.key}"
)
TIMEOUT_S = 240


class World:
    """A home of its own, with a livy-local that makes its demo table once for all tests."""

    def __init__(self, local, folder):
        self.local = local
        self.kernel = os.path.join(os.path.dirname(local), "livy-kernel")
        self.folder = folder
        self.home = os.path.join(folder, "local")
        self.env = {
            **os.environ,
            "LIVY_LOCAL_HOME": self.home,
            "XDG_STATE_HOME": os.path.join(folder, "state"),
            "XDG_CONFIG_HOME": os.path.join(folder, "config"),
        }
        subprocess.run([local, "--home", self.home, "--seed-only"], check=True, timeout=TIMEOUT_S)

    def command(self, *cells):
        return [self.kernel, "run", CONNECT, LOGIN, *cells]

    def run(self, *cells):
        return subprocess.run(
            self.command(*cells), env=self.env, cwd=self.folder, text=True, timeout=TIMEOUT_S,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def start(self, *cells):
        return subprocess.Popen(
            self.command(*cells), env=self.env, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def state(self):
        with open(os.path.join(self.home, "state.json"), encoding="utf-8") as text:
            return json.load(text)


def values(output):
    return [json.loads(line) for line in output.splitlines()]


def last_batch(output):
    return [value for value in values(output) if value["kind"] == "batch"][-1]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def wait_for(process, kind_or_words, timeout_s=TIMEOUT_S):
    """Reads stderr until the words come; returns what was read."""
    read = ""
    deadline = time.monotonic() + timeout_s
    while kind_or_words not in read:
        line = process.stderr.readline()
        if not line or time.monotonic() > deadline:
            raise AssertionError(f"{kind_or_words!r} never came in: {read}")
        read += line
    return read


def a_failing_payload_shows_its_traceback_without_asking(world):
    done = world.run(
        "%%payload broken.py\nfrom pyspark.sql import SparkSession\n"
        "spark = SparkSession.builder.getOrCreate()\nprint('before')\nvalue = 1 / 0\n",
        "%batch submit --wait")
    expect(done.returncode == 3, (done.returncode, done.stderr))
    expect("BatchFailed" in done.stderr, done.stderr)
    expect("ZeroDivisionError: division by zero" in done.stderr, done.stderr)
    expect("line 4, in <module>" in done.stderr, done.stderr)
    expect("Next" in done.stderr, done.stderr)
    expect(last_batch(done.stdout)["outcome"] == "failed", done.stdout)


def a_missing_table_is_named_as_the_cause(world):
    done = world.run(
        "%%payload missing.py\nfrom pyspark.sql import SparkSession\n"
        "SparkSession.builder.getOrCreate().sql('SELECT * FROM no_such_table').show()\n",
        "%batch submit --wait")
    expect(done.returncode == 3, (done.returncode, done.stderr))
    expect("no_such_table" in done.stderr, done.stderr)
    expect("table" in done.stderr.split("Next")[-1].lower(), done.stderr)


SLEEPER = "%%payload sleeper.py\nimport time\nprint('started', flush=True)\ntime.sleep(120)\n"


def a_batch_that_somebody_else_cancels_ends_the_watch(world):
    watcher = world.start(SLEEPER, "%batch submit --name sleeper --wait")
    wait_for(watcher, "running")
    other = world.run("%batch cancel sleeper")
    expect(other.returncode == 0, other.stderr)
    out, err = watcher.communicate(timeout=60)
    expect(watcher.returncode == 3, (watcher.returncode, err))
    expect("BatchCancelled" in err, err)
    expect(last_batch(out)["outcome"] == "cancelled", out)


def an_interrupt_stops_watching_and_never_the_batch(world):
    watcher = world.start(SLEEPER, "%batch submit --name kept --wait")
    wait_for(watcher, "running")
    begin = time.monotonic()
    watcher.send_signal(signal.SIGINT)
    out, err = watcher.communicate(timeout=60)
    took = time.monotonic() - begin
    expect(watcher.returncode == 130, (watcher.returncode, err))
    expect("The batch goes on" in err, err)
    expect(took < 2, f"the interrupt took {took:.2f} s")
    status = world.run("%batch status kept")
    expect(last_batch(status.stdout)["outcome"] == "running", status.stdout)
    cancelled = world.run("%batch cancel kept")
    expect(last_batch(cancelled.stdout)["outcome"] == "cancelled", cancelled.stdout + cancelled.stderr)


def a_service_that_is_gone_does_not_end_the_watch(world):
    watcher = world.start(SLEEPER, "%batch submit --name orphan --wait")
    wait_for(watcher, "running")
    os.kill(world.state()["pid"], signal.SIGKILL)
    wait_for(watcher, "trying again", 60)
    expect(watcher.poll() is None, "the watch ended when the service was gone")
    watcher.send_signal(signal.SIGINT)
    _, err = watcher.communicate(timeout=60)
    expect(watcher.returncode == 130, (watcher.returncode, err))
    # A new service knows what became of it, and the journal knows its id.
    status = world.run("%batch status")
    expect(status.returncode == 0, status.stderr)
    expect(last_batch(status.stdout)["name"] == "orphan", status.stdout)
    expect(last_batch(status.stdout)["ended"], status.stdout)


TESTS = [
    a_failing_payload_shows_its_traceback_without_asking,
    a_missing_table_is_named_as_the_cause,
    a_batch_that_somebody_else_cancels_ends_the_watch,
    an_interrupt_stops_watching_and_never_the_batch,
    a_service_that_is_gone_does_not_end_the_watch,
]


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="lk-batches-", ignore_cleanup_errors=True) as folder:
        world = World(os.path.abspath(sys.argv[1]), folder)
        for test in TESTS:
            try:
                test(world)
                passed += 1
                print(f"ok      {test.__name__}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {test.__name__}", flush=True)
                traceback.print_exc()
        try:
            os.kill(world.state()["pid"], signal.SIGTERM)
        except (OSError, ValueError):
            pass
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
