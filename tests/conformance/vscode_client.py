"""VS Code's Jupyter extension, as far as a kernel can tell: how it starts, asks, listens and ends one.

The facts are those of the real client seen running (raw kernels, extension 2026.6.1). Nothing of
jupyter_client is used but ZeroMQ itself: this client decodes as strictly as the extension's decoder,
for which one malformed message ends the channel for the session.

    spec = Kernelspec.find("livy")
    process = KernelProcess(spec, folder)        # spawn, connection file, SIGTERM
    session = Session(process)                   # the sockets, kernel_info, futures
    notebook = Notebook(session, "%help", "%vars")
    notebook.run_all()                           # one cell at a time
    notebook.saved()                             # what the .ipynb would hold

`python vscode_client.py FOLDER CODE` is an extension host of its own, for tests that kill one.
"""

import collections
import datetime
import glob
import hashlib
import hmac
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import zmq

PATIENCE_S = 30
INTERRUPT_S = 10  # jupyter.jupyterInterruptTimeout
ASK_AGAIN_S = 0.5  # kernel_info at start
CHANNELS = ("shell", "control", "stdin", "iopub")
PORTS = ("shell", "control", "stdin", "iopub", "hb")
DELIMITER = b"<IDS|MSG>"


class ChannelDead(AssertionError):
    """A message that the extension's decoder throws at: the notebook would be dead from here on."""


# ---- the wire


def strict_json(frame, what):
    def refuse(value):
        raise ChannelDead(f"{what}: {value} is no JSON")

    def unique(pairs):
        if len({key for key, _ in pairs}) < len(pairs):
            raise ChannelDead(f"{what}: a key twice in {pairs}")
        return dict(pairs)

    try:
        value = json.loads(frame.decode("utf-8"), parse_constant=refuse, object_pairs_hook=unique)
        json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair could not be saved
    except ValueError as error:
        raise ChannelDead(f"{what}: {error}: {frame[:200]}") from error
    if not isinstance(value, dict):
        raise ChannelDead(f"{what} is no object: {frame[:200]}")
    return value


def sign(key, parts):
    if not key:
        return b""
    digest = hmac.new(key.encode(), digestmod=hashlib.sha256)
    for part in parts:
        digest.update(part)
    return digest.hexdigest().encode()


def encode(message, key):
    parts = [json.dumps(message[name], ensure_ascii=False, separators=(",", ":")).encode()
             for name in ("header", "parent_header", "metadata", "content")]
    return [DELIMITER, sign(key, parts), *parts]


# What JupyterLab's validation, which the extension uses, wants to find.
HEADER_FIELDS = ("msg_id", "msg_type", "session", "username", "version", "date")
IOPUB_FIELDS = {
    "stream": {"name": str, "text": str},
    "display_data": {"data": dict, "metadata": dict},
    "update_display_data": {"data": dict, "metadata": dict, "transient": dict},
    "execute_input": {"code": str, "execution_count": int},
    "execute_result": {"execution_count": int, "data": dict, "metadata": dict},
    "error": {"ename": str, "evalue": str, "traceback": list},
    "status": {"execution_state": str},
    "clear_output": {"wait": bool},
    "comm_close": {"comm_id": str},
    "shutdown_reply": {"restart": bool},
    "iopub_welcome": {"subscription": str},
}
STATES = ("starting", "idle", "busy", "restarting", "dead")


def check_fields(channel, message):
    header, content = message["header"], message["content"]
    for name in HEADER_FIELDS:
        if not isinstance(header.get(name), str):
            raise ChannelDead(f"a header without {name}: {header}")
    try:
        date = datetime.datetime.fromisoformat(header["date"].replace("Z", "+00:00"))
    except ValueError:
        date = None
    if not date or date.tzinfo is None:
        raise ChannelDead(f"no ISO 8601 date with a zone: {header}")
    if channel != "iopub":
        return
    for name, kind in IOPUB_FIELDS.get(header["msg_type"], {}).items():
        if not isinstance(content.get(name), kind):
            raise ChannelDead(f"{header['msg_type']} without {name}: {content}")
    if header["msg_type"] == "status" and content["execution_state"] not in STATES:
        raise ChannelDead(f"no state that a client knows: {content}")


