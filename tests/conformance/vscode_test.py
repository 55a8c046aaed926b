"""VS Code, as a scripted client that does what the extension does (vscode_client.py): start, hidden
executions, cells, input box, interrupt, restart, close, and the ends that a kernel must not outlive."""

import contextlib
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import nbformat

import stand_in_spark
import support
import wire_capture
from vscode_client import Kernelspec, KernelProcess, Notebook, Session

support.install()
GOLDEN = support.ROOT / "tests/data/jupyter/vscode_session.txt"
PROGRESS_TYPES = {"text/markdown", "text/plain", "application/vnd.livy-kernel.v1+json"}
WAITS = wire_capture.WAITS
GONE_S = 0.2
RESTARTS = 200


def ended_at_once(pid, timeout_s):
    """Whether a process that need not be our child ends in time."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], timeout_s)[0])
    finally:
        os.close(process)


def processes_naming(text):
    """Those with text in their command line, as a connection file's folder is in a kernel's."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text.encode() in path.read_bytes():
                found.append(int(path.parent.name))
    return found


class VsCodeTests(unittest.TestCase):
    """A folder for the notebook, with a space and more than ASCII in its name."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory(prefix="lk vscode ü-"))
        self.spec = Kernelspec.find(support.KERNEL)

    def process(self, **how):
        process = KernelProcess(how.pop("spec", self.spec), self.folder, **how)
        self.addCleanup(process.close)
        return process

    def connect(self, process, **how):
        session = Session(process, **how)
        self.addCleanup(session.close)
        return session

    def ready(self, **how):
        session = self.connect(self.process(**how))
        session.start()
        return session

    def waiting(self, session, *behind):
        """A notebook whose first cell waits for a browser; behind: cells that wait for it."""
        notebook = Notebook(session, WAITS, *behind)
        notebook.start(*range(len(notebook.cells)))
        session.wait(lambda: notebook.cells[0].outputs, what="a sign of life")
        return notebook

    def assert_well(self, session):
        notebook = Notebook(session, "%vars")
        self.assertEqual(notebook.run_all(), [True])
        self.assertEqual(session.dropped, [])
        self.assertEqual(len(session.kernel_sessions), 1)


class StartTests(VsCodeTests):
    def sockets_of(self, pid):
        """Of a process: the ports of loopback that it listens on, those that others are connected to,
        and whatever else goes to a network. libzmq uses IPv6's sockets for both families."""
        inodes = set()
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(link)))
        listening, connected, other = set(), set(), []
        for family in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "packet"):
            with contextlib.suppress(FileNotFoundError):
                for line in Path(f"/proc/{pid}/net/{family}").read_text().splitlines()[1:]:
                    words = line.split()
                    if words[-1 if family == "packet" else 9] not in inodes:
                        continue
                    address, _, port = words[1].partition(":")
                    if family not in ("tcp", "tcp6") or not address.endswith("0100007F"):
                        other.append(line)
                    else:
                        (listening if words[3] == "0A" else connected).add(int(port, 16))
        return listening, connected, other

    def test_the_kernel_of_an_opened_notebook_listens_on_its_five_ports_and_does_nothing_else(self):
        home = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="lk-home-")))
        names = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")
        process = self.process(env={**os.environ, **{name: str(home) for name in names}})
        session = self.connect(process)
        session.start()
        listening, connected, other = self.sockets_of(process.pid)
        ports = {port for name, port in process.connection.items() if name.endswith("_port")}
        self.assertEqual(listening, ports)
        self.assertLessEqual(connected, ports)  # the client's connections, taken in
        self.assertEqual(other, [])
        self.assertEqual(list(home.iterdir()), [])
        self.assertEqual(list(Path(self.folder).iterdir()), [process.connection_file])
        self.assertEqual(process.said(), "")

    def test_requests_sent_before_anybody_listens_on_iopub_wait_for_the_listener(self):
        session = self.connect(self.process(), iopub_after_s=0.6)
        for future in session.start():
            session.wait_done(future)
            self.assertEqual(future.story(), ["busy", "idle"])
        self.assert_well(session)

    def test_a_listener_that_comes_too_late_for_the_first_requests_is_served_all_the_same(self):
        session = self.connect(self.process(), iopub_after_s=1.6)
        asked = session.start()
        self.assertEqual(asked[-1].story(), ["busy", "idle"])
        session.wait(lambda: all(future.reply for future in asked), what="the replies to the others")
        self.assert_well(session)

    def test_many_kernel_info_requests_on_both_channels_are_each_answered(self):
        session = self.ready()
        asked = [session.request(channel, "kernel_info_request", {}) for channel in ("shell", "control") * 50]
        for future in asked:
            self.assertEqual(session.wait_done(future)["status"], "ok")
            self.assertEqual(future.story(), ["busy", "idle"])

    def test_kernel_info_is_what_colours_the_cells_and_the_same_in_every_version(self):
        self.assertEqual(self.ready().info["language_info"], {
            "name": "python", "version": "3", "mimetype": "text/x-python", "file_extension": ".py",
            "pygments_lexer": "ipython3", "codemirror_mode": {"name": "ipython", "version": 3},
            "nbconvert_exporter": "python"})

    def test_the_end_of_stdin_is_not_the_end_of_the_kernel(self):
        session = self.ready()
        session.process.popen.stdin.close()
        self.assert_well(session)
        self.assertTrue(session.process.is_running())


