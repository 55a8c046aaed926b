"""Captures one whole session of VS Code with the kernel, every message in full, one after the other.

    python wire_capture.py OUT.txt        # readable: to be read line by line against the specification
    python wire_capture.py --golden FILE  # scrubbed: what vscode_test.py compares a session with

The session: start (kernel_info before iopub is connected), the hidden executions that a kernelspec of
language python gets, cells of all kinds, a batch followed live, an error, a question answered in the
box and one escaped, an interrupt of a waiting cell and of a watched batch, restart, close. The batch
runs on livy-local, with a stand-in for Spark. LIVY_KERNEL_BIN names the kernel.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import stand_in_spark
import support
import vscode_client

LOGIN = ("%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} \\\n"
         "    --certificate {fabric.demo.certificate} --key ")
# Waits for a browser that does not come, and needs no network.
WAITS = ("%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c "
         "--client a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --browser")
PASSPHRASE = "correct horse"
BATCH_S = 2


class Recorder:
    """Every message with the time, the channel and the direction."""

    def __init__(self):
        self.entries = []
        self.began = time.monotonic()

    def __call__(self, channel, direction, message):
        self.entries.append((time.monotonic() - self.began, channel, direction, message))

    def note(self, text):
        self.entries.append((time.monotonic() - self.began, None, text, None))


def lock_key(folder):
    """The demo application's key behind a passphrase: what makes a cell ask."""
    key = Path(os.environ["XDG_STATE_HOME"], "livy-local/app-key.pem")
    path = Path(folder, "locked-key.pem")
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-out", path, "-passout", f"pass:{PASSPHRASE}"],
                   check=True)
    path.chmod(0o600)


def answer(session, notebook, index, text):
    """Runs a cell that asks, and answers the box; None escapes it."""
    notebook.start(index)
    session.wait(lambda: session.boxes, what="the input box")
    box = session.boxes.pop()
    box.answer(text) if text is not None else box.escape()
    notebook.finish()
    return box


def start(recorder, process, iopub_after_s=0.0):
    recorder.note(f"spawned: {' '.join(Path(word).name for word in process.popen.args)}")
    session = vscode_client.Session(process, record=recorder, iopub_after_s=iopub_after_s)
    for future in session.start():
        session.wait_done(future)
    recorder.note("the kernel is ready")
    return session


def end(recorder, session):
    session.process.terminate()
    recorder.note("SIGTERM; the sockets are closed")
    session.close()


def whole_session(folder):
    """Runs it and returns (recorder, notebook, its processes): everything has ended by then."""
    recorder = Recorder()
    spec = vscode_client.Kernelspec.find(support.KERNEL)
    first = vscode_client.KernelProcess(spec, folder)
    session = start(recorder, first, iopub_after_s=0.6)

    recorder.note("what a kernelspec of language python would get on top, hidden")
    session.hidden_start()

    notebook = vscode_client.Notebook(
        session, "%help set", "%livy connect local --as fabric", "# a comment\n\n%set table=trips --as kept\n%vars",
        "%%payload job.py\nprint(1)\n", LOGIN + "{fabric.demo.key}", "%%payload job.py\nprint(1)\n",
        "%batch submit job.py --name job", "%batch monitor", "%batch lst", "%vars",
        LOGIN + str(Path(folder, "locked-key.pem")), LOGIN + str(Path(folder, "locked-key.pem")), WAITS,
        "print('plain Python')", "%vars", LOGIN + "{fabric.demo.key}\n%batch submit job.py --name job2 --quiet",
        "%batch monitor")
    recorder.note("Run All: the fourth cell fails, those behind it are never sent")
    notebook.run_all()
    lock_key(folder)
    recorder.note("run from the failed one on: a batch, followed live, then a cell that fails")
    notebook.run(*range(4, 10))
    recorder.note("a cell that asks: answered in the box")
    answer(session, notebook, 10, PASSPHRASE)
    recorder.note("the same: Escape")
    answer(session, notebook, 11, None)
    recorder.note("a cell that waits, and one behind it: interrupted")
    notebook.start(12, 9)
    session.wait(lambda: notebook.cells[12].outputs, what="a sign of life")
    session.interrupt()
    notebook.finish()
    recorder.note("plain Python")
    notebook.run(13)
    recorder.note("a batch is watched: interrupted")
    notebook.run(15)
    notebook.start(16)
    session.wait(lambda: notebook.cells[16].outputs, what="the progress")
    session.interrupt()
    notebook.finish()

    recorder.note("restart: in the middle of a cell, the successor at once")
    notebook.start(12)
    session.wait(lambda: notebook.cells[12].outputs, what="a sign of life")
    end(recorder, session)
    second = first.successor()
    session = start(recorder, second)
    first.wait_gone()
    notebook.attach(session)
    notebook.run(14)
    recorder.note("close")
    end(recorder, session)
    second.wait_gone()
    return recorder, notebook, [first, second]