def decode(channel, frames, key):
    if DELIMITER not in frames:
        raise ChannelDead(f"{channel}: no delimiter in {frames}")
    at = frames.index(DELIMITER)
    if len(frames) - at < 6:
        raise ChannelDead(f"{channel}: too few frames: {frames}")
    if sign(key, frames[at + 2:at + 6]) != frames[at + 1]:
        raise ChannelDead(f"{channel}: a wrong signature: {frames}")
    message = {"channel": channel, "idents": frames[:at], "buffers": frames[at + 6:]}
    for name, frame in zip(("header", "parent_header", "metadata", "content"), frames[at + 2:]):
        message[name] = strict_json(frame, f"{channel}: {name}")
    check_fields(channel, message)
    return message


# ---- the process


class Kernelspec:
    """kernel.json as the extension's finder reads it."""

    def __init__(self, path):
        self.path = Path(path)
        self.json = json.loads(self.path.read_text())

    @classmethod
    def find(cls, name):
        for root in os.environ["JUPYTER_PATH"].split(os.pathsep):
            for path in glob.glob(f"{root}/kernels/**/kernel.json", recursive=True):
                if Path(path).parent.name == name:
                    return cls(path)
        raise FileNotFoundError(f"no kernelspec '{name}' on JUPYTER_PATH")

    def with_language(self, language):
        """The same kernel under a kernelspec that a user wrote."""
        other = Kernelspec(self.path)
        other.json["language"] = language
        return other

    @property
    def is_python(self):
        return self.json["language"].lower() == "python"

    def argv(self, connection_file):
        """{connection_file} as an item of its own is replaced as it is; inside another, a path with
        spaces gets quotes that no shell takes off again."""
        assert "{connection_file}" in self.json["argv"], self.json
        folder = str(self.path.parent)
        return [str(connection_file) if item == "{connection_file}" else item.replace("{resource_dir}", folder)
                for item in self.json["argv"]]


_port = random.randrange(10_000, 30_000)  # below what the system hands out by itself


def free_port():
    """A port that nobody listens on and that this process never gives out twice."""
    global _port
    while True:
        _port = _port + 1 if _port < 32_000 else 10_000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", _port))
            except OSError:
                continue
            return _port


def connection(kernel_name):
    return {"key": str(uuid.uuid4()), "signature_scheme": "hmac-sha256", "transport": "tcp",
            "ip": "127.0.0.1", "kernel_name": kernel_name,
            **{f"{port}_port": free_port() for port in PORTS}}


def descendants(pid):
    found = []
    for children in glob.glob(f"/proc/{pid}/task/*/children"):
        try:
            found += map(int, Path(children).read_text().split())
        except OSError:
            pass  # the thread has ended
    return [below for child in found for below in (*descendants(child), child)]


