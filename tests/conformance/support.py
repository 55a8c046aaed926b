"""What the conformance tests share: the kernel under test, installed for them alone.

LIVY_KERNEL_BIN names the binary. Its own `install` writes the kernelspec, into a throw-away prefix,
so every client here starts the kernel the way a user's would.
"""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

BINARY = os.environ.get("LIVY_KERNEL_BIN") or "livy-kernel"
ROOT = Path(__file__).resolve().parents[2]
KERNEL = "livy"
LANGUAGE_INFO = {"name": "python"}
# A cell that waits until it is interrupted: nobody opens the page that it shows.
WAITS = ("%entra login --tenant 11111111-2222-3333-4444-555555555555 "
         "--client 66666666-7777-8888-9999-000000000000 --browser")
# Two cells that connect a kernel to its own local service, as the tutorial does. They show nothing.
CONNECT = "%livy connect local --as fabric --quiet"
LOGIN = ("%entra login --quiet --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
         "--certificate {fabric.demo.certificate} --key {fabric.demo.key}")

_prefix = tempfile.TemporaryDirectory(prefix="lk-kernelspec-")
PREFIX = Path(_prefix.name)
SPEC_FOLDER = PREFIX / "share/jupyter/kernels" / KERNEL


def install():
    """Called once by every test module, before a client looks for kernels."""
    subprocess.run([BINARY, "install", "--prefix", str(PREFIX)], check=True, timeout=30,
                   stdout=subprocess.DEVNULL)
    os.environ["JUPYTER_PATH"] = str(PREFIX / "share/jupyter")
    if "LIVY_LOCAL_BIN" in os.environ:
        os.environ["LIVY_KERNEL_LOCAL"] = os.environ["LIVY_LOCAL_BIN"]


def without_spark():
    """For tests that need the lakehouse and the sign-in only: livy-local makes no demo table then."""
    os.environ["LIVY_LOCAL_SPARK_HOME"] = "/nonexistent"


def notebook(*cells, tags=None):
    """An unexecuted notebook; a str is a code cell. tags maps a cell's index to its tags."""
    import nbformat.v4 as v4
    nb = v4.new_notebook(cells=[v4.new_code_cell(text) for text in cells])
    nb.metadata.kernelspec = {"name": KERNEL, "display_name": "Livy (Spark batch)", "language": "livy"}
    nb.metadata.language_info = dict(LANGUAGE_INFO)
    for index, names in (tags or {}).items():
        nb.cells[index].metadata.tags = names
    return nb


def text_of(cell):
    """Everything a cell shows, as plain text."""
    parts = []
    for output in cell.outputs:
        parts.append(output.get("text", ""))
        parts.append(output.get("data", {}).get("text/plain", ""))
        parts.extend(output.get("traceback", []))
    return "\n".join(parts)


def main():
    unittest.main(module="__main__", verbosity=2)
