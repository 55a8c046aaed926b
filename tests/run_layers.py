"""Runs the layers of tests and prints a table of counts; started by tests/run.

Needs nothing but the standard library. Whatever a layer needs besides is installed by
notebooks/install; a layer whose needs cannot be met is skipped by name, and with CI=true that is a
failure unless the network was the reason.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "asan"
LOGS = ROOT / "build" / "test-logs"
INSTALL_NO_NETWORK = 75  # notebooks/install: a registry could not be reached
SANITIZER_REPORT = "sanitizer-report"
WHOLE_RUN_S = 38 * 60


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0, why=""):
        self.passed, self.failed, self.skipped, self.why = passed, failed, skipped, why

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        if other.why and other.why not in self.why:
            self.why = f"{self.why}; {other.why}" if self.why else other.why


class Skip(Exception):
    """A layer cannot run here. excused: not even with CI=true is that a failure."""

    def __init__(self, why, excused=False):
        super().__init__(why)
        self.excused = excused


# ---- running things


def data_home():
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")


def cache_home():
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def python_of(environment):
    return cache_home() / "livy-kernel/python" / environment / "bin/python"


def home_environment(home, spark_home):
    """The environment of a user who has nothing but an empty home folder (and Spark)."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("AZURE_", "LIVY_", "JUPYTER_", "SPARK_", "PYTHON"))}
    folders = {"XDG_CACHE_HOME": "cache", "XDG_CONFIG_HOME": "config", "XDG_DATA_HOME": "data",
               "XDG_STATE_HOME": "state", "XDG_RUNTIME_DIR": "run", "HOME": "home"}
    for name, folder in folders.items():
        (home / folder).mkdir(mode=0o700)
        env[name] = str(home / folder)
    if spark_home.exists():
        (home / "data/livy-kernel").mkdir()
        (home / "data/livy-kernel/spark").symlink_to(spark_home.resolve())
    report = f"log_path={home / SANITIZER_REPORT}"
    env["APACHE_LIVY_JARS"] = str(cache_home() / "livy-kernel/apache-livy")
    env.update(LIVY_KERNEL_BIN=str(BUILD / "bin/livy-kernel"), LIVY_LOCAL_BIN=str(BUILD / "bin/livy-local"),
               ASAN_OPTIONS=f"detect_stack_use_after_return=1:{report}",
               UBSAN_OPTIONS=f"print_stacktrace=1:{report}",
               TSAN_OPTIONS=f"suppressions={ROOT}/tests/support/tsan.supp:ignore_noninstrumented_modules=1:"
                            f"atexit_sleep_ms=0:{report}",
               PYTHONDONTWRITEBYTECODE="1", JUPYTER_PLATFORM_DIRS="0")
    return env


class Runner:
    def __init__(self):
        self.deadline = time.monotonic() + WHOLE_RUN_S
        self.installed = set()

    def command(self, log, argv, timeout_s, env=None, cwd=ROOT):
        """Runs it in a process group of its own with its output in log; its exit code, or None when
        it was killed for taking too long."""
        timeout_s = min(timeout_s, self.deadline - time.monotonic())
        with open(log, "ab") as out:
            out.write(f"$ {' '.join(map(str, argv))}\n".encode())
            out.flush()
            if timeout_s <= 0:
                out.write(b"not started: the whole run has taken too long\n")
                return None
            process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=out, env=env, cwd=cwd, start_new_session=True)
            try:
                return process.wait(timeout_s)
            except subprocess.TimeoutExpired:
                out.write(f"\nkilled after {timeout_s:.0f} s\n".encode())
                return None
            finally:
                kill_group(process)

    def need(self, *parts):
        for part in parts:
            if part in self.installed:
                continue
            code = subprocess.call([ROOT / "notebooks/install", part], stdin=subprocess.DEVNULL)
            if code == INSTALL_NO_NETWORK:
                raise Skip(f"{part}: no registry can be reached", excused=True)
            if code:
                raise Skip(f"notebooks/install {part} failed")
            self.installed.add(part)

    def build(self, log):
        if "asan" in self.installed:
            return
        if (self.command(log, ["cmake", "--preset", "asan"], 300) or
                self.command(log, ["cmake", "--build", "--preset", "asan"], 1500)):
            raise RuntimeError("the build failed")
        self.installed.add("asan")

    def in_empty_home(self, log, argv, timeout_s):
        with tempfile.TemporaryDirectory(prefix="lk-", ignore_cleanup_errors=True) as home:
            env = home_environment(Path(home), data_home() / "livy-kernel/spark")
            try:
                code = self.command(log, argv, timeout_s, env)
            finally:
                end_processes_of(env["HOME"])
            found = copy_reports(Path(home), log)
            return code if code != 0 else found