class KernelProcess:
    """Spawned plainly: in the client's own process group, in the notebook's folder, with a pipe for
    stdin and no JPY_PARENT_PID. SIGTERM is all that ever ends it."""

    def __init__(self, spec, folder, env=None, runtime=None, start=True):
        runtime = Path(runtime or folder)
        self.spec, self._arguments = spec, (folder, env, runtime)
        self.connection = connection(spec.path.parent.name)
        self.connection_file = runtime / f"kernel-v3{uuid.uuid4().hex}.json"
        self.connection_file.write_text(json.dumps(self.connection))
        self.connection_file.chmod(0o600)
        if start:
            self.start()

    def start(self):
        folder, env, _ = self._arguments
        env = dict(os.environ if env is None else env, **self.spec.json.get("env", {}))
        env.pop("JPY_PARENT_PID", None)
        self._said = tempfile.TemporaryFile()
        self.spawned_at = time.monotonic()
        self.popen = subprocess.Popen(self.spec.argv(self.connection_file), cwd=folder, env=env,
                                      stdin=subprocess.PIPE, stdout=self._said, stderr=self._said)
        self.pid = self.popen.pid
        self._ended = os.pidfd_open(self.pid)

    def successor(self):
        return KernelProcess(self.spec, *self._arguments)

    def said(self):
        """stdout and stderr: what the Jupyter log would show."""
        self._said.seek(0)
        return self._said.read().decode()

    def terminate(self):
        """As the extension disposes of a kernel: its children first, then the kernel itself."""
        for pid in descendants(self.pid):
            os.kill(pid, signal.SIGTERM)
        self.terminated_at = time.monotonic()
        os.kill(self.pid, signal.SIGTERM)

    def wait_gone(self, timeout_s=PATIENCE_S):
        """Seconds from terminate() to the end of the process."""
        if not select.select([self._ended], [], [], timeout_s)[0]:
            raise AssertionError(f"kernel {self.pid} is still there {timeout_s} s after SIGTERM")
        took = time.monotonic() - self.terminated_at
        self.popen.wait()
        return took

    def is_running(self):
        return self.popen.poll() is None

    def close(self):
        """Not VS Code: a test's own tidying up."""
        if self.is_running():
            self.popen.kill()
        self.popen.wait()
        self.popen.stdin.close()
        self._said.close()
        os.close(self._ended)


# ---- messages


class Future:
    """A request that was sent: done after its reply *and* the idle of it, in either order."""

    def __init__(self, message):
        self.message = message
        self.reply = None
        self.iopub = []
        self.is_idle = False

    @property
    def msg_id(self):
        return self.message["header"]["msg_id"]

    @property
    def done(self):
        return self.reply is not None and self.is_idle

    def story(self):
        """Its iopub messages by type, statuses by state."""
        return [message["content"].get("execution_state") or message["header"]["msg_type"]
                for message in self.iopub]


class InputBox:
    """The box at the top of the window. It can be answered or escaped once, also too late."""

    def __init__(self, session, request):
        self._session = session
        self.request = request
        self.prompt = request["content"]["prompt"]
        self.masked = request["content"]["password"]
        self.open = True

    def answer(self, text):
        self.open = False
        self._session.send("stdin", "input_reply", {"value": text, "status": "ok"},
                           parent=self.request["header"])

    def escape(self):
        self.answer("")


