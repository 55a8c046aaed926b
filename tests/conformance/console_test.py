"""jupyter console, driven through a terminal as a person would."""

import os
import sys
import unittest

import pexpect

import support

support.install()


class ConsoleTests(unittest.TestCase):
    def setUp(self):
        self.console = pexpect.spawn(
            sys.executable, ["-m", "jupyter_console", "--kernel", support.KERNEL, "--simple-prompt"],
            encoding="utf-8", timeout=40, dimensions=(40, 200), env={**os.environ, "TERM": "dumb"})
        self.console.expect(r"In \[1\]:")

    def tearDown(self):
        self.console.close(force=True)

    def test_the_banner_names_the_kernel_and_magics_run(self):
        self.assertIn("Livy (Spark batch)", self.console.before)
        self.console.sendline('%set city="New York"')
        self.console.expect(r"In \[2\]:")
        self.console.sendline("%vars")
        self.console.expect("New York")
        self.console.expect(r"In \[3\]:")

    def test_an_error_shows_its_next_step_and_the_prompt_comes_back(self):
        self.console.sendline("%hlep")
        self.console.expect("%help")
        self.console.expect(r"In \[2\]:")
        self.console.sendline("%help")
        self.console.expect("%batch")

    def test_it_ends_at_once_when_the_console_does(self):
        self.console.sendline("%help")
        self.console.expect(r"In \[2\]:")
        self.console.sendeof()
        self.console.expect("really want to exit")
        self.console.sendline("y")
        self.console.expect(pexpect.EOF)
        self.console.wait()
        self.assertEqual(self.console.exitstatus, 0)


if __name__ == "__main__":
    support.main()
