"""papermill, which runs notebooks with parameters: they arrive as variables."""

import os
import tempfile
import unittest
from pathlib import Path

import nbformat
import papermill

import support

support.install()


class PapermillTests(unittest.TestCase):
    def run_with(self, parameters, *cells):
        with tempfile.TemporaryDirectory() as folder:
            source, result = Path(folder, "in.ipynb"), Path(folder, "out.ipynb")
            nbformat.write(support.notebook(*cells, tags={0: ["parameters"]}), source)
            os.chdir(folder)
            try:
                papermill.execute_notebook(source, result, parameters, kernel_name=support.KERNEL,
                                           progress_bar=False, execution_timeout=60)
            finally:
                os.chdir(support.ROOT)
            return nbformat.read(result, 4)

    def test_parameters_replace_the_notebooks_own_values(self):
        nb = self.run_with({"table": "trips", "rows": 7, "dry": True},
                           '# Parameters\ntable = "none"\nrows = 1\ndry = False', "%set name={table}_{rows}", "%vars")
        self.assertIn("injected-parameters", nb.cells[1].metadata.tags)
        shown = support.text_of(nb.cells[-1])
        self.assertIn("trips_7", shown)

    def test_a_string_with_quotes_and_backslashes_arrives_whole(self):
        nb = self.run_with({"text": 'a "b" \\ c'}, '# Parameters\ntext = ""', "%vars --json")
        values = nb.cells[-1].outputs[-1]["data"]["application/json"]
        self.assertIn('a "b" \\ c', str(values).replace("\\\\", "\\"))

    def test_a_failing_cell_fails_the_run(self):
        with self.assertRaises(papermill.PapermillExecutionError):
            self.run_with({}, "%set x=1", "%nosuchmagic")


if __name__ == "__main__":
    support.main()