class Session:
    """The sockets of one kernel process. One thread."""

    def __init__(self, process, record=None, iopub_after_s=0.0):
        self.process = process
        self.session_id = str(uuid.uuid4())
        self.username = "vscode"
        self.record = record  # called with (channel, "sent" or "received", message)
        self.futures = {}
        self.running = None  # the future of the running cell
        self.notebook = None
        self.boxes = []
        self.dropped = []  # iopub messages that no cell would show
        self.kernel_sessions = set()
        self.iopub_seen = 0
        self.closed = False
        self._open(iopub_after_s)

    def _open(self, iopub_after_s):
        self.zmq = zmq.Context()
        self.poller = zmq.Poller()
        self.sockets = {}
        routing_id = str(uuid.uuid4()).encode()
        for channel in CHANNELS:
            handle = self.zmq.socket(zmq.SUB if channel == "iopub" else zmq.DEALER)
            handle.linger = 0
            handle.rcvhwm = 0
            if channel == "iopub":
                handle.subscribe(b"")
            else:
                handle.sndhwm = 0
                handle.routing_id = routing_id
            self.sockets[channel] = handle
            self.poller.register(handle, zmq.POLLIN)
            if channel != "iopub":
                self._connect(channel)
        self._iopub_at = time.monotonic() + iopub_after_s
        self._iopub_connected = False
        self._connect_iopub()

    def _connect(self, channel):
        self.sockets[channel].connect(f"tcp://127.0.0.1:{self.process.connection[f'{channel}_port']}")

    def _connect_iopub(self):
        if not self._iopub_connected and time.monotonic() >= self._iopub_at:
            self._connect("iopub")
            self._iopub_connected = True

    def close(self):
        if not self.closed:
            self.zmq.destroy(linger=0)
        self.closed = True

    # -- sending

    def send(self, channel, msg_type, content, parent=None, metadata=None):
        message = {
            "channel": channel, "idents": [], "buffers": [],
            "header": {"date": datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
                       .replace("+00:00", "Z"),
                       "msg_id": str(uuid.uuid4()), "msg_type": msg_type, "session": self.session_id,
                       "username": self.username, "version": "5.2"},
            "parent_header": parent or {}, "metadata": metadata or {}, "content": content}
        if self.record:
            self.record(channel, "sent", message)
        self.sockets[channel].send_multipart(encode(message, self.process.connection["key"]))
        return message

    def request(self, channel, msg_type, content, metadata=None):
        future = Future(self.send(channel, msg_type, content, metadata=metadata))
        self.futures[future.msg_id] = future
        return future

    def execute(self, code, cell_id=None, hidden=False):
        """A cell's code; hidden: one of the executions that nobody typed (kernelspecs of python)."""
        return self.request("shell", "execute_request", {
            "code": code, "silent": False, "store_history": not hidden, "user_expressions": {},
            "allow_stdin": True, "stop_on_error": False}, metadata={"cellId": cell_id} if cell_id else {})

    # -- receiving

    def pump(self, timeout_s):
        """Handles what has come, waiting up to timeout_s for the first of it."""
        self._connect_iopub()
        if not self._iopub_connected:
            timeout_s = min(timeout_s, max(0.0, self._iopub_at - time.monotonic()))
        ready = dict(self.poller.poll(max(0, timeout_s) * 1000))
        for channel in CHANNELS:
            if self.sockets[channel] in ready:
                frames = self.sockets[channel].recv_multipart()
                self._dispatch(decode(channel, frames, self.process.connection["key"]))

    def wait(self, condition, timeout_s=PATIENCE_S, what="it"):
        deadline = time.monotonic() + timeout_s
        while not condition():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"waited {timeout_s} s for {what}; the kernel said: {self.process.said()}")
            self.pump(min(left, 1.0))

    def wait_done(self, future, timeout_s=PATIENCE_S):
        self.wait(lambda: future.done, timeout_s,
                  f"{future.message['header']['msg_type']} (reply: {future.reply is not None}, "
                  f"iopub: {' '.join(future.story())})")
        return future.reply["content"]

    def _dispatch(self, message):
        if self.record:
            self.record(message["channel"], "received", message)
        self.kernel_sessions.add(message["header"]["session"])
        if message["channel"] == "iopub":
            self._on_iopub(message)
        elif message["channel"] == "stdin":
            self.boxes.append(InputBox(self, message))
        else:
            self._on_reply(message)

    def _on_reply(self, message):
        future = self.futures.get(message["parent_header"].get("msg_id"))
        if not future or future.message["channel"] != message["channel"] or future.reply:
            raise AssertionError(f"a reply that nobody asked for: {message}")
        future.reply = message
        self._settle(future)

    def _on_iopub(self, message):
        self.iopub_seen += 1
        future = self.futures.get(message["parent_header"].get("msg_id"))
        is_status = message["header"]["msg_type"] == "status"
        if not future:
            # Before the first request there are a status "starting" and the welcome.
            if message["parent_header"] or not (is_status or message["header"]["msg_type"] == "iopub_welcome"):
                self.dropped.append(message)
            return
        future.iopub.append(message)
        if is_status:
            future.is_idle = future.is_idle or message["content"]["execution_state"] == "idle"
        elif self.running is future and self.notebook:
            self.notebook.show(message)
        elif future.message["content"].get("store_history"):
            self.dropped.append(message)  # of a cell that has ended
        self._settle(future)

    def _settle(self, future):
        if future.done and self.running is future:
            self.running = None
            # The prompt of a cell that has ended is cancelled, which answers it with nothing.
            for box in self.boxes:
                if box.open and box.request["parent_header"].get("msg_id") == future.msg_id:
                    box.escape()

    # -- what VS Code does

    def start(self):
        """kernel_info on both channels, again and again until something came on iopub and a reply;
        then once more, for language_info."""
        asked, ask_at = [self.request("shell", "kernel_info_request", {})], 0.0
        deadline = time.monotonic() + PATIENCE_S
        while not (self.iopub_seen and any(future.reply for future in asked)):
            if time.monotonic() >= ask_at:
                asked += [self.request(channel, "kernel_info_request", {}) for channel in ("control", "shell")]
                ask_at = time.monotonic() + ASK_AGAIN_S
            if time.monotonic() > deadline:
                raise AssertionError(f"no kernel_info_reply; the kernel said: {self.process.said()}")
            self.pump(ask_at - time.monotonic())
        last = self.request("shell", "kernel_info_request", {})
        self.wait_done(last)
        self.info = last.reply["content"]
        if self.info["status"] != "ok":  # VS Code would rewrite the notebook's metadata for ever
            raise AssertionError(f"kernel_info_reply: {self.info}")
        if self.process.spec.is_python:
            self.hidden_start()
        return [*asked, last]

    # What is sent to a kernelspec of language python, in the extension's own shape.
    HIDDEN = (
        "try:\n    import ipywidgets as _VSCODE_ipywidgets\n"
        "    print(\"e976ee50-99ed-4aba-9b6b-9dcd5634d07d:IPyWidgets:\")\n"
        "    print(_VSCODE_ipywidgets.__version__)\nexcept:\n    pass",
        "%config Completer.use_jedi = False\n__vsc_ipynb_file__ = \"/home/somebody/trips.ipynb\"\n"
        "try:\n    import matplotlib as _VSCODE_matplotlib\n"
        "    del _VSCODE_matplotlib\nexcept:\n    pass",
    )

    def hidden_start(self):
        self.hidden = [self.execute(code, hidden=True) for code in self.HIDDEN]
        self.hidden.append(self.request("shell", "complete_request", {"code": "__file__.", "cursor_pos": 9}))
        for future in self.hidden:
            self.wait_done(future)

    def interrupt(self):
        """One interrupt_request; the waiting cells are gone at once. Seconds until it was done: VS
        Code waits that long for the reply and its idle."""
        if self.notebook:
            self.notebook.drop_waiting()
        began = time.monotonic()
        self.wait_done(self.request("control", "interrupt_request", {}), INTERRUPT_S)
        return time.monotonic() - began

    def restart(self, record=None):
        """SIGTERM and nothing else. The successor has a connection of its own and does not wait."""
        self.process.terminate()
        self.close()
        return Session(self.process.successor(), record=record or self.record)


