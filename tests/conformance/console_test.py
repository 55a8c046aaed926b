"""jupyter console in a terminal, as a person has it: keys go in, and what counts is on the screen."""

import os
import re
import sys
import tempfile
import time
import unittest

import pexpect
import pyte
from jupyter_client import KernelManager

import support

support.install()
TIMEOUT_S = 40
ROWS, COLUMNS = 60, 120
TAB, ENTER, UP, CTRL_C, CTRL_D = "\t", "\r", "\x1b[A", "\x03", "\x04"


class Terminal:
    """A jupyter console and its screen."""

    def __init__(self, folder, *options):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.Stream(self.screen)
        self.process = pexpect.spawn(
            sys.executable, ["-m", "jupyter_console", *options], encoding="utf-8", cwd=folder,
            dimensions=(ROWS, COLUMNS), env={**os.environ, "TERM": "xterm", "NO_AT_BRIDGE": "1"})
        # The prompt asks where the cursor is; a terminal answers.
        self.screen.write_process_input = self.process.send

    def type(self, keys):
        self.process.send(keys)

    def text(self):
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def wait_for(self, pattern):
        """Reads on until the screen shows it; a blank line says where the screen ends."""
        deadline = time.monotonic() + TIMEOUT_S
        while not re.search(pattern, self.text()):
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} is not on the screen:\n{self.text()}")
            try:
                self.stream.feed(self.process.read_nonblocking(65536, timeout=1))
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                raise AssertionError(f"it ended before {pattern!r}:\n{self.text()}") from None

    def wait_for_line(self, text):
        """Until the last line is exactly this: what the prompt and the typed text make."""
        self.wait_for(rf"(?:^|\n){re.escape(text)} ?$")

    def prompt(self, number):
        self.wait_for_line(f"In [{number}]:")

    def run(self, cell, number):
        """Runs a cell of one line, typed at prompt number; returns the screen with its outputs."""
        self.type(cell + ENTER)
        self.prompt(number + 1)
        return self.text()

    def leave(self):
        """Answers yes to the last question and waits for the end; returns the exit code."""
        self.type(CTRL_D)
        self.wait_for("really want to exit")
        self.type("y" + ENTER)
        self.process.expect(pexpect.EOF, timeout=TIMEOUT_S)
        self.process.close()
        return self.process.exitstatus


class ConsoleTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lk-console-test-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.console = self.start("--kernel", support.KERNEL)
        self.console.prompt(1)

    def start(self, *options):
        console = Terminal(self.folder, *options)
        self.addCleanup(console.process.close, force=True)
        return console

    # ---- running

    def test_the_banner_names_the_kernel_and_magics_run(self):
        self.assertIn("Livy (Spark batch)", self.console.text())
        self.console.run('%set city="New York"', 1)
        shown = self.console.run("%vars", 2)
        self.assertRegex(shown.split("In [2]:")[1], r'city +"New York"')

    def test_an_error_shows_its_next_step_and_the_prompt_comes_back(self):
        self.assertIn("Next: Did you mean %help?", self.console.run("%hlep", 1))
        self.assertIn("%batch submit", self.console.run("%help", 2))

    def test_it_ends_at_once_when_the_console_does(self):
        self.console.run("%vars", 1)
        self.assertEqual(self.console.leave(), 0)

    def test_a_cell_that_waits_is_interrupted_by_control_c_and_the_next_one_runs(self):
        self.console.type(support.WAITS + ENTER)
        self.console.wait_for("https://login.microsoftonline.com/")
        self.console.type(CTRL_C)
        self.console.wait_for("KeyboardInterrupt: Stopped waiting for the browser")
        self.console.prompt(2)
        self.assertRegex(self.console.run("%set n=12345", 2), r"n +12345")

    def test_a_password_is_asked_for_and_does_not_show(self):
        locked = support.ROOT / "tests/fuzz/corpus/certificate/locked.pem"
        self.console.type(f"%entra login --tenant contoso.example --client {'6' * 8}-7777-8888-9999-{'0' * 12} "
                          f"--certificate {locked} --thumbprint {'0' * 40}" + ENTER)
        self.console.wait_for("Password of the private key:")
        self.console.type("open sesame" + ENTER)
        self.console.wait_for("ThumbprintMismatch")
        self.console.prompt(2)
        self.assertNotIn("sesame", self.console.text())

    # ---- typing

    def test_tab_completes_a_magic_and_then_its_verb(self):
        self.console.type("%ba" + TAB)
        self.console.wait_for_line("In [1]: %batch")
        self.console.type(" su" + TAB)
        self.console.wait_for_line("In [1]: %batch submit")

    def test_tab_offers_what_may_come_next_and_tab_again_takes_one(self):
        self.console.type("%batch " + TAB)
        self.console.wait_for(r"submit +list")
        self.console.type("mon" + TAB)
        self.console.wait_for(r"In \[1\]: %batch monitor")

    def test_tab_completes_options_and_variables(self):
        self.console.run("%set lakehouse_of_ada=1", 1)
        self.console.type("%batch submit --num" + TAB)
        self.console.wait_for_line("In [2]: %batch submit --num-executors")
        self.console.type(" {lak" + TAB)
        self.console.wait_for_line("In [2]: %batch submit --num-executors {lakehouse_of_ada")

    def test_arrow_up_brings_the_last_cells_back(self):
        self.console.run("%set first=1", 1)
        self.console.run("%set second=2", 2)
        self.console.type(UP)
        self.console.wait_for_line("In [3]: %set second=2")
        self.console.type(UP)
        self.console.wait_for_line("In [3]: %set first=1")
        self.console.type(ENTER)
        self.console.prompt(4)

    def test_a_payload_is_typed_line_by_line_until_a_blank_one(self):
        self.console.type("%%payload two.py --no-upload" + ENTER)
        self.console.wait_for(r"In \[1\]: %%payload two\.py --no-upload\n +\.\.\.: ?$")
        self.console.type("print(1)" + ENTER)
        self.console.wait_for(r"print\(1\)\n +\.\.\.: ?$")
        self.console.type("print(2)" + ENTER + ENTER)
        self.console.prompt(2)
        with open(f"{self.folder}/two.py", encoding="utf-8") as text:
            self.assertEqual(text.read(), "print(1)\nprint(2)\n")

    def test_a_backslash_continues_a_line_and_nothing_else_does(self):
        self.console.type("%set a=1 \\" + ENTER)
        self.console.wait_for(r"%set a=1 \\\n +\.\.\.: ?$")
        self.console.type("b=2" + ENTER)
        self.console.prompt(2)
        self.assertRegex(self.console.text(), r"b +2")


class AttachedConsoleTests(unittest.TestCase):
    """A console beside another client, such as a notebook, on the same kernel."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lk-console-test-")
        self.addCleanup(folder.cleanup)
        manager = KernelManager(kernel_name=support.KERNEL)
        manager.start_kernel(cwd=folder.name)
        self.addCleanup(manager.shutdown_kernel, now=True)
        self.other = manager.client()
        self.other.start_channels()
        self.addCleanup(self.other.stop_channels)
        self.other.wait_for_ready(timeout=TIMEOUT_S)
        self.execute("%set city=Paris")
        self.console = Terminal(folder.name, "--existing", manager.connection_file,
                                "--ZMQTerminalInteractiveShell.include_other_output=True")
        self.addCleanup(self.console.process.close, force=True)

    def execute(self, cell):
        reply = self.other.execute_interactive(cell, timeout=TIMEOUT_S, output_hook=lambda _: None)
        self.assertEqual(reply["content"]["status"], "ok")

    def test_it_has_the_variables_and_the_history_of_the_other_and_leaves_it_the_kernel(self):
        self.console.wait_for(r"In \[\d+\]: ?$")
        self.console.type(UP)
        self.console.wait_for(r"In \[\d+\]: %set city=Paris$")
        self.console.type("\x15%vars" + ENTER)
        self.console.wait_for(r'city +"Paris"')
        self.console.prompt(3)
        self.assertEqual(self.console.leave(), 0)
        self.execute("%vars")

    def test_it_shows_what_the_other_runs_when_it_is_told_to(self):
        self.console.wait_for(r"In \[\d+\]: ?$")
        self.execute("%set city=Berlin")
        self.console.wait_for(r'%set city=Berlin\n+Remote Name +Value\ncity +"Berlin"')


if __name__ == "__main__":
    support.main()
