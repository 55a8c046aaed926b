"""jupyter_kernel_test, the protocol's own test suite: everything that a kernel of magics can enable."""

import json
import os
import unittest

import jupyter_kernel_test

import support

support.install()


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

    completion_samples = [
        {"text": "%lakehouse l", "matches": ["ls"]},
        {"text": "%batch mon", "matches": ["monitor"]},
    ]
    complete_code_samples = ["%livy info", "x = 1", "%%payload a.py\nprint(1)\n\n"]
    incomplete_code_samples = ["%%payload a.py\nprint(1)", "%batch submit a.py \\"]
    invalid_code_samples = []
    code_generate_error = "%nosuchmagic"
    code_execute_result = [
        {"code": "%set answer=42 --json", "mime": "application/json"},
        {"code": "%vars --json", "mime": "text/x-json"},
    ]
    code_display_data = [
        {"code": "%help", "mime": "text/markdown"},
        {"code": "%help batch submit", "mime": "text/plain"},
    ]
    supported_history_operations = ("tail", "range", "search")
    code_history_pattern = "%set*"
    code_inspect_sample = "%batch submit"


class LivyIopubWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = support.KERNEL
    support_iopub_welcome = True


if __name__ == "__main__":
    support.main()