class HiddenTests(VsCodeTests):
    """The other column: a user's own kernelspec with language python."""

    def assert_nothing_came_of_it(self, future):
        self.assertEqual(future.reply["content"]["status"], "ok")
        self.assertLessEqual(set(future.story()), {"busy", "execute_input", "idle"})

    def test_python_that_vs_code_runs_behind_the_scenes_does_nothing_and_is_not_counted(self):
        session = self.ready(spec=self.spec.with_language("python"))
        for future in session.hidden[:-1]:
            self.assert_nothing_came_of_it(future)
        self.assertEqual(session.hidden[-1].reply["content"]["matches"], [])
        notebook = Notebook(session, "%set a=1", "%vars")
        self.assertEqual(notebook.run_all(), [True, True])
        self.assertEqual([cell.execution_count for cell in notebook.cells], [1, 2])
        self.assertEqual(session.dropped, [])

    def test_a_hidden_execution_never_acts(self):
        session = self.ready()
        for code in ("%set a=1", "b = 2", "%livy connect local", WAITS, "%%payload job.py\nprint(1)\n",
                     "%batch submit job.py", "%nosuchmagic", "%set", "import sys; print(sys.executable)"):
            with self.subTest(code=code):
                future = session.execute(code, hidden=True)
                session.wait_done(future)
                self.assert_nothing_came_of_it(future)
        self.assertEqual(list(Path(self.folder).iterdir()), [session.process.connection_file])
        notebook = Notebook(session, "%vars")
        notebook.run_all()
        self.assertIn("No variables yet", notebook.text(0))

    def test_suggestions_asked_for_while_a_cell_waits_come_when_it_has_ended(self):
        session = self.ready(spec=self.spec.with_language("python"))
        notebook = self.waiting(session)
        hidden = [session.execute("__jupyter_exec_background__(1)", hidden=True) for _ in range(3)]
        session.interrupt()
        notebook.finish()
        for future in hidden:
            session.wait_done(future)
            self.assert_nothing_came_of_it(future)
        self.assertEqual(session.dropped, [])


