"""The campaigns of faults in full, in a build without sanitizers; prints their figures.

What `tests/run` does with some tens is done here with a thousand submissions to each service, two
hundred kernels killed, two hundred restarts of the service, five hundred batches watched. It takes
about half an hour, most of it waiting. Nothing but a build is needed.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/campaign"
SERVICES = ("fabric", "synapse", "hdinsight", "apache")
FIGURES = re.compile(r"^(.* duplicates, .* lost|.* kills in .*|.* restarts .*|.*requests/s .*)$", re.MULTILINE)


def campaigns(options):
    """name, test, its filter, environment"""
    for service in SERVICES:
        yield f"submit-{service}", "submit_faults", f"{service}*", {"LK_TEST_SUBMITS": options.submits}
    yield "kill", "kill_faults", "*", {"LK_TEST_KILLS": options.kills}
    yield "restart", "restart_faults", "*", {"LK_TEST_RESTARTS": options.restarts}
    for service in SERVICES:
        yield (f"watch-{service}", "watch_load", f"{service}*",
               {"LK_TEST_BATCHES": options.batches, "LK_TEST_WATCH_S": options.seconds})


def build():
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DLK_TESTS=ON"],
                   check=True, stdout=subprocess.DEVNULL)
    targets = ["livy-kernel", "livy-local"]
    targets += [f"integration_{name}_test" for name in ("submit_faults", "kill_faults", "restart_faults", "watch_load")]
    subprocess.run(["cmake", "--build", BUILD, "--target", *targets], check=True, stdout=subprocess.DEVNULL)


def start(name, test, pattern, variables):
    log = BUILD / f"{name}.log"
    env = {**os.environ, **{key: str(value) for key, value in variables.items()}}
    with open(log, "wb") as out:
        process = subprocess.Popen([BUILD / f"bin/integration_{test}_test", pattern], cwd=BUILD, env=env,
                                   stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    return name, process, log


def finish(name, process, log):
    good = process.wait() == 0
    for line in FIGURES.findall(log.read_text(errors="replace")):
        print(line if good else f"{line}   FAILED", flush=True)
    if not good:
        print(f"{name} failed: {log}", file=sys.stderr)
    return good


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run_faults.py", description=__doc__.splitlines()[0])
    parser.add_argument("--submits", type=int, default=1000, help="to each of four services")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=200)
    parser.add_argument("--batches", type=int, default=500, help="watched at a time")
    parser.add_argument("--seconds", type=int, default=60, help="for which they are")
    parser.add_argument("--only", metavar="WORD", default="", help="campaigns whose name begins like that")
    options = parser.parse_args()
    build()
    began = time.monotonic()
    chosen = [campaign for campaign in campaigns(options) if campaign[0].startswith(options.only)]
    # Those that wait most of the time run beside each other; what is measured runs alone.
    waiting = [start(*campaign) for campaign in chosen if not campaign[0].startswith("watch")]
    good = [finish(*campaign) for campaign in waiting]
    good += [finish(*start(*campaign)) for campaign in chosen if campaign[0].startswith("watch")]
    print(f"{(time.monotonic() - began) / 60:.0f} min; all of it is in {BUILD.relative_to(ROOT)}/*.log")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
