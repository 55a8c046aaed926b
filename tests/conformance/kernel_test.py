"""jupyter_kernel_test, the protocol's own test suite, with everything that a kernel of magics can
enable. Texts and files come out of a lakehouse: the kernel is connected to its local service first.
"""

import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

import jupyter_kernel_test

import support

support.install()
support.without_spark()


class KernelspecTests(unittest.TestCase):
    def test_install_writes_what_the_template_says(self):
        template = (support.ROOT / "kernelspec/kernel.json.in").read_text()
        binary = os.path.realpath(support.BINARY)
        expected = json.loads(template.replace("@LIVY_KERNEL@", binary))
        self.assertEqual(json.loads((support.SPEC_FOLDER / "kernel.json").read_text()), expected)


class LivyKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = support.KERNEL
    language_name = "python"
    file_extension = ".py"

    code_hello_world = "%lakehouse cat Files/hello.txt"
    # Tells where to sign in, and the browser of setUpClass does so.
    code_stderr = "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} --browser"

    completion_samples = [
        {"text": "%ba", "matches": ["batch"]},
        {"text": "%%pay", "matches": ["payload"]},
        {"text": "%lakehouse l", "matches": ["ls"]},
        {"text": "%batch mon", "matches": ["monitor"]},
        {"text": "%batch submit --execu",
         "matches": ["--executor-memory", "--executor-cores"]},
        {"text": "%livy info\nanswer = %batch mon", "matches": ["monitor"]},
        {"text": "%lakehouse ls {fab", "matches": ["fabric"]},
        {"text": "%help batch mon", "matches": ["monitor"]},
        {"text": "%nosuchmagic x", "matches": []},
        {"text": "%%payload a.py\nimport o", "matches": []},
    ]
    complete_code_samples = [
        "%livy info", "x = 1", "x = {'a': [1, 2]}", "# Parameters\na = 1\nb = 'two'",
        "%%payload a.py\nprint(1)\n\n", "%livy info\n%vars", "answer = %vars", "%nosuchmagic",
        "%%payload --help", "print('code for a session')", "# only a comment", "",
    ]
    incomplete_code_samples = [
        "%%payload a.py\nprint(1)", "%batch submit a.py \\", "%livy info\n%batch submit \\", "%%batch",
        "# Parameters\nx = [1,",
    ]
    # A magic with an error in it is complete: running it says what is wrong. No cell can hold this.
    invalid_code_samples = ["%set a=\x00"]
    code_generate_error = "%nosuchmagic"
    code_execute_result = [
        {"code": "%set answer=42 --json", "mime": "application/json",
         "result": {"kind": "variables", "variables": {"answer": 42}}},
        {"code": "%vars answer --json", "mime": "text/x-json"},
        {"code": "%vars answer --json", "mime": "text/plain"},
        {"code": "%livy info", "mime": "application/json"},
        {"code": "%lakehouse ls Files", "mime": "application/json"},
        {"code": "%entra token --for storage", "mime": "text/plain"},
    ]
    code_display_data = [
        {"code": "%help", "mime": "text/markdown"},
        {"code": "%help batch submit", "mime": "text/plain"},
        {"code": "%livy info", "mime": "text/markdown"},
        {"code": "%lakehouse ls Files", "mime": "application/vnd.livy-kernel.v1+json"},
    ]
    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "%set*"
    code_inspect_sample = "%batch submit"
    # No magic takes back what it has shown: progress replaces one display in place (lab_test.py),
    # which does not flicker.
    test_clear_output = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="lk-kernel-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.give_a_browser(Path(folder.name, "bin"))
        hello = Path(folder.name, "hello.txt")
        hello.write_text("hello, world\n")
        super().setUpClass()
        for cell in (support.CONNECT, support.LOGIN, f"%lakehouse put {hello} Files/ --quiet"):
            reply = cls.kc.execute_interactive(cell, timeout=60)
            if reply["content"]["status"] != "ok":
                raise AssertionError(reply["content"])

    @classmethod
    def give_a_browser(cls, folder):
        """The kernel finds xdg-open on PATH, as on a desktop; this one accepts the sign-in."""
        folder.mkdir()
        opener = folder / "xdg-open"
        page = support.ROOT / "tests/conformance/sign_in_page.py"
        opener.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{page}" "$1"\n')
        opener.chmod(0o755)
        os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
        os.environ["BROWSER"] = str(opener)


class LivyIopubWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = support.KERNEL
    support_iopub_welcome = True


if __name__ == "__main__":
    support.main()
