"""A Spark for livy-local that starts at once, says two lines and takes a given time: the local service,
its states and its logs are real, only the payload is not run."""

import contextlib
import json
import os
import select
import signal
import stat
from pathlib import Path

SUBMIT = """#!/bin/sh
report() {{ [ -z "$LIVY_LOCAL_STATUS" ] || echo "{{\\"event\\": \\"$1\\"}}" >>"$LIVY_LOCAL_STATUS"; }}
case "$*" in *seed_green_tripdata*) exit 1 ;; esac # no demo table here
echo "line 1 of the payload"
report running
sleep {seconds}
echo "line 2 of the payload"
"""


def _program(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def _install(folder, seconds):
    spark, java = folder / "spark", folder / "java"
    _program(spark / "bin/spark-submit", SUBMIT.format(seconds=seconds))
    (spark / "jars").mkdir()
    (spark / "jars/delta-spark_2.12-0.jar").touch()
    for name in ("java", "keytool"):
        _program(java / "bin" / name, "#!/bin/sh\n")
    return {"LIVY_LOCAL_SPARK_HOME": str(spark), "JAVA_HOME": str(java)}


def service_pid(state):
    return json.loads((state / "livy-local/state.json").read_text())["pid"]


def _end(pid):
    """It writes until it has ended: only then can its folder go."""
    ended = os.pidfd_open(pid)
    os.kill(pid, signal.SIGTERM)
    select.select([ended], [], [], 20)
    os.close(ended)


@contextlib.contextmanager
def local_service(folder, seconds):
    """While it lasts, a kernel that connects to "local" starts a livy-local of its own, below folder,
    whose batches take that many seconds. Gives its state folder."""
    state = Path(folder, "state")
    state.mkdir(mode=0o700)
    added = {"XDG_STATE_HOME": str(state), **_install(Path(folder), seconds)}
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield state
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.__setitem__(name, value)
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            _end(service_pid(state))
