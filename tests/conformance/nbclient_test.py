"""nbclient, which executes notebooks for CI, Jupyter Book and others."""

import unittest

import nbclient
import nbformat
from nbclient.exceptions import CellExecutionError

import support

support.install()


def execute(nb, **options):
    return nbclient.NotebookClient(nb, timeout=60, kernel_name=support.KERNEL, **options).execute()


class NbclientTests(unittest.TestCase):
    def test_cells_show_their_results_and_keep_them_for_later_cells(self):
        nb = execute(support.notebook('# Parameters\ntable = "trips"', "%set copy={table}_2", "%vars"))
        self.assertIn("trips_2", support.text_of(nb.cells[2]))
        self.assertEqual([cell.execution_count for cell in nb.cells], [1, 2, 3])

    def test_what_it_saves_is_a_valid_notebook(self):
        nb = execute(support.notebook("%set city=Paris", "%help", "%set a=1 --json", "%livy info", "%nosuchmagic"),
                     allow_errors=True)
        nbformat.validate(nb, relax_add_props=False)
        again = nbformat.reads(nbformat.writes(nb), as_version=4)
        self.assertEqual([cell.outputs for cell in again.cells], [cell.outputs for cell in nb.cells])
        self.assertEqual({output.output_type for cell in nb.cells for output in cell.outputs},
                         {"display_data", "execute_result", "error"})

    def test_the_notebook_learns_the_language_of_its_cells(self):
        nb = execute(support.notebook("%help"))
        self.assertEqual(nb.metadata.language_info["name"], "python")
        self.assertEqual(nb.metadata.language_info["file_extension"], ".py")

    def test_an_error_stops_the_notebook_and_names_the_nearest_magic(self):
        nb = support.notebook("%hlep", "%vars")
        with self.assertRaises(CellExecutionError) as caught:
            execute(nb)
        self.assertIn("%help", str(caught.exception))
        self.assertIsNone(nb.cells[1].execution_count)

    def test_the_kernel_goes_on_after_an_error_when_errors_are_allowed(self):
        nb = execute(support.notebook("%nosuchmagic", "%help"), allow_errors=True)
        self.assertEqual(nb.cells[0].outputs[-1].output_type, "error")
        self.assertIn("%batch", support.text_of(nb.cells[1]))

    def test_plain_code_without_a_session_says_what_to_do_and_starts_nothing(self):
        nb = execute(support.notebook("print('hello')"), allow_errors=True)
        self.assertEqual(nb.cells[0].outputs[-1].output_type, "error")

    def test_a_cell_that_waits_is_interrupted_and_the_next_one_runs(self):
        nb = support.notebook(support.WAITS, "%help")
        client = nbclient.NotebookClient(nb, timeout=3, kernel_name=support.KERNEL, allow_errors=True,
                                         interrupt_on_timeout=True)
        client.execute()
        self.assertEqual(nb.cells[0].outputs[-1].ename, "KeyboardInterrupt")
        self.assertIn("%batch", support.text_of(nb.cells[1]))


if __name__ == "__main__":
    support.main()
