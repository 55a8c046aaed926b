"""Executes a notebook through nbclient and shows its cells in the terminal as they end.

usage: show.py SOURCE.ipynb RESULT.ipynb

Writes the executed notebook and, beside it, an HTML page. Exits with 1 when a cell failed; what ran
until then is shown and written all the same.
"""

import os
import re
import shutil
import sys
import time
import warnings
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter

CELL_TIMEOUT_S = 600
SHOWN_LINES = 24


def styled(code, text):
    return f"\033[{code}m{text}\033[0m" if sys.stdout.isatty() else text


def indented(text, bar):
    lines = text.rstrip("\n").split("\n")
    if len(lines) > SHOWN_LINES:
        cut = len(lines) - SHOWN_LINES
        lines = lines[:SHOWN_LINES] + [f"… {cut} more lines, in the saved notebook"]
    return "\n".join(f"{bar} {line}" for line in lines)


def plain(text):
    """Without colours."""
    return re.sub(r"\033\[[0-9;]*m", "", text)


def output_text(output):
    if output.output_type == "error":
        return "\n".join(output.traceback) or f"{output.ename}: {output.evalue}"
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def worth_showing(outputs):
    """What people read. The JSON behind a table, and the picture of its numbers, stay in the notebook."""
    read = [output for output in outputs
            if output.output_type in ("stream", "error") or "text/markdown" in output.data]
    return read or outputs


def clear_line():
    if sys.stdout.isatty():
        print("\r\033[K", end="")


def show_start(cell):
    print("\n" + indented(cell.source, styled("34", "▌")), flush=True)


def show_end(cell, seconds):
    text = "\n".join(filter(None, map(output_text, worth_showing(cell.outputs))))
    if text:
        clear_line()
        print(indented(text if sys.stdout.isatty() else plain(text), " "))
    if seconds >= 2:
        print(styled("2", f"  ({seconds:.0f} s)"), flush=True)


class LiveClient(NotebookClient):
    """Shows a progress that is updated in place, in one line, while its cell runs."""

    def process_message(self, msg, cell, cell_index):
        if sys.stdout.isatty() and msg["msg_type"] in ("display_data", "update_display_data"):
            lines = msg["content"]["data"].get("text/plain", "").split("\n")
            width = shutil.get_terminal_size().columns - 4
            print("\r\033[K  " + plain(lines[0])[:width], end="\r", flush=True)
        return super().process_message(msg, cell, cell_index)


class Progress:
    """Passed to nbclient as hooks."""

    def __init__(self):
        self.start = 0.0

    def started(self, cell, cell_index):
        if cell.cell_type == "code":
            self.start = time.monotonic()
            show_start(cell)
        elif cell.source.startswith("## "):
            print("\n" + styled("1", cell.source.splitlines()[0].lstrip("# ")), flush=True)

    def ended(self, cell, cell_index, **_):
        if cell.cell_type == "code":
            show_end(cell, time.monotonic() - self.start)


def run(notebook, folder):
    progress = Progress()
    client = LiveClient(notebook, timeout=CELL_TIMEOUT_S, resources={"metadata": {"path": folder}},
                        on_cell_start=progress.started, on_cell_executed=progress.ended,
                        store_widget_state=False)
    try:
        client.execute()
    except CellExecutionError:
        return False  # its traceback has been shown with its cell
    return True


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    source, result = Path(sys.argv[1]), Path(sys.argv[2])
    notebook = nbformat.read(source, as_version=4)
    start = time.monotonic()
    done = run(notebook, str(result.parent))
    nbformat.write(notebook, result)
    # Cells are Python with magics; without IPython they are coloured as plain Python, which does.
    warnings.filterwarnings("ignore", message="IPython3 lexer unavailable")
    page, _ = HTMLExporter(mathjax_url="", require_js_url="").from_notebook_node(notebook)
    result.with_suffix(".html").write_text(page, encoding="utf-8")
    seconds = time.monotonic() - start
    print(f"\n{'Done' if done else 'Stopped at the failing cell'} after {seconds:.0f} s. Saved: "
          f"{os.path.relpath(result)} and {os.path.relpath(result.with_suffix('.html'))}")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
