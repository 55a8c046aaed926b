"""Runs the bench and writes its table and picture; started by tests/bench/run.

The floor, livy-kernel and the peers take turns in everything (kernel_bench.c), and what is compared
are ratios to the floor, taken round by round: the median of them is what the table shows.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import picture  # noqa: E402
import run_layers  # noqa: E402

BIN = ROOT / "build/release/bin"
OUT = ROOT / "build/bench"
TARGETS = ["livy-kernel", "livy-local", "floor_kernel", "kernel_bench", "kernel_soak"]
OURS = ("floor", "livy-kernel")

# The same text for all of them: papermill's form of a cell that only sets a variable.
TRIVIAL = "# Parameters\nx = 1"
PRINTED = 10_000_000
PYTHON_PRINTS = {"setup": [], "bytes": PRINTED, "cell": f"for i in range({PRINTED // 100}): print('x' * 99)"}

FULL = {"rounds": 5, "spawns": 20, "warm_up": 500, "round_trips": 5000, "burst": 10000, "patience_s": 120}
QUICK = {"rounds": 1, "spawns": 2, "warm_up": 20, "round_trips": 200, "burst": 500, "patience_s": 60}
# Peers are slower by tens of times: few starts and one round tell as much, and take minutes as it is.
PEER = {"full": {"spawns": 3, "rounds": 1}, "quick": {"spawns": 1, "rounds": 1}}

# name, where it is among a round's figures, factor to the unit shown, unit, goal as × floor, goal
FIGURES = [
    ("start to kernel_info_reply", ("start_ms",), 1, "ms", 2.0, None),
    ("round trip, p50", ("p50_us",), 1, "µs", 1.3, None),
    ("round trip, p99", ("p99_us",), 1, "µs", 2.0, None),
    ("memory after start (RSS)", ("memory_start", "rss_kb"), 1 / 1024, "MB", None, 16),
    ("memory after start (PSS)", ("memory_start", "pss_kb"), 1 / 1024, "MB", None, None),
    ("memory after the round trips (RSS)", ("memory_trips", "rss_kb"), 1 / 1024, "MB", None, None),
    ("burst of queued cells, to the last idle", ("burst_s",), 1, "s", None, None),
    ("memory after the burst (RSS)", ("memory_burst", "rss_kb"), 1 / 1024, "MB", None, None),
    ("a cell that shows 10 MB, to its idle", ("print_s",), 1, "s", None, 1),
    ("memory at its peak, after all this", ("memory_print", "peak_kb"), 1 / 1024, "MB", None, None),
]


# ---- what is measured


def local_setup(text_file):
    """Cells that sign in to livy-local and put the text there."""
    return ["local = %livy connect local",
            "%entra login --tenant {local.demo.tenant} --client {local.demo.client} "
            "--certificate {local.demo.certificate} --key {local.demo.key}",
            f"%lakehouse put {text_file} Files/bench.txt"]


def livy_prints(text_file):
    """%lakehouse cat shows 8 MiB at most, so the cell shows half of the 10 MB twice."""
    line = "the quick brown fox jumps over the lazy dog and is told of again: 0123456789 abcdefghijklmnopqrstu\n"
    half = PRINTED // 2
    text_file.write_text((line * (half // len(line) + 1))[:half - 1] + "\n")
    cat = f"%lakehouse cat Files/bench.txt --bytes {half}"
    return {"setup": local_setup(text_file), "bytes": PRINTED, "cell": f"{cat}\n{cat}"}


def kernels(folder, speed):
    """The contenders, and the names of those that are not here."""
    found = [{"name": "floor", "argv": [str(BIN / "floor_kernel")]},
             {"name": "livy-kernel", "argv": [str(BIN / "livy-kernel")],
              "print": livy_prints(folder / "bench.txt")}]
    missing = []
    python = run_layers.python_of("jupyter")
    peers = [("ipykernel", [str(python), "-m", "ipykernel_launcher"], python.exists()),
             ("xeus-python", ["xpython"], shutil.which("xpython"))]
    for name, argv, is_there in peers:
        if is_there:
            found.append({"name": name, "argv": argv, "print": PYTHON_PRINTS, **PEER[speed]})
        else:
            missing.append(name)
    for kernel in found:
        kernel["argv"] += ["-f", "{connection_file}"]
        kernel["cell"] = TRIVIAL
    return found, missing


def build():
    for command in (["cmake", "--preset", "release", "-DLK_BENCH=ON"],
                    ["cmake", "--build", "--preset", "release", "--target", *TARGETS]):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            sys.exit(f"{done.stdout[-4000:]}\ntests/bench/run: {' '.join(command)} failed")


def measure(speed):
    """kernel_bench's answer, in a home folder of its own; and what is missing."""
    with tempfile.TemporaryDirectory(prefix="lk-bench-", ignore_cleanup_errors=True) as home:
        env = run_layers.home_environment(Path(home), run_layers.data_home() / "livy-kernel/spark")
        work = Path(home) / "work"
        work.mkdir()
        contenders, missing = kernels(work, speed)
        spec = {"folder": str(work), "kernels": contenders, **(FULL if speed == "full" else QUICK)}
        (work / "spec.json").write_text(json.dumps(spec))
        try:
            done = subprocess.run([BIN / "kernel_bench", work / "spec.json"], env=env, cwd=work,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        finally:
            run_layers.end_processes_of(env["HOME"])
        for log in work.glob("*.log"):
            shutil.copy(log, OUT / log.name)
    if done.returncode:
        sys.exit(f"tests/bench/run: kernel_bench ended with {done.returncode}")
    return json.loads(done.stdout)["kernels"], missing


def soak(count):
    """kernel_soak's exit code for livy-kernel, in a home folder of its own."""
    with tempfile.TemporaryDirectory(prefix="lk-soak-", ignore_cleanup_errors=True) as home:
        env = run_layers.home_environment(Path(home), run_layers.data_home() / "livy-kernel/spark")
        try:
            return subprocess.run([BIN / "kernel_soak", str(count), home, BIN / "livy-kernel", "-f",
                                   "{connection_file}"], env=env, cwd=home, stdin=subprocess.DEVNULL).returncode
        finally:
            run_layers.end_processes_of(env["HOME"])


# ---- what it comes to


def figure(round_, path):
    """One number of one round; None where it was not measured or the system does not tell."""
    value = round_
    for key in path:
        value = (value or {}).get(key)
    if isinstance(value, list):
        value = statistics.median(value) if value else None
    return None if value is None or value < 0 else value


def summarize(kernel, floor, path, factor):
    """(median, median of its ratios to the floor of the same round), either may be None."""
    pairs = [(figure(mine, path), figure(base, path)) for mine, base in zip(kernel["rounds"], floor["rounds"])]
    values = [mine for mine, _ in pairs if mine is not None]
    ratios = [mine / base for mine, base in pairs if mine is not None and base]
    return (statistics.median(values) * factor if values else None, statistics.median(ratios) if ratios else None)


def summary(answers):
    """[(figure's row of FIGURES, {kernel: (value, ratio)})]"""
    floor = answers[0]
    return [(row, {kernel["name"]: summarize(kernel, floor, row[1], row[2]) for kernel in answers})
            for row in FIGURES]


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def shown(value, ratio, unit, is_floor):
    if value is None:
        return "–"
    text = f"{number(value)} {unit}"
    return text if is_floor or ratio is None else f"{text} ({number(ratio)} ×)"


def verdict(row, value, ratio):
    """The goal of DESIGN §7 and whether it was reached."""
    _, _, _, unit, goal_ratio, goal = row
    measured, limit = (ratio, goal_ratio) if goal_ratio else (value, goal)
    if limit is None:
        return ""
    text = f"≤ {limit:g} ×" if goal_ratio else f"≤ {limit:g} {unit}"
    if measured is None:
        return f"{text}: not measured"
    return f"{text}: {'met' if measured <= limit else 'MISSED'}"


def table(rows, names):
    lines = [["", *names, "goal for livy-kernel"]]
    for row, by_kernel in rows:
        lines.append([row[0], *(shown(*by_kernel[name], row[3], name == "floor") for name in names),
                      verdict(row, *by_kernel["livy-kernel"])])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in lines]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def caption(sizes, missing):
    text = (f"{os.cpu_count()} cores, {sizes['rounds']} round(s): {sizes['spawns']} starts, "
            f"{sizes['round_trips']:,} round trips, a burst of {sizes['burst']:,} each; medians of rounds. "
            "The peers take part in the first round only. "
            "The floor is a bare libzmq + HMAC-SHA256 (libsodium) kernel that runs nothing. A round trip is "
            "execute_request until both reply and idle are there; the cell is the same text for all, "
            f"{TRIVIAL!r}. 10 MB are shown by print() in the Python kernels and by %lakehouse cat of a file in "
            "livy-local (5 MB, twice in one cell, TLS included) in livy-kernel. RSS counts shared libraries in "
            "full, PSS their share.")
    return text + (f" Not installed here, so left out: {', '.join(missing)}." if missing else "")