def copy_reports(home, log):
    """What a sanitizer found in a kernel or service that a test had started: 1 when there is any."""
    reports = sorted(home.glob(f"{SANITIZER_REPORT}*"))
    with open(log, "ab") as out:
        for report in reports:
            out.write(report.read_bytes())
    return int(bool(reports))


def kill_group(process):
    """Ends a command that took too long, with its children."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


def end_processes_of(home):
    """Ends what still runs in a home folder of ours: livy-local outlives the kernel on purpose."""
    mark = b"HOME=" + home.encode()
    for proc in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (proc / "environ").read_bytes().split(b"\0"):
                os.kill(int(proc.name), signal.SIGKILL)
        except OSError:
            pass


# ---- reading what test programs print


def cmocka_counts(text, passed):
    """One ctest test is a program of many cmocka tests."""
    ok = len(re.findall(r"^\[ {7}OK \]", text, re.M))
    bad = len(set(re.findall(r"^\[  FAILED  \] ([A-Za-z_]\w*)", text, re.M)))
    skipped = len(set(re.findall(r"^\[  SKIPPED \] ([A-Za-z_]\w*)", text, re.M)))
    if ok + bad + skipped == 0:
        return Counts(passed=int(passed), failed=int(not passed))
    return Counts(ok, bad if passed else max(bad, 1), skipped)


def ctest_counts(report):
    counts = Counts()
    for case in xml.parse(report).getroot().iter("testcase"):
        text = "".join(node.text or "" for node in case.iter("system-out"))
        if case.get("status") in ("run", "fail"):
            counts.add(cmocka_counts(text, case.get("status") == "run"))
        else:
            counts.add(Counts(failed=1, why=f"{case.get('name')}: {case.get('status')}"))
    return counts


def script_counts(text, code):
    """unittest's own summary, or 'N passed, N failed', or the exit code alone."""
    ran = re.findall(r"^Ran (\d+) tests? in", text, re.M)
    said = re.findall(r"^(?:\w+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?", text, re.M)
    if ran:
        total = sum(map(int, ran))
        number = lambda what: sum(map(int, re.findall(rf"\b{what}=(\d+)", text)))
        failed, skipped = number("failures") + number("errors"), number("skipped")
        counts = Counts(max(total - failed - skipped, 0), failed, skipped)
        counts.why = "; ".join(sorted(set(re.findall(r"\bskipped '([^']*)'", text))))
    elif said:
        counts = Counts(*(int(n or 0) for n in said[-1]))
    else:
        counts = Counts(passed=int(code == 0))
    if code != 0 and counts.failed == 0:
        counts.failed = 1
    return counts


# ---- the layers


def ctest(runner, log, build, selection, timeout_s):
    report = log.with_suffix(".xml")
    report.unlink(missing_ok=True)
    code = runner.in_empty_home(log, [
        "ctest", "--test-dir", build, *selection, "-j", os.cpu_count(), "--output-on-failure",
        "--output-junit", report, "--test-output-size-passed", 10 << 20,
        "--test-output-size-failed", 10 << 20], timeout_s)
    if not report.exists():
        return Counts(failed=1, why="ctest was killed or did not start")
    counts = ctest_counts(report)
    if code != 0 and counts.failed == 0:
        counts.add(Counts(failed=1, why=f"ctest ended with {code}"))
    return counts


