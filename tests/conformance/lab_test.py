"""JupyterLab in a browser: what a person sees and does."""

import sys
import tempfile
import unittest
from pathlib import Path

import nbformat

import support

sys.path.insert(0, str(support.ROOT / "notebooks"))
import lab_browser as lab  # noqa: E402

support.install()
TIMEOUT_MS = 60_000


class JupyterLabTests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="lk-lab-test-")
        self.addCleanup(self.folder.cleanup)
        cells = ["%set city=Paris", "%help", "%hlep", "%vars"]
        nbformat.write(support.notebook(*cells), Path(self.folder.name, "test.ipynb"))
        address, token = self.enterContext(lab.server(self.folder.name))
        self.page = self.enterContext(lab.browser_page())
        self.page.set_default_timeout(TIMEOUT_MS)
        self.page.goto(f"{address}doc/tree/test.ipynb?token={token}")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell")
        self.page.locator(".jp-KernelName", has_text="Livy (Spark batch)").wait_for()
        self.page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")

    def outputs(self, index):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index).locator(".jp-OutputArea-output")

    def run_cell(self):
        """Shift+Enter runs the selected cell and selects the next."""
        self.page.keyboard.press("Shift+Enter")

    def test_the_kernel_is_chosen_by_its_name_cells_run_and_an_error_shows_the_way(self):
        self.page.locator(".jp-Notebook .jp-CodeCell").nth(0).click()
        self.page.keyboard.press("Escape")
        for _ in range(4):
            self.run_cell()
        self.outputs(3).first.wait_for()
        self.assertIn("Paris", self.outputs(3).all_inner_texts()[0])
        self.assertIn("%help", "\n".join(self.outputs(2).all_inner_texts()))
        self.assertGreater(self.outputs(1).locator("table, code, pre").count(), 0)


if __name__ == "__main__":
    support.main()