# ---- the notebook


class Cell:
    def __init__(self, code):
        self.code = code
        self.clear()

    def clear(self):
        self.outputs = []
        self.execution_count = None
        self.success = None
        self.shown_later = False  # clear_output(wait) waits for the next output


class Notebook:
    """Cells, the running of them one at a time, and their outputs as VS Code keeps and saves them."""

    def __init__(self, session, *codes, name="trips.ipynb"):
        self.name = name
        self.cells = [Cell(code) for code in codes]
        self.displays = {}  # display_id: the output; of the whole notebook
        self.lost_updates = []
        self.attach(session)

    def attach(self, session):
        self.session = session
        session.notebook = self
        self.waiting = collections.deque()
        self.current = None

    # -- running

    def run_all(self):
        return self.run(*range(len(self.cells)))

    def run(self, *indices):
        """Runs them one after the other; those behind a failed one are never sent."""
        self.start(*indices)
        return self.finish()

    def start(self, *indices):
        self.waiting.extend(self.cells[index] for index in indices)
        self._next()

    def finish(self, timeout_s=PATIENCE_S):
        while self.current:
            self.session.wait(lambda: self.future.done, timeout_s, f"the end of {self.current.code!r}: "
                              f"{self.future.story()}")
            self._end_cell()
        return [cell.success for cell in self.cells]

    def _next(self):
        if not self.waiting:
            return
        self.current = cell = self.waiting.popleft()
        cell.clear()
        cell_id = f"vscode-notebook-cell:{self.session.process.connection_file.parent}/{self.name}#W{self.cells.index(cell)}sZmlsZQ%3D%3D"
        self.future = self.session.execute(cell.code, cell_id)
        self.session.running = self.future

    def _end_cell(self):
        reply = self.future.reply["content"]
        self.current.success = reply["status"] != "error"
        self.current.execution_count = reply.get("execution_count", self.current.execution_count)
        ended, self.current = self.current, None
        if ended.success:
            self._next()
        else:
            self.drop_waiting()

    def drop_waiting(self):
        self.waiting.clear()

    # -- showing

    def show(self, message):
        kind, content = message["header"]["msg_type"], message["content"]
        cell = self.current
        if kind == "execute_input":
            cell.execution_count = content["execution_count"]
        elif kind == "clear_output":
            cell.shown_later = content["wait"]
            if not content["wait"]:
                cell.outputs.clear()
        elif kind == "update_display_data":
            self._update(message)
        elif kind in ("stream", "display_data", "execute_result", "error"):
            if cell.shown_later:
                cell.outputs.clear()
                cell.shown_later = False
            self._add(cell, kind, content)

    def _add(self, cell, kind, content):
        last = cell.outputs[-1] if cell.outputs else {}
        if kind == "stream":
            if last.get("output_type") == "stream" and last["name"] == content["name"]:
                last["text"] += content["text"]
            else:
                cell.outputs.append({"output_type": "stream", "name": content["name"], "text": content["text"]})
            return
        output = {"output_type": kind, **{key: value for key, value in content.items() if key != "transient"}}
        cell.outputs.append(output)
        display_id = content.get("transient", {}).get("display_id")
        if kind == "display_data" and display_id:
            self.displays[display_id] = output

    def _update(self, message):
        content = message["content"]
        output = self.displays.get(content["transient"].get("display_id"))
        if output is None:
            self.lost_updates.append(message)
            return
        output["data"], output["metadata"] = content["data"], content["metadata"]

    # -- saving

    def saved(self):
        """The .ipynb: keys sorted, nothing transient."""
        spec = self.session.process.spec
        notebook = {
            "cells": [{"cell_type": "code", "id": f"cell-{index}", "execution_count": cell.execution_count,
                       "metadata": {}, "outputs": cell.outputs, "source": cell.code}
                      for index, cell in enumerate(self.cells)],
            "metadata": {"kernelspec": {"display_name": spec.json["display_name"],
                                        "language": spec.json["language"], "name": spec.path.parent.name},
                         "language_info": self.session.info["language_info"]},
            "nbformat": 4, "nbformat_minor": 5}
        return json.loads(json.dumps(notebook, sort_keys=True))

    def text(self, index):
        """What a reader sees in a cell, as plain text."""
        parts = []
        for output in self.cells[index].outputs:
            parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
            parts.extend(output.get("traceback", []))
        return "\n".join(parts)


def main():
    """An extension host: starts a kernel, runs a cell, says so, and waits for its end."""
    folder, code = sys.argv[1:]
    process = KernelProcess(Kernelspec.find("livy"), folder)
    session = Session(process)
    session.start()
    notebook = Notebook(session, code)
    if code:
        notebook.start(0)
        session.wait(lambda: notebook.cells[0].outputs, what="the cell's first output")
    print(json.dumps({"pid": process.pid, "connection_file": str(process.connection_file)}), flush=True)
    while True:
        session.pump(3600)


if __name__ == "__main__":
    main()
