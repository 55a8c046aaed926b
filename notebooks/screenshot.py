"""Takes a picture of an executed notebook in JupyterLab.

usage: screenshot.py NOTEBOOK.ipynb PICTURE.png [FIRST-CELL-ID LAST-CELL-ID]
"""

import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.sign import NotebookNotary

import lab_browser

WIDTH = 1000
TALL = 8000  # all cells are laid out at once, so none is left to be drawn on scrolling


def clip_of(page, first, last, tail):
    """From the top of one cell to the bottom of another; the right margin is left out."""
    cells = page.locator(".jp-Notebook .jp-Cell")
    top = cells.nth(first).bounding_box()
    end = cells.nth(last).bounding_box()
    return {"x": top["x"], "y": max(top["y"] - 4, 0), "width": top["width"],
            "height": end["y"] + end["height"] - top["y"] + tail}


def take(source, picture, first_id, last_id):
    ids = [cell.id for cell in nbformat.read(source, as_version=4).cells]
    with tempfile.TemporaryDirectory(prefix="lk-picture-") as folder:
        shutil.copy(source, Path(folder, "tutorial.ipynb"))
        # Pictures are shown in trusted notebooks only; one that was run here is trusted.
        NotebookNotary().sign(nbformat.read(Path(folder, "tutorial.ipynb"), as_version=4))
        with lab_browser.server(folder) as (address, token), \
                lab_browser.browser_page(WIDTH, TALL, scale=2) as page:
            page.goto(f"{address}doc/tree/tutorial.ipynb?token={token}")
            page.wait_for_selector(".jp-Notebook .jp-Cell")
            page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]")
            page.wait_for_selector(".jp-RenderedMarkdown")
            page.add_style_tag(content=".jp-cell-toolbar, .jp-Collapser { visibility: hidden }")
            picture.parent.mkdir(exist_ok=True)
            page.screenshot(path=picture, clip=clip_of(page, ids.index(first_id), ids.index(last_id), 4))


def main():
    if len(sys.argv) not in (3, 5):
        sys.exit(__doc__)
    first, last = sys.argv[3:] or ("submit", "monitor")
    take(Path(sys.argv[1]), Path(sys.argv[2]), first, last)


if __name__ == "__main__":
    main()
