"""The tutorial itself: the notebook runs in a Jupyter client, real Spark writes the table, and a
reader that is not Spark opens and counts it.

LIVY_KERNEL_BIN and LIVY_LOCAL_BIN name the programs. The home folder is expected to be empty.
"""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import nbclient
import nbformat
from deltalake import DeltaTable

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/conformance"))
import support  # noqa: E402

support.install()
CELL_TIMEOUT_S = 300


def lakehouse_tables():
    """The one lakehouse of the local service, as plain folders."""
    home = Path(os.environ["XDG_STATE_HOME"]).parent
    found = {path.parent for path in home.rglob("Tables/green_tripdata_2022")}
    assert len(found) == 1, f"expected one lakehouse, found {found}"
    return found.pop()


class TutorialTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lk-tutorial-")
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run([os.environ["LIVY_LOCAL_BIN"], "--seed-only"], check=True, timeout=180)
        cls.notebook = nbformat.read(ROOT / "notebooks/tutorial.ipynb", as_version=4)
        nbclient.NotebookClient(cls.notebook, timeout=CELL_TIMEOUT_S,
                                resources={"metadata": {"path": cls.folder.name}}).execute()
        cls.cells = {cell.id: cell for cell in cls.notebook.cells}

    def value(self, cell):
        """What a cell's magic returned, as programs read it from the notebook."""
        for output in reversed(self.cells[cell].outputs):
            data = output.get("data", {})
            for mime in ("application/json", "application/vnd.livy-kernel.v1+json"):
                if mime in data:
                    return data[mime]
        self.fail(f"cell {cell} returned no value: {self.cells[cell].outputs}")

    def test_the_payload_is_uploaded_and_saved_beside_the_notebook(self):
        self.assertTrue(Path(self.folder.name, "clean_trips.py").is_file())
        self.assertIn("clean_trips.py", str(self.value("payload")))
        self.assertIn("abfss://", str(self.value("payload")))

    def test_the_batch_succeeds_and_says_so(self):
        self.assertIn("✓ succeeded", support.text_of(self.cells["monitor"]))
        self.assertEqual(self.value("monitor")["outcome"], "succeeded")

    def test_a_finished_batch_shows_its_timeline_as_a_picture(self):
        pictures = [output.data["image/svg+xml"] for output in self.cells["monitor"].outputs
                    if "image/svg+xml" in output.get("data", {})]
        self.assertEqual(len(pictures), 1)

    def test_the_payloads_own_output_is_in_the_log(self):
        self.assertIn("tableName: trips", support.text_of(self.cells["log"]))

    def test_the_new_table_is_listed(self):
        self.assertIn("tripsCleanedTransactions", support.text_of(self.cells["look"]))

    def test_another_reader_finds_the_rows_that_cost_something(self):
        tables = lakehouse_tables()
        source = DeltaTable(tables / "green_tripdata_2022").to_pyarrow_table()
        cleaned = DeltaTable(tables / "tripsCleanedTransactions").to_pyarrow_table()
        self.assertEqual(source.num_rows, 100_000)
        expected = sum(amount is not None and amount > 0 for amount in source["total_amount"].to_pylist())
        self.assertEqual(cleaned.num_rows, expected)
        self.assertLess(cleaned.num_rows, source.num_rows)
        self.assertEqual(cleaned.column_names, source.column_names + ["transaction_year"])
        years = {when.strftime("%Y") for when in cleaned["lpep_pickup_datetime"].to_pylist()}
        self.assertEqual(set(cleaned["transaction_year"].to_pylist()), years)

    def test_no_token_is_in_the_notebook(self):
        text = nbformat.writes(self.notebook)
        self.assertNotIn("eyJ", text)


if __name__ == "__main__":
    support.main()