class CellTests(VsCodeTests):
    KINDS = ("%help", "# words only", "# first a comment\n\n%set city=\"Sankt Pölten\" --as kept\n%vars",
             "# Parameters\ntable = \"trips\"\nrows = 7", "%set copy={table}_{rows}", "%vars --json",
             "%%payload job.py --no-upload\nprint('ä', 1)\n", "%help batch submit", "%livy info --help")

    def run_kinds(self):
        session = self.ready()
        notebook = Notebook(session, *self.KINDS)
        self.assertEqual(notebook.run_all(), [True] * len(self.KINDS))
        self.assertEqual(session.dropped, [])
        self.assertEqual(notebook.lost_updates, [])
        session.process.terminate()
        session.process.wait_gone()
        self.assertEqual(session.process.said(), "")
        return notebook

    def test_cells_of_every_kind_run_and_what_is_saved_is_a_notebook(self):
        notebook = self.run_kinds()
        saved = notebook.saved()
        nbformat.validate(nbformat.from_dict(saved))
        self.assertEqual([cell["execution_count"] for cell in saved["cells"]],
                         list(range(1, len(self.KINDS) + 1)))
        self.assertIn("trips_7", notebook.text(5))
        self.assertEqual(saved["cells"][1]["outputs"], [])
        self.assertEqual(Path(self.folder, "job.py").read_text(), "print('ä', 1)\n")
        for cell in saved["cells"]:
            for output in cell["outputs"]:
                data = output.get("data", {})
                self.assertIn("text/plain", data)
                self.assertNotIsInstance(data.get("application/json", {}), list)  # an array would be blank

    def test_the_same_cells_run_again_leave_the_notebook_as_it_was(self):
        self.assertEqual(json.dumps(self.run_kinds().saved()), json.dumps(self.run_kinds().saved()))

    def test_a_cell_that_fails_stops_run_all_and_says_what_to_do(self):
        session = self.ready()
        notebook = Notebook(session, "%set a=1", "%hlep", "%vars")
        self.assertEqual(notebook.run_all(), [True, False, None])
        error = notebook.cells[1].outputs[-1]
        self.assertEqual(error["output_type"], "error")
        self.assertIn("%help", "\n".join(error["traceback"]))
        reply = notebook.future.reply["content"]
        self.assertEqual({key: reply[key] for key in ("ename", "evalue", "traceback")},
                         {key: error[key] for key in ("ename", "evalue", "traceback")})
        self.assertEqual(notebook.run(2), [True, False, True])


class InterruptTests(VsCodeTests):
    def test_an_interrupt_ends_the_waiting_cell_tells_what_became_of_it_and_drops_those_behind(self):
        session = self.ready()
        notebook = self.waiting(session, "%vars")
        self.assertLess(session.interrupt(), 1)
        self.assertEqual(notebook.finish(timeout_s=5), [False, None])
        error = notebook.cells[0].outputs[-1]
        self.assertEqual(error["ename"], "KeyboardInterrupt")  # else VS Code shows a pop-up
        self.assertIn("Nobody is signed in", error["traceback"][0])
        self.assertIn("Run the cell again", error["traceback"][-1])
        self.assert_well(session)

    def test_an_interrupt_when_nothing_runs_is_answered_and_hits_no_later_cell(self):
        session = self.ready()
        for _ in range(5):
            session.interrupt()
            self.assert_well(session)

    def test_interrupts_sent_again_and_again_do_no_harm(self):
        session = self.ready()
        notebook = self.waiting(session)
        impatient = [session.request("control", "interrupt_request", {}) for _ in range(5)]
        notebook.finish(timeout_s=5)
        for future in impatient:
            session.wait_done(future)
        self.assert_well(session)