# ---- as text to read


def indented(value, key):
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return f"    {key:<9} " + text.replace("\n", "\n" + " " * 14) + "\n"


def readable(recorder):
    lines = []
    for offset, channel, direction, message in recorder.entries:
        if message is None:
            lines.append(f"\n==== {offset:9.6f}  {direction}\n")
            continue
        arrow = "VS Code → kernel" if direction == "sent" else "kernel → VS Code"
        lines.append(f"\n{offset:9.6f}  {channel:<8} {arrow}  {message['header']['msg_type']}\n")
        lines.append(f"    idents    {message['idents']}   buffers {len(message['buffers'])}\n")
        for key, name in (("header", "header"), ("parent_header", "parent"), ("metadata", "metadata"),
                          ("content", "content")):
            lines.append(indented(message[key], name))
    return "".join(lines)


# ---- as a golden file


def form(value, depth):
    """The keys of an object, and of the objects in it: "data(text/plain) metadata() transient()"."""
    words = []
    for key in sorted(value):
        inner = value[key]
        words.append(f"{key}({form(inner, depth - 1)})" if isinstance(inner, dict) and depth else key)
    return " ".join(words)


def outline(message):
    """One line of what is the same in every session: the form, and the words that a client acts on."""
    content = message["content"]
    told = [str(content[key]) for key in ("execution_state", "name", "ename", "password") if key in content]
    metadata = form(message["metadata"], 0)
    return " ".join([message["channel"], message["header"]["msg_type"], *told, "|", form(content, 1),
                     *([f"| {metadata}"] if metadata else [])])


def golden(recorder):
    """Every request with all that it led to, in the order of each channel: how the channels interleave
    is nobody's promise, nor how often a batch is looked at, nor how often VS Code has to ask for
    kernel_info until it hears the kernel."""
    unasked, exchanges, by_id = [], [], {}
    for _, channel, direction, message in recorder.entries:
        if message is None:
            continue
        led_by = by_id.get(message["parent_header"].get("msg_id"))
        if direction == "sent" and channel != "stdin":
            code = message["content"].get("code")
            led_by = {"request": outline(message) + (f" | {json.dumps(code.split('--key')[0])}" if code else ""),
                      "iopub": [], channel: [], "stdin": []}
            exchanges.append(led_by)
        elif led_by is None:
            unasked.append(outline(message))
        elif led_by[channel][-1:] != [outline(message)]:
            led_by[channel].append(outline(message))
        by_id[message["header"]["msg_id"]] = led_by
    blocks = ["\n".join(["without a request", *(f"    {line}" for line in unasked)])]
    for exchange in exchanges:
        request = exchange.pop("request")
        answers = [line for channel in ("iopub", "stdin", "shell", "control") for line in exchange.get(channel, [])]
        block = "\n".join([request, *(f"    {line}" for line in answers)])
        if "kernel_info" not in block or block not in blocks:
            blocks.append(block)
    return "\n".join(blocks) + "\n"


def main():
    support.install()
    with tempfile.TemporaryDirectory(prefix="lk-capture-") as folder, stand_in_spark.local_service(folder, BATCH_S):
        recorder, _, _ = whole_session(folder)
    if sys.argv[1] == "--golden":
        Path(sys.argv[2]).write_text(golden(recorder))
    else:
        Path(sys.argv[1]).write_text(readable(recorder))


if __name__ == "__main__":
    main()