def ctest_layer(label, timeout_s):
    def run(runner, log):
        runner.build(log)
        return ctest(runner, log, BUILD, ["-L", f"^{label}$"], timeout_s)
    return run


# Programs that start threads themselves, or whose kernel and livy-local do.
THREADED = [
    "base/aside", "base/cancel", "base/process", "net/http_curl", "net/kerberos", "wire/socket",
    "auth/loopback_listener", "local/faults", "local/livy", "local/livy_face_apache",
    "local/livy_face_synapse", "local/server", "local/traps", "integration/kernel",
    "integration/kernel_life", "integration/hostile", "integration/output", "integration/gate",
    "integration/local_faces", "integration/submit", "integration/sign_in",
]
# Of a program that takes long, the part in which threads meet.
THREADED_PART = ("integration_interrupt_test", "an_interrupt_at_the_end_of_a_cell_never_hits_the_next")


def threads(runner, log):
    """Everything with threads, under ThreadSanitizer: router and executor with all that clients throw
    at them, HTTP, and livy-local while kernels submit to it."""
    build = ROOT / "build/tsan"
    tests = [name if name.startswith("integration/") else f"unit/{name}" for name in THREADED]
    targets = ["livy-kernel", "livy-local", THREADED_PART[0],
               *(name.replace("/", "_") + "_test" for name in tests)]
    if (runner.command(log, ["cmake", "--preset", "tsan"], 300) or
            runner.command(log, ["cmake", "--build", "--preset", "tsan", "--target", *targets], 1500)):
        raise RuntimeError("the build failed")
    counts = ctest(runner, log, build, ["-R", f"^({'|'.join(tests)})$"], 600)
    start = log.stat().st_size
    code = runner.in_empty_home(log, [build / "bin" / THREADED_PART[0], THREADED_PART[1]], 120)
    counts.add(cmocka_counts(log.read_bytes()[start:].decode(errors="replace"), code == 0))
    return counts


def script_layer(pattern, environment, timeout_s, arguments=()):
    def run(runner, log):
        runner.build(log)
        counts = Counts()
        for script in sorted(ROOT.glob(pattern)):
            start = log.stat().st_size
            code = runner.in_empty_home(log, [python_of(environment), script, *arguments], timeout_s)
            with open(log, "rb") as text:
                text.seek(start)
                one = script_counts(text.read().decode(errors="replace"), code)
            if code is None:
                one.why = f"{script.name} took too long"
            say(f"    {script.name}: {one.passed} passed, {one.failed} failed"
                + (f", {one.skipped} skipped" if one.skipped else "") + "\n")
            counts.add(one)
        return counts
    return run


def lint(runner, log):
    tracked = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).split()
    checks = [(name, ["clang-format", "--dry-run", "-Werror", name])
              for name in tracked if name.endswith((".c", ".h"))]
    checks += [(name, ["bash", "-n", name]) for name in tracked
               if (ROOT / name).is_file() and (ROOT / name).read_bytes().startswith(b"#!/usr/bin/env bash")]
    counts = Counts()
    for name, argv in checks:
        good = runner.command(log, argv, 60) == 0
        counts.add(Counts(int(good), int(not good), why="" if good else name))
    return counts


def bench(runner, log):
    """Whether the bench works, nobody loses a message and memory does not grow; times are not judged
    here, where other processes run."""
    program = ROOT / "tests/bench/run"
    table = ROOT / "build/bench/kernels.md"
    table.unlink(missing_ok=True)
    quick = runner.command(log, [program, "--quick"], 600) == 0 and table.exists()
    soaked = runner.command(log, [program, "--soak", "100000"], 600) == 0
    why = [] if quick else ["a kernel lost a message or failed, or there was no table"]
    why += [] if soaked else ["the soak lost a message, or memory grew"]
    return Counts(passed=quick + soaked, failed=2 - quick - soaked, why="; ".join(why))