class InputTests(VsCodeTests):
    """The box at the top of the window, asked for by an encrypted key."""

    CERTIFICATE = ("req", "-x509", "-newkey", "rsa:2048", "-subj", "/CN=test", "-passout", "pass:right")

    def setUp(self):
        super().setUp()
        subprocess.run(["openssl", *self.CERTIFICATE, "-keyout", "key.pem", "-out", "certificate.pem"],
                       cwd=self.folder, check=True, stderr=subprocess.DEVNULL)
        os.chmod(Path(self.folder, "key.pem"), 0o600)
        self.session = self.ready()
        self.notebook = Notebook(
            self.session, "%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c --client "
            "a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --certificate certificate.pem --key key.pem", "%vars")

    def asked(self):
        self.notebook.start(0)
        self.session.wait(lambda: self.session.boxes, what="the input box")
        return self.session.boxes.pop()

    def ename(self):
        self.notebook.finish()
        return self.notebook.cells[0].outputs[-1]["ename"]

    def test_what_is_typed_reaches_the_cell_and_stays_out_of_the_notebook(self):
        box = self.asked()
        self.assertTrue(box.masked)
        box.answer("wrong horse")
        self.assertNotEqual(self.ename(), "KeyboardInterrupt")
        self.assertNotIn("wrong horse", json.dumps(self.notebook.saved()))

    def test_escape_is_an_interrupt(self):
        self.asked().escape()
        self.assertEqual(self.ename(), "KeyboardInterrupt")

    def test_the_late_answers_of_a_box_that_is_gone_answer_no_later_question(self):
        """VS Code cancels the prompt of a cell that has ended, which sends an empty answer."""
        gone = self.asked()
        self.session.interrupt()
        self.assertEqual(self.ename(), "KeyboardInterrupt")
        gone.escape()  # while nobody asks
        box = self.asked()
        gone.escape()  # while another question waits: it would end that cell
        box.answer("wrong horse")
        self.assertNotEqual(self.ename(), "KeyboardInterrupt")
        gone.escape()
        self.assertEqual(self.notebook.run(1)[1], True)


