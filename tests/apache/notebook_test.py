"""The same from a notebook: a kernel that Jupyter starts, against a real Apache Livy."""

import os
import sys
import unittest
from pathlib import Path

from jupyter_client import KernelManager

from world import ApacheTestCase, World, set_up_module

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "conformance"))
import support  # noqa: E402

CELL_S = 120
VALUES = ("application/json", "application/vnd.livy-kernel.v1+json")


def setUpModule():
    set_up_module()
    support.install()


class NotebookTests(ApacheTestCase):
    def setUp(self):
        super().setUp()
        folder = World.folder / self._testMethodName
        folder.mkdir()
        env = {**os.environ, "XDG_STATE_HOME": str(folder / "state"), "XDG_CONFIG_HOME": str(folder / "config"),
               "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        self.manager = KernelManager(kernel_name=support.KERNEL)
        self.manager.start_kernel(cwd=str(folder), env=env)
        self.addCleanup(self.manager.shutdown_kernel, now=True)
        self.client = self.manager.client()
        self.client.start_channels()
        self.addCleanup(self.client.stop_channels)
        self.client.wait_for_ready(timeout=CELL_S)
        self.assertEqual(self.cell(f"%livy connect {self.server.url} --kind apache")[0]["status"], "ok")

    def cell(self, code, while_it_runs=lambda message: None, **options):
        """The reply, and the messages on the way."""
        messages = []

        def hook(message):
            messages.append(message)
            while_it_runs(message)
        reply = self.client.execute_interactive(code, timeout=CELL_S, output_hook=hook, **options)
        return reply["content"], messages

    def text(self, messages):
        """What a person read last, as plain text."""
        return "\n".join(message["content"].get("data", {}).get("text/plain", "") +
                         message["content"].get("text", "") + "\n".join(message["content"].get("traceback", []))
                         for message in messages)

    def value(self, messages):
        """The last value that the cell returned to programs."""
        shown = [message["content"].get("data", {}) for message in messages]
        return [data[mime] for data in shown for mime in VALUES if mime in data][-1]

    def test_a_batch_is_submitted_and_followed(self):
        reply, messages = self.cell(f"%batch submit {self.hello} --name noted --arg x --as job\n"
                                    "%batch monitor {job.id}")
        self.assertEqual(reply["status"], "ok", reply)
        self.assertIn("✓ succeeded", self.text(messages))
        self.assertEqual(self.value(messages)["outcome"], "succeeded")
        reply, messages = self.cell("%batch log {job.id}")
        self.assertIn("hello from ['x']", self.text(messages))
        self.assert_one("noted")

    def test_a_failure_is_an_error_with_the_payloads_traceback(self):
        reply, _ = self.cell(f"%batch submit {self.fails} --wait")
        self.assertEqual((reply["status"], reply["ename"]), ("error", "BatchFailed"), reply)
        self.assertIn("ZeroDivisionError: division by zero", "\n".join(reply["traceback"]))

    def test_an_interrupt_leaves_the_batch_and_a_new_kernel_takes_it_up(self):
        def interrupt_when_it_runs(message):
            if "running" in message["content"].get("data", {}).get("text/plain", ""):
                self.manager.interrupt_kernel()
        reply, _ = self.cell(f"%batch submit {self.sleeps} --name taken_up --wait", interrupt_when_it_runs)
        self.assertEqual((reply["status"], reply["ename"]), ("error", "KeyboardInterrupt"), reply)
        number = self.assert_one("taken_up")["id"]
        self.addCleanup(self.server.ask, f"/batches/{number}", "DELETE")
        self.manager.restart_kernel(now=True)
        self.client.wait_for_ready(timeout=CELL_S)
        self.cell(f"%livy connect {self.server.url} --kind apache")
        reply, messages = self.cell("%batch cancel")
        self.assertEqual(reply["status"], "ok", reply)
        self.assertIn("cancelled", self.text(messages))
        self.assertEqual(self.server.ask(f"/batches/{number}").status, 404)

    def test_a_cell_that_only_reads_submits_nothing(self):
        self.cell(f"%batch submit {self.hello} --name silent", store_history=False)
        self.assertEqual(self.server.batches_named("silent"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
