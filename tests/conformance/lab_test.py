"""JupyterLab in a browser: what a person sees and does."""

import contextlib
import sys
import tempfile
import unittest
from pathlib import Path

import nbformat
from playwright.sync_api import expect

import support

sys.path.insert(0, str(support.ROOT / "notebooks"))
import lab_browser as lab  # noqa: E402

support.install()
support.without_spark()
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)


class JupyterLabTests(unittest.TestCase):
    """One server and one browser; every test has a notebook and with it a kernel of its own."""

    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as stack:
            cls.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lk-lab-test-")))
            cls.address, cls.token = stack.enter_context(lab.server(cls.folder))
            cls.page = stack.enter_context(lab.browser_page())
            cls.page.set_default_timeout(TIMEOUT_MS)
            cls.addClassCleanup(stack.pop_all().close)

    def open(self, *cells, view="doc"):
        """Opens a notebook of these cells, alone or (view "lab") in the whole of Lab."""
        self.path = self.folder / f"{self._testMethodName[:60]}.ipynb"
        nbformat.write(support.notebook(*cells), self.path)
        self.page.goto(f"{self.address}{view}/tree/{self.path.name}?token={self.token}")
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        self.page.locator(".jp-KernelName", has_text="Livy (Spark batch)").wait_for()
        self.wait_until_idle()

    def wait_until_idle(self):
        self.page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()

    def cell(self, index):
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(index)

    def outputs(self, index):
        return self.cell(index).locator(".jp-OutputArea-output")

    def prompt_is(self, index, text):
        expect(self.cell(index).locator(".jp-InputPrompt")).to_have_text(f"[{text}]:")

    def edit(self, index):
        """Into the cell's editor, behind its last character."""
        self.cell(index).locator(".cm-content").click()
        self.page.keyboard.press("Control+End")

    def run_cell(self, index):
        self.edit(index)
        self.page.keyboard.press("Control+Enter")

    def press(self, command):
        """A button of the notebook's toolbar."""
        self.page.locator(f".jp-NotebookPanel-toolbar [data-command='{command}']").click()

    def saved(self):
        """The notebook's file, as Lab writes it now."""
        with self.page.expect_response(lambda answer: answer.request.method == "PUT"
                                       and "api/contents" in answer.url):
            self.page.keyboard.press("Control+s")
        return self.path.read_text()

    # ---- run

    def test_the_kernel_is_chosen_by_its_name_cells_run_and_an_error_shows_the_way(self):
        self.open("%set city=Paris", "%help", "%hlep", "%vars")
        for index in range(4):
            self.run_cell(index)
        expect(self.outputs(3).first).to_contain_text("Paris")
        expect(self.outputs(2)).to_contain_text("Did you mean %help?")
        expect(self.outputs(1).locator("table")).to_have_count(1)

    def test_a_value_is_a_tree_whose_nodes_open(self):
        self.open('%set \'trip={"stops": ["Paris", {"city": "Berlin"}]}\' --json')
        self.run_cell(0)
        tree = self.outputs(0)
        expect(tree.locator(".jp-RenderedJSON, .container").first).to_be_visible()
        for name in ("variables", "trip", "stops"):
            expect(tree.get_by_text(name, exact=True)).to_have_count(1)
            tree.get_by_text(name, exact=True).click()
        expect(tree.get_by_text('"Paris"', exact=True)).to_be_visible()

    def test_a_notebook_that_is_run_again_is_saved_byte_for_byte_the_same(self):
        self.open("%set city=Paris", "%help", "%livy connect https://api.fabric.microsoft.com/v1/workspaces/"
                  "11111111-2222-3333-4444-555555555555/lakehouses/66666666-7777-8888-9999-000000000000/"
                  "livyapi/versions/2023-12-01/batches", "%livy info", "%vars")
        saved = []
        for _ in range(2):
            # What the last run has left is marked, so that it is known when it is gone.
            self.outputs(4).evaluate_all("outputs => outputs.forEach(output => output.dataset.old = '')")
            self.press("notebook:restart-run-all")
            self.page.locator(".jp-Dialog .jp-mod-accept").click()
            expect(self.cell(4).locator(".jp-OutputArea-output:not([data-old])")).to_have_count(1)
            expect(self.cell(4).locator("[data-old]")).to_have_count(0)
            self.prompt_is(4, 5)
            self.wait_until_idle()
            saved.append(self.saved())
        self.assertIn("Paris", saved[0])
        self.assertEqual(saved[0], saved[1])

    # ---- interrupt and restart

    def test_a_cell_that_waits_is_interrupted_by_the_button_or_by_two_keys_and_the_next_one_runs(self):
        self.open(support.WAITS, "%set city=Paris")
        for round_, interrupt in enumerate((lambda: self.press("notebook:interrupt-kernel"), self.press_i_twice)):
            self.run_cell(0)
            expect(self.outputs(0).first).to_contain_text("Sign in with your browser")
            self.prompt_is(0, "*")
            interrupt()
            expect(self.outputs(0).last).to_contain_text("KeyboardInterrupt")
            self.prompt_is(0, 2 * round_ + 1)
            self.run_cell(1)
            expect(self.outputs(1).first).to_contain_text("Paris")
            self.prompt_is(1, 2 * round_ + 2)

    def press_i_twice(self):
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("i")
        self.page.keyboard.press("i")

    def test_a_restart_forgets_variables_and_counts_from_one_again(self):
        self.open("%set city=Paris", "%vars")
        self.run_cell(0)
        self.run_cell(1)
        expect(self.outputs(1).first).to_contain_text("Paris")
        self.prompt_is(1, 2)
        self.restart()
        self.run_cell(1)
        self.prompt_is(1, 1)
        expect(self.outputs(1).first).not_to_contain_text("Paris")

    def test_a_restart_ends_a_cell_that_waits(self):
        self.open(support.WAITS, "%set city=Paris")
        self.run_cell(0)
        expect(self.outputs(0).first).to_contain_text("Sign in with your browser")
        self.restart()
        self.run_cell(1)
        self.prompt_is(1, 1)
        expect(self.outputs(1).first).to_contain_text("Paris")

    def restart(self):
        self.press("notebook:restart-kernel")
        self.page.locator(".jp-Dialog .jp-mod-accept").click()
        expect(self.page.locator(".jp-Dialog")).to_have_count(0)
        self.wait_until_idle()

    # ---- typing

    def test_tab_offers_verbs_with_their_type_and_takes_the_chosen_one(self):
        self.open("%batch ")
        self.edit(0)
        self.page.keyboard.press("Tab")
        offered = self.page.locator(".jp-Completer-item")
        expect(offered.locator(".jp-Completer-match", has_text="monitor")).to_be_visible()
        expect(offered.locator(".jp-Completer-typeExtended").first).to_have_text("verb")
        offered.locator(".jp-Completer-match", has_text="monitor").click()
        expect(self.cell(0).locator(".cm-content")).to_have_text("%batch monitor")

    def test_shift_tab_explains_the_magic(self):
        self.open("%batch submit")
        self.edit(0)
        self.page.keyboard.press("Shift+Tab")
        explained = self.page.locator(".jp-Tooltip")
        expect(explained).to_contain_text("submit a payload as a Spark batch, exactly once")
        expect(explained.locator("table")).to_contain_text("--dry-run")

    # ---- progress, and company

    def test_progress_is_one_output_that_changes_in_place(self):
        # As large as an upload may be; the file has no blocks on the disk.
        with open(self.folder / "large.bin", "wb") as file:
            file.truncate(256 << 20)
        self.open(f"{support.CONNECT}\n{support.LOGIN}", "%lakehouse put large.bin Files/")
        self.run_cell(0)
        self.prompt_is(0, 1)
        self.record_outputs_of(1)
        self.run_cell(1)
        self.prompt_is(1, 2)
        seen = self.page.evaluate("window.seen")
        uploading = [texts[0] for texts in seen if texts and "Uploading" in texts[0]]
        self.assertGreater(len(set(uploading)), 1, seen)
        self.assertEqual({len(texts) for texts in seen if texts and "Uploading" in texts[0]}, {1})
        # What it became stands where the progress stood.
        self.assertNotIn("Uploading", "".join(self.outputs(1).all_inner_texts()))
        expect(self.outputs(1).first).to_contain_text("large.bin")

    def record_outputs_of(self, index):
        """Keeps the texts of the cell's outputs, each time that one changes, in window.seen."""
        self.cell(index).evaluate("""cell => {
            window.seen = [];
            new MutationObserver(() => window.seen.push(
                [...cell.querySelectorAll('.jp-OutputArea-output')].map(output => output.innerText)
            )).observe(cell, {subtree: true, childList: true, characterData: true});
        }""")

    def test_a_console_beside_the_notebook_shares_its_kernel(self):
        self.open("%set city=Paris", "%vars", view="lab")
        self.run_cell(0)
        self.prompt_is(0, 1)
        self.page.locator(".lm-MenuBar-itemLabel", has_text="File").click()
        self.page.locator(".lm-Menu-itemLabel", has_text="New Console for Notebook").click()
        console = self.page.locator(".jp-CodeConsole")
        console.locator(".jp-CodeConsole-promptCell .cm-content").click()
        self.page.keyboard.type("%set city=Berlin")
        self.page.keyboard.press("Shift+Enter")
        expect(console.locator(".jp-OutputArea-output table")).to_contain_text("Berlin")
        self.page.goto(f"{self.address}doc/tree/{self.path.name}?token={self.token}")
        self.cell(1).wait_for()
        self.wait_until_idle()
        self.run_cell(1)
        expect(self.outputs(1).first).to_contain_text("Berlin")
        self.prompt_is(1, 3)


if __name__ == "__main__":
    support.main()