def failures(answers):
    """What must not happen to us and to the floor; a peer's failure is told, not judged."""
    bad = []
    for kernel in answers:
        if kernel["failure"]:
            print(f"tests/bench/run: {kernel['name']}: {kernel['failure']}", file=sys.stderr)
            bad += [kernel["name"]] if kernel["name"] in OURS else []
    return bad


def main():
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=(
        "Measures livy-kernel beside a bare floor, ipykernel and xeus-python; prints a table and writes it "
        "with a picture and the raw figures into build/bench/."))
    parser.add_argument("--quick", action="store_true", help="a smoke of some seconds; its figures say little")
    parser.add_argument("--soak", type=int, metavar="N", help=(
        "instead: N requests to livy-kernel one after the other, which fails when one is not answered in full or "
        "memory grows by more than 1 MB after the first tenth (the history is full after 2,000, so from 30,000 on)"))
    options = parser.parse_args()
    speed = "quick" if options.quick else "full"
    OUT.mkdir(parents=True, exist_ok=True)
    build()
    if options.soak is not None:
        return soak(options.soak)
    answers, missing = measure(speed)
    (OUT / "figures.json").write_text(json.dumps(answers, indent=1))
    rows = summary(answers)
    text = table(rows, [kernel["name"] for kernel in answers])
    note = caption(FULL if speed == "full" else QUICK, missing)
    (OUT / "kernels.md").write_text(f"{text}\n\n{note}\n")
    (OUT / "kernels.svg").write_text(picture.draw(rows))
    print(f"{text}\n\n{note}\n\nAlso in build/bench/: kernels.md, kernels.svg, figures.json.")
    return 1 if failures(answers) else 0


if __name__ == "__main__":
    sys.exit(main())
