"""jupyter_kernel_test, the protocol's own test suite, with everything that a kernel of magics can
enable. Texts and files come out of a lakehouse: the kernel is connected to its local service first.
"""

import json
import os
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
    # A text over the ceiling of a cell, which says so.
    code_stderr = "%lakehouse cat Files/long.txt --bytes 4000000"
    code_page_something = "%batch submit?"

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
        {"code": "%livy info --json", "mime": "application/json"},
        {"code": "%lakehouse ls Files --json", "mime": "application/json"},
        {"code": "%entra token --for storage --json", "mime": "text/plain"},
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
        hello, long = Path(folder.name, "hello.txt"), Path(folder.name, "long.txt")
        hello.write_text("hello, world\n")
        long.write_text("x\n" * 2_000_000)  # each line of its own in a notebook
        super().setUpClass()
        for cell in (support.CONNECT, support.LOGIN, f"%lakehouse put {hello} Files/ --quiet",
                     f"%lakehouse put {long} Files/ --quiet"):
            reply = cls.kc.execute_interactive(cell, timeout=60)
            if reply["content"]["status"] != "ok":
                raise AssertionError(reply["content"])


class LivyIopubWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = support.KERNEL
    support_iopub_welcome = True


if __name__ == "__main__":
    support.main()
