"""Runs a payload the way Fabric does: with the lakehouse's tables in the session's catalog.

    spark-submit spark_runner.py PAYLOAD [ARG…]

livy-local starts it with the lakehouse as the working directory. It hooks
SparkSession.Builder.getOrCreate, so that the payload's own appName and config calls keep their
effect, and reports what happens as lines of JSON in the file named by LIVY_LOCAL_STATUS.
"""
import json
import os
import runpy
import sys
import threading
import time
import traceback

TABLES = "Tables"


def report(event, **fields):
    """One write per line: livy-local reads the file while we append."""
    path = os.environ.get("LIVY_LOCAL_STATUS")
    if not path:
        return
    line = json.dumps({"event": event, **fields}) + "\n"
    with open(path, "ab", buffering=0) as status:
        status.write(line.encode("utf-8", "replace"))


def leave_with_the_parent():
    """The driver's JVM is our parent; without it the payload has nobody to work for."""
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def delta_tables(root):
    """(name, folder) of each Delta table directly under root."""
    try:
        names = sorted(os.listdir(root))
    except FileNotFoundError:
        return
    for name in names:
        folder = os.path.join(root, name)
        if not name.startswith((".", "_")) and os.path.isdir(os.path.join(folder, "_delta_log")):
            yield name, folder


def write_no_checksums(session):
    """Hadoop would put a .crc file beside each file of the lakehouse. The JVM has one local file
    system object; replacing its class instead breaks whoever casts to it (the ABFS driver does)."""
    jvm = session.sparkContext._jvm
    configuration = session.sparkContext._jsc.hadoopConfiguration()
    jvm.org.apache.hadoop.fs.FileSystem.getLocal(configuration).setWriteChecksum(False)


def register_tables(session):
    for name, folder in delta_tables(os.path.abspath(TABLES)):
        location = folder.replace("\\", "\\\\").replace("'", "\\'")
        try:
            session.sql(
                f"CREATE TABLE IF NOT EXISTS {quoted(name)} USING DELTA LOCATION '{location}'"
            )
        except Exception as problem:  # a broken table must not stop jobs that do not read it
            first = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            print(f"livy-local: Tables/{name} cannot be read: {first}", file=sys.stderr)


def hook_sessions():
    from pyspark.sql import SparkSession

    get_or_create = SparkSession.Builder.getOrCreate
    seen = set()

    def hooked(builder):
        session = get_or_create(builder)
        app_id = session.sparkContext.applicationId
        if app_id not in seen:
            seen.add(app_id)
            report("application", id=app_id)
            write_no_checksums(session)
            register_tables(session)
        return session

    SparkSession.Builder.getOrCreate = hooked


def print_traceback(problem, payload):
    """The payload's frames, without runpy's and ours above them."""
    frames = problem.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != payload:
        frames = frames.tb_next
    traceback.print_exception(type(problem), problem, frames or problem.__traceback__)


def leave_without_payload(payload):
    """With the words of Python itself, which is what runs a payload elsewhere."""
    reason = f"can't open file {payload!r}: [Errno 2] No such file or directory"
    print(f"{sys.executable}: {reason}", file=sys.stderr)
    report("error", type="FileNotFoundError", message=reason)
    sys.exit(2)


def run(payload):
    if not os.path.exists(payload):
        leave_without_payload(payload)
    try:
        runpy.run_path(payload, run_name="__main__")
    except SystemExit as leaving:
        if leaving.code not in (None, 0):
            report("error", type="SystemExit", message=f"The payload exited with {leaving.code!r}.")
        raise
    except BaseException as problem:
        print_traceback(problem, payload)
        words = str(problem).split("\n\tat ")[0]  # without Java's stack, which the log has
        report("error", type=type(problem).__name__, message=words[:1900])
        sys.exit(1)


def main():
    payload = sys.argv[1]
    sys.argv = sys.argv[1:]
    sys.path[0] = os.path.dirname(payload)
    leave_with_the_parent()
    hook_sessions()
    report("running")
    run(payload)


if __name__ == "__main__":
    main()
