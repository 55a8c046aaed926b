"""Every kind of output, as each client shows it: pictures to look at before and after a change to a view.

usage: gallery.py PROGRAMS OUT [GROUP…]

PROGRAMS is the folder of livy-kernel and livy-local. Each group of cells of gallery_cells.py is run by
nbclient against livy-local with real Spark, in a home folder that is thrown away, and leaves in OUT:

  GROUP.ipynb        the executed notebook
  GROUP-light.png    in JupyterLab
  GROUP-dark.png     in its dark theme
  GROUP-narrow.png   480 pixels wide, as beside an editor or on a phone
  GROUP.html         through nbconvert, and GROUP-html.png of it
  GROUP.txt          in a terminal of 80 columns (livy-kernel run), with its colours: less -R shows it
  GROUP-plain.txt    text/plain of every output: what the console, nbclient and papermill print

Nothing here judges: a person looks. What a program can judge of an output is in
tests/conformance/outputs_test.py.
"""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary

import gallery_cells
import gallery_service
import lab_browser

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests"), str(ROOT / "tests/conformance")]
import run_layers  # noqa: E402

CELL_TIMEOUT_S = 180
TALL = 12000
STYLES = {"light": ("JupyterLab Light", 1000), "dark": ("JupyterLab Dark", 1000), "narrow": ("JupyterLab Light", 480)}
COLUMNS, ROWS = 80, 50


# ---- the notebooks


def execute(group, folder):
    import support  # looks for the kernel under test as it is imported
    support.install()
    notebook = support.notebook(*(cell.source for cell in group.cells))
    limits = {made.id: cell.interrupt_s or CELL_TIMEOUT_S for made, cell in zip(notebook.cells, group.cells)}
    NotebookClient(notebook, kernel_name=support.KERNEL, allow_errors=True, interrupt_on_timeout=True,
                   timeout_func=lambda cell: limits[cell.id], store_widget_state=False,
                   resources={"metadata": {"path": str(folder)}}).execute()
    notebook.cells = [made for made, cell in zip(notebook.cells, group.cells) if not cell.quiet]
    return notebook


def plain_text(notebook):
    parts = []
    for cell in notebook.cells:
        parts.append("\n" + "\n".join(f">>> {line}" for line in cell.source.splitlines()))
        for output in cell.outputs:
            data = output.get("data", {})
            parts.append(f"--- {output.output_type} {' '.join(sorted(data))}".rstrip())
            parts.append(output.get("text") or data.get("text/plain") or "\n".join(output.get("traceback", [])))
    return "\n".join(parts) + "\n"


# ---- a terminal


def in_terminal(argv, folder):
    """What a terminal is sent; the size is the one that terminals start with."""
    main, side = pty.openpty()
    fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=side, stderr=side, cwd=folder,
                               env={**os.environ, "TERM": "xterm-256color"}, start_new_session=True)
    os.close(side)
    text = b""
    with contextlib.suppress(OSError):  # Linux says EIO when the last writer has gone
        while piece := os.read(main, 65536):
            text += piece
    os.close(main)
    process.wait()
    return text.decode(errors="replace").replace("\r\n", "\n"), process.returncode


def terminal_text(group, program, folder):
    parts = []
    for cell in group.cells:
        if cell.quiet or not cell.terminal:
            continue
        text, code = in_terminal([program, "run", *group.setup, cell.source], folder)
        shown = "\n".join(f"\033[34m$\033[0m {line}" for line in cell.source.splitlines())
        parts.append(f"{shown}\n{text}" + (f"\033[34m(exit {code})\033[0m\n" if code else ""))
    return "\n".join(parts)


# ---- pictures


def take(page, selector, picture):
    page.add_style_tag(content=".jp-cell-toolbar, .jp-Collapser { visibility: hidden }")
    page.wait_for_timeout(600)  # markdown and SVG are drawn after they are there
    box = page.locator(selector).first.bounding_box()
    last = page.locator(f"{selector} .jp-Cell").last.bounding_box()
    page.screenshot(path=picture, clip={"x": box["x"], "y": box["y"], "width": box["width"],
                                        "height": last["y"] + last["height"] - box["y"] + 4})


def take_in_lab(names, out, style):
    theme, width = STYLES[style]
    settings = {"apputils-extension/themes": {"theme": theme},
                "notebook-extension/tracker": {"windowingMode": "none"}}  # cells out of sight are drawn too
    with lab_browser.server(out, settings) as (address, token), lab_browser.browser_page(width, TALL) as page:
        for name in names:
            page.goto(f"{address}doc/tree/{name}.ipynb?token={token}")
            page.wait_for_selector(".jp-Notebook .jp-CodeCell")
            page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", state="attached")
            take(page, ".jp-Notebook", out / f"{name}-{style}.png")


def take_html(names, out):
    with lab_browser.browser_page(1000, TALL) as page:
        for name in names:
            page.goto(f"file://{out}/{name}.html")
            take(page, "main", out / f"{name}-html.png")


# ---- all of it


def make(groups, programs, out, home):
    work = home / "work"
    work.mkdir()
    for group in groups:
        print(f"gallery: {group.name}", flush=True)
        notebook = execute(group, work)
        nbformat.write(notebook, out / f"{group.name}.ipynb")
        page, _ = HTMLExporter(mathjax_url="", require_js_url="").from_notebook_node(notebook)
        (out / f"{group.name}.html").write_text(page)
        (out / f"{group.name}-plain.txt").write_text(plain_text(notebook))
        (out / f"{group.name}.txt").write_text(terminal_text(group, programs / "livy-kernel", work))


def sign(names, out):
    """HTML and SVG are shown in trusted notebooks only; one that was run here is trusted."""
    for name in names:
        NotebookNotary().sign(nbformat.read(out / f"{name}.ipynb", as_version=4))


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    programs, out = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lk-gallery-", ignore_cleanup_errors=True) as folder, \
            gallery_service.running() as hostile:
        chosen = [g for g in gallery_cells.groups(hostile) if not sys.argv[3:] or g.name in sys.argv[3:]]
        names = [group.name for group in chosen]
        home = Path(folder)
        os.environ.update(run_layers.home_environment(home, run_layers.data_home() / "livy-kernel/spark"))
        os.environ.update(LIVY_KERNEL_BIN=str(programs / "livy-kernel"), LIVY_LOCAL_BIN=str(programs / "livy-local"))
        try:
            subprocess.run([programs / "livy-local", "--seed-only"], check=True, timeout=300)
            make(chosen, programs, out, home)
            sign(names, out)
            for style in STYLES:
                take_in_lab(names, out, style)
            take_html(names, out)
        finally:
            run_layers.end_processes_of(os.environ["HOME"])
    print(f"gallery: {out}")


if __name__ == "__main__":
    main()
