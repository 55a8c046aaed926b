"""What the test modules here share: one server, one person at a kernel, and a wire between them
that a test can hold."""

import tempfile
import unittest
from pathlib import Path

from apache_livy import ApacheLivy
from kernel import Kernel
from wire import Wire

HELLO = "import sys\nprint('hello from', sys.argv[1:], flush=True)\n"
SLEEPS = "import time\nprint('asleep', flush=True)\ntime.sleep(120)\n"
FAILS = "def share(of, among):\n    return of / among\n\n\nprint('before', flush=True)\nshare(1, 0)\n"


class World:
    """Filled by set_up_module()."""

    folder = server = kernel = None
    hello = sleeps = fails = None


def set_up_module():
    folder = tempfile.TemporaryDirectory(prefix="lk-apache-", ignore_cleanup_errors=True)
    unittest.addModuleCleanup(folder.cleanup)
    World.folder = Path(folder.name)
    World.server = new_server("server")
    for name, text in {"hello": HELLO, "sleeps": SLEEPS, "fails": FAILS}.items():
        setattr(World, name, World.server.payload(f"{name}.py", text))
    World.kernel = Kernel(World.folder / "kernel", World.server.url)


def new_server(name, **options):
    """One more server, for as long as the module's tests run."""
    server = ApacheLivy(World.folder / name, **options)
    unittest.addModuleCleanup(server.stop)
    return server.start()


class ApacheTestCase(unittest.TestCase):
    def setUp(self):
        self.server, self.kernel = World.server, World.kernel
        self.hello, self.sleeps, self.fails = World.hello, World.sleeps, World.fails

    def new_wire(self, port=None):
        wire = Wire(port or self.server.port)
        self.addCleanup(wire.close)
        return wire

    def assert_one(self, name):
        """The server has exactly one batch of that name; it."""
        found = self.server.batches_named(name)
        self.assertEqual(len(found), 1, found)
        return found[0]

    def submit(self, file, name):
        """A batch that runs on, and is gone after the test; its id."""
        done = self.kernel.run(f"%batch submit {file} --name {name}")
        self.assertEqual(done.code, 0, done)
        number = done.last("batch")["id"]
        self.addCleanup(self.server.ask, f"/batches/{number}", "DELETE")
        return number
