"""papermill, which runs notebooks with parameters: they arrive as variables."""

import json
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

    def test_every_type_of_json_arrives_as_it_was_given(self):
        given = {
            "nothing": None, "yes": True, "no": False, "zero": 0, "negative": -7, "large": 2 ** 53 + 1,
            "small": 1.5e-9, "minus": -0.25, "empty": "", "accents": "Zürich · 東京 · 🚕",
            "quotes": 'a "b" \\ c \'d\'', "lines": "one\ntwo\tthree", "braces": "{table} {{x}}",
            "list": [1, "two", None, [True, {"deep": []}]],
            "dict": {"a": {"b": [1.5, {"c": None}]}, "with space": "x", "empty": {}},
        }
        own = "\n".join(f"{name} = 'none'" for name in given)
        nb = self.run_with(given, f"# Parameters\n{own}", "%vars --json")
        variables = nb.cells[-1].outputs[-1]["data"]["application/json"]["variables"]
        # As text, 1, 1.0 and true differ.
        self.assertEqual({name: json.dumps(variables[name], sort_keys=True) for name in given},
                         {name: json.dumps(value, sort_keys=True) for name, value in given.items()})

    def test_a_number_that_json_does_not_know_fails_the_run_and_names_it(self):
        with self.assertRaises(papermill.PapermillExecutionError) as caught:
            self.run_with({"rate": float("inf")}, "# Parameters\nrate = 1.0", "%vars")
        self.assertIn("rate", str(caught.exception))

    def test_a_failing_cell_fails_the_run(self):
        with self.assertRaises(papermill.PapermillExecutionError):
            self.run_with({}, "%set x=1", "%nosuchmagic")


if __name__ == "__main__":
    support.main()