LAYERS = [
    # name, what, needs of notebooks/install, fast, function
    ("lint", "formatting of C, syntax of shell scripts", ["lint"], True, lint),
    ("unit", "pure halves and decorators, under ASan and UBSan", [], True, ctest_layer("unit", 600)),
    ("fuzz", "the fuzzers' corpora, replayed", [], True, ctest_layer("fuzz", 300)),
    ("integration", "kernel and local service as processes", ["spark"], True,
     ctest_layer("integration", 900)),
    ("threads", "everything with threads, under ThreadSanitizer", [], False, threads),
    ("conformance", "the kernel in real Jupyter clients", ["jupyter", "browser", "spark"], True,
     script_layer("tests/conformance/*_test.py", "jupyter", 300)),
    ("bench", "the bench, as a smoke: figures are tests/bench/run's", ["jupyter"], True, bench),
    ("real", "the local service under Microsoft's own clients", ["python-peers", "spark"], False,
     script_layer("tests/real/*.py", "python-peers", 600, [BUILD / "bin/livy-local"])),
    ("apache-livy", "every %batch against a real Apache Livy", ["jupyter", "spark", "apache-livy"], False,
     script_layer("tests/apache/*_test.py", "jupyter", 400)),
    ("livy-peers", "other people's Livy clients on the local service, and on a real one",
     ["livy-peers", "spark", "apache-livy"], False,
     script_layer("tests/apache/peers.py", "livy-peers", 500)),
    ("tutorial", "the tutorial, and its Delta table read by deltalake", ["jupyter", "spark"], False,
     script_layer("tests/tutorial/*_test.py", "jupyter", 600)),
]


def say(text):
    print(text, end="", file=sys.stderr, flush=True)


def run_layer(runner, layer):
    name, _, needs, _, function = layer
    log = LOGS / f"{name}.log"
    log.write_bytes(b"")
    say(f"--- {name}\n")
    start = time.monotonic()
    try:
        runner.need(*needs)
        counts = function(runner, log)
    except Skip as skip:
        fails = os.environ.get("CI") == "true" and not skip.excused
        counts = Counts(failed=int(fails), skipped=int(not fails), why=f"SKIPPED: {skip}")
    except RuntimeError as error:
        counts = Counts(failed=1, why=str(error))
    if counts.failed:
        say("".join(f"  | {line}\n" for line in
                    log.read_text(errors="replace").splitlines()[-120:]))
    return name, counts, time.monotonic() - start


def print_table(rows):
    total = Counts()
    print(f"\n{'layer':<13}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}  remarks")
    for name, counts, seconds in rows:
        none = counts.passed + counts.failed + counts.skipped == 0
        print(f"{name:<13}{counts.passed:>8}{counts.failed:>8}{counts.skipped:>9}{seconds:>9.0f}  "
              f"{'no tests' if none else counts.why}".rstrip())
        total.add(Counts(counts.passed, counts.failed, counts.skipped))
    print(f"\nEverything they printed is in {LOGS.relative_to(ROOT)}/.\n")
    skipped = f", {total.skipped} skipped" if total.skipped else ""
    print(f"{total.passed} passed, {total.failed} failed{skipped}")
    return total


def main():
    names = [layer[0] for layer in LAYERS]
    parser = argparse.ArgumentParser(prog="tests/run", description="Runs the tests, layer by layer.")
    parser.add_argument("--layer", nargs="+", action="extend", metavar="NAME", choices=names,
                        help="only these: " + ", ".join(names))
    parser.add_argument("--fast", action="store_true", help="without the layers that run Spark jobs")
    parser.add_argument("--list", action="store_true", help="show the layers and stop")
    options = parser.parse_args()
    if options.list:
        for name, what, _, fast, _ in LAYERS:
            print(f"{name:<13}{what}{'' if fast else ' (not with --fast)'}")
        return 0
    chosen = [layer for layer in LAYERS
              if layer[0] in (options.layer or names) and (layer[3] or not options.fast)]
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    runner = Runner()
    total = print_table([run_layer(runner, layer) for layer in chosen])
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main())