class WholeSessionTests(unittest.TestCase):
    """One whole session against livy-local, looked at from several sides."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="lk-vscode-"))
        cls.state = cls.enterClassContext(stand_in_spark.local_service(folder, wire_capture.BATCH_S))
        cls.recorder, cls.notebook, cls.processes = wire_capture.whole_session(folder)
        cls.sent, cls.received = (
            [message for _, _, way, message in cls.recorder.entries if message and way == direction]
            for direction in ("sent", "received"))
        for process in cls.processes:
            cls.addClassCleanup(process.close)

    def test_it_goes_as_the_golden_one(self):
        self.maxDiff = None
        self.assertEqual(wire_capture.golden(self.recorder), GOLDEN.read_text(),
                         "When this is meant: wire_capture.py --golden tests/data/jupyter/vscode_session.txt")

    def test_no_two_messages_are_the_same_and_each_process_has_one_session(self):
        ids = [message["header"]["msg_id"] for message in self.received]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(len({message["header"]["session"] for message in self.received}), len(self.processes))

    def test_parents_are_the_headers_as_they_were_sent(self):
        headers = {message["header"]["msg_id"]: message["header"] for message in self.sent}
        for message in self.received:
            parent = message["parent_header"]
            if parent:
                self.assertEqual(parent, headers[parent["msg_id"]])

    def test_progress_is_one_display_with_the_same_types_from_first_to_last_in_its_own_cell(self):
        shown = [message for message in self.received
                 if message["content"].get("transient", {}).get("display_id")]
        self.assertGreaterEqual(len(shown), 4)
        parents = {}
        for message in shown:
            content = message["content"]
            parents.setdefault(content["transient"]["display_id"], set()).add(message["parent_header"]["msg_id"])
            self.assertEqual(set(content["data"]), PROGRESS_TYPES)
            self.assertEqual(content["metadata"], {})
        self.assertGreaterEqual(len(parents), 2)
        self.assertEqual({len(cells) for cells in parents.values()}, {1})
        self.assertEqual(self.notebook.lost_updates, [])
        self.assertIn("✓ succeeded", self.notebook.text(7))

    def test_updates_come_at_most_twice_a_second(self):
        times = {}
        for offset, _, way, message in self.recorder.entries:
            if message and way == "received" and message["header"]["msg_type"] == "update_display_data":
                display = message["content"]["transient"]["display_id"]
                times.setdefault(display, []).append(offset)
        watched = max(times.values(), key=len)
        gaps = sorted(later - earlier for earlier, later in zip(watched, watched[1:]))
        self.assertGreater(gaps[len(gaps) // 2], 0.45)

    def test_the_prompt_is_masked_and_the_cell_points_at_the_box(self):
        requests = [message["content"] for message in self.received if message["header"]["msg_type"] == "input_request"]
        self.assertEqual([content["password"] for content in requests], [True, True])
        for index in (10, 11):
            self.assertRegex(self.notebook.text(index), "^Waiting for .* at the top of the window")

    def test_escape_in_the_box_ends_the_cell_as_an_interrupt_would(self):
        self.assertTrue(self.notebook.cells[10].success)
        error = self.notebook.cells[11].outputs[-1]
        self.assertEqual(error["ename"], "KeyboardInterrupt")
        self.assertIn("Run the cell again", error["traceback"][-1])

    def test_an_interrupted_watch_says_that_the_batch_goes_on(self):
        error = self.notebook.cells[16].outputs[-1]
        self.assertEqual(error["ename"], "KeyboardInterrupt")
        self.assertIn("Stopped watching batch 'job2'. The batch goes on.", error["traceback"][0])
        self.assertIn("%batch monitor", error["traceback"][-1])

    def test_a_restart_leaves_the_local_service_and_its_batches_alone(self):
        """VS Code sends SIGTERM to everything below the kernel, too."""
        self.assertFalse(ended_at_once(stand_in_spark.service_pid(self.state), 0))

    def test_the_connection_files_are_left_to_their_owner(self):
        for process in self.processes:
            self.assertEqual(json.loads(process.connection_file.read_text()), process.connection)

    def test_what_is_saved_is_a_notebook_and_holds_no_secret(self):
        saved = self.notebook.saved()
        nbformat.validate(nbformat.from_dict(saved))
        secret = (self.state / "livy-local/app-secret").read_text().strip()
        everything = json.dumps([message["content"] for message in self.received]) + json.dumps(saved)
        self.assertNotIn(wire_capture.PASSPHRASE, everything)
        self.assertNotIn(secret, everything)
        self.assertNotRegex(everything, r"eyJ[\w-]{10,}\.[\w-]{10,}")  # a token

    def test_nothing_was_written_to_the_jupyter_log(self):
        self.assertEqual([process.said() for process in self.processes], ["", ""])


class EndTests(VsCodeTests):
    """What VS Code sends is SIGTERM, and never more; the successor starts beside whatever is left."""

    def to_idle(self, session):
        session.start()

    def to_waiting(self, session):
        session.start()
        self.waiting(session)

    def to_queue(self, session):
        session.start()
        for _ in range(50):
            session.execute("%vars")

    def to_printing(self, session):
        session.start()
        session.execute("%help\n" * 3000)
        session.wait(lambda: session.iopub_seen > 20, what="some output")

    def to_starting(self, session):
        pass

    def test_after_200_restarts_at_random_instants_nothing_is_left_and_each_took_0_2_s(self):
        """The time is that from the signal to the end of the process. 19 of 20 have to keep the promise:
        the sanitizers' build on a machine that does other work may be kept from its processor for
        that long, and 200 tries would find it. The others get ten times as much."""
        seed = random.randrange(1 << 32)
        chance = random.Random(seed)
        states = [self.to_starting, self.to_starting, self.to_idle, self.to_waiting, self.to_queue, self.to_printing]
        times = []
        process = KernelProcess(self.spec, self.folder)
        for _ in range(RESTARTS):
            session = Session(process)
            chance.choice(states)(session)
            time.sleep(chance.uniform(0, 0.1 if process.spawned_at > time.monotonic() - 0.05 else 0.03))
            session.close()
            successor = process.successor()  # the client does not wait, so it is there before the other ends
            process.terminate()
            times.append(process.wait_gone())
            self.assertIn(process.popen.returncode, (0, -signal.SIGTERM), f"seed {seed}: {process.said()}")
            self.assertEqual(process.said(), "", f"seed {seed}")
            self.assertTrue(process.connection_file.exists())
            process.close()
            process = successor
        self.connect(process).start()
        process.terminate()
        process.wait_gone()
        process.close()
        self.assertEqual(processes_naming(self.folder), [], f"seed {seed}")
        times.sort()
        self.assertLess(times[len(times) * 19 // 20], GONE_S, f"seed {seed}: {times[-20:]}")
        self.assertLess(times[-1], 10 * GONE_S, f"seed {seed}")

    def test_a_port_that_is_taken_is_told_and_keeps_no_kernel_from_ending(self):
        waiting, stopped = self.process(start=False), self.process(start=False)
        for process in (waiting, stopped):
            taken = self.enterContext(socket.socket())
            taken.bind(("127.0.0.1", process.connection["control_port"]))
            taken.listen()
            process.start()
        self.assertFalse(ended_at_once(stopped.pid, 0.5))  # it tries again for some seconds
        stopped.terminate()
        self.assertLess(stopped.wait_gone(), 1)
        self.assertEqual(waiting.popen.wait(30), 1)
        self.assertRegex(waiting.said(), r"\Alivy-kernel: [^\n]*in use\n\Z")

    def test_it_ends_when_the_extension_host_is_killed(self):
        for code in ("", WAITS):
            with self.subTest(code=code):
                host = subprocess.Popen([sys.executable, Path(__file__).with_name("vscode_client.py"), self.folder, code],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
                kernel = json.loads(host.stdout.readline())
                self.assertFalse(ended_at_once(kernel["pid"], 0))
                host.kill()
                host.wait()
                host.stdout.close()
                self.assertTrue(ended_at_once(kernel["pid"], 3))
                self.assertTrue(Path(kernel["connection_file"]).exists())

    def test_it_ends_itself_alone_and_not_its_process_group(self):
        session = self.ready()
        self.assertEqual(os.getpgid(session.process.pid), os.getpgrp())
        neighbour = subprocess.Popen(["sleep", "60"])
        try:
            self.waiting(session)
            session.process.terminate()
            session.process.wait_gone()
            self.assertIsNone(neighbour.poll())
        finally:
            neighbour.kill()
            neighbour.wait()


class ArgumentTests(unittest.TestCase):
    """Editors run a binary with arguments of their own to find out what it is."""

    def answer(self, *arguments, best_of=3):
        """(exit code, stdout, stderr) with a stdin that never ends; the best time of some tries."""
        took = []
        for _ in range(best_of):
            began = time.monotonic()
            with subprocess.Popen([support.BINARY, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as process:
                out, errors = process.stdout.read(), process.stderr.read()
                code = process.wait(10)
                took.append(time.monotonic() - began)
                process.stdin.close()
        self.assertLess(min(took), 1)
        return code, out, errors

    def test_what_is_not_ours_gets_the_usage_and_a_failure_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder, "get_interpreter_info.py")
            script.write_text("raise SystemExit('run')\n")
            for arguments in (["-I", script, script], [], ["-c", "print(1)"], ["-f"], ["-f", "a", "b"],
                              ["-m", "ipykernel_launcher", "-f", "a"], ["--frobnicate"], [""]):
                with self.subTest(arguments=arguments):
                    code, out, errors = self.answer(*arguments)
                    self.assertEqual(code, 2)
                    self.assertIn("livy-kernel", errors)
                    self.assertEqual(out, "")

    def test_its_version_is_told(self):
        code, out, errors = self.answer("--version")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(out, r"^livy-kernel \d+\.\d+\.\d+\n$")

    def test_a_connection_file_that_is_missing_or_no_such_thing_is_told_in_one_line(self):
        with tempfile.TemporaryDirectory() as folder:
            bad = {"missing": None, "empty": "", "garbage": "\x00\xff{", "array": "[]", "no ports": "{}",
                   "folder": None}
            for name, text in bad.items():
                with self.subTest(name=name):
                    path = Path(folder, name)
                    if text is not None:
                        path.write_text(text)
                    if name == "folder":
                        path.mkdir()
                    code, out, errors = self.answer("-f", path)
                    self.assertEqual((code, out), (1, ""))
                    self.assertRegex(errors, r"\Alivy-kernel: [^\n]+\n\Z")
                    self.assertIn(str(path), errors)


if __name__ == "__main__":
    support.main()
