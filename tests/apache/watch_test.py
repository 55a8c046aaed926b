"""Batches of a real Apache Livy watched, listed and cancelled: how each ended is told right, and
unknown where the server no longer knows."""

import time
import unittest

from apache_livy import STOP_S, SWEEP_S
from kernel import Kernel, finish, interrupt, read_until
from wire import LOSE_REQUEST, PASS, Wire
from world import ApacheTestCase, World, new_server, set_up_module

PARTED = "import time\nprint('started', flush=True)\ntime.sleep(5)\n"


class Forgetful:
    """A server that forgets a batch at the first sweep after its end; a minute passes meanwhile, so
    all begins before the first test and is looked at after the last."""

    server = wire = watcher = kernel = None
    began = 0


def setUpModule():
    set_up_module()
    Forgetful.server = new_server("forgetful", retain="1s")
    Forgetful.kernel = Kernel(World.folder / "forgetful-kernel", Forgetful.server.url)
    Forgetful.began = time.monotonic()
    file = Forgetful.server.payload("hello.py", "print(1)\n")
    done = Forgetful.kernel.run(f"%batch submit {file} --name forgotten --wait")
    assert done.code == 0, done


def load_tests(loader, tests, pattern):
    """The order in which they stand here."""
    del tests, pattern
    suite = unittest.TestSuite()
    for case in (CutOffTests, EndTests, CancelTests, ListTests, RestartTests, ForgottenTests):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


class CutOffTests(ApacheTestCase):
    """First, for what comes of it is looked at last."""

    def test_a_watch_survives_that_nothing_gets_through(self):
        Forgetful.wire = Wire(Forgetful.server.port)
        unittest.addModuleCleanup(Forgetful.wire.close)
        file = Forgetful.server.payload("parted.py", PARTED)
        Forgetful.watcher = Forgetful.kernel.start(f"%batch submit {file} --name parted --wait",
                                                   url=Forgetful.wire.url)
        unittest.addModuleCleanup(Forgetful.watcher.kill)
        read_until(Forgetful.watcher.stderr, "running")
        Forgetful.wire.decide = lambda method, path: LOSE_REQUEST
        read_until(Forgetful.watcher.stderr, "trying again")
        self.assertIsNone(Forgetful.watcher.poll())


class EndTests(ApacheTestCase):
    def test_a_failure_is_told_with_its_traceback_and_without_asking(self):
        done = self.kernel.run(f"%batch submit {self.fails} --name fails --wait")
        self.assertEqual(done.code, 3, done)
        self.assertEqual(done.last("batch")["outcome"], "failed")
        self.assertIn("BatchFailed: batch 'fails' failed: ZeroDivisionError: division by zero", done.err)
        self.assertIn('fails.py", line 6, in <module>', done.err)
        self.assertIn('fails.py", line 2, in share', done.err)
        self.assertIn("\nNext: %batch log ", done.err)

    def test_an_interrupt_ends_the_watch_and_not_the_batch(self):
        watcher = self.kernel.start(f"%batch submit {self.sleeps} --name kept --wait")
        read_until(watcher.stderr, "running")
        done, took = interrupt(watcher)
        self.assertEqual(done.code, 130, done)
        self.assertIn("The batch goes on", done.err)
        self.assertLess(took, 2)
        batch = self.assert_one("kept")
        self.addCleanup(self.server.ask, f"/batches/{batch['id']}", "DELETE")
        self.assertEqual(self.server.ask(f"/batches/{batch['id']}/state").json()["state"], "running")

    def test_a_watch_that_takes_too_long_leaves_the_batch_alone(self):
        self.submit(self.sleeps, "long")
        done = self.kernel.run("%batch monitor long --timeout 1s")
        self.assertEqual(done.code, 4, done)
        self.assertIn("did not end in time", done.err)
        self.assertIn(self.assert_one("long")["state"], ("starting", "running"))

    def test_several_are_watched_in_one_table_and_the_first_failure_tells_its_story(self):
        cells = [f"%batch submit {self.hello} --name several_{number}" for number in range(2)]
        done = self.kernel.run(*cells, f"%batch submit {self.fails} --name several_2",
                               "%batch monitor several_0 several_1 several_2")
        self.assertEqual(done.code, 3, done)
        outcomes = {batch["name"]: batch["outcome"] for batch in done.values[-1]["batches"]}
        self.assertEqual(outcomes, {"several_0": "succeeded", "several_1": "succeeded", "several_2": "failed"})
        self.assertIn("ZeroDivisionError", done.err)

    def test_what_was_never_there_is_no_batch(self):
        for cell in ("%batch monitor 4711", "%batch status 4711", "%batch log 4711", "%batch monitor never_there"):
            done = self.kernel.run(cell)
            self.assertEqual(done.code, 1, done)
            self.assertRegex(done.err, "\nNext: `?%batch list`? shows")

    def test_a_batch_that_somebody_deletes_ends_unknown(self):
        watcher = self.kernel.start(f"%batch submit {self.sleeps} --name deleted --wait")
        read_until(watcher.stderr, "running")
        self.assertEqual(self.server.ask(f"/batches/{self.assert_one('deleted')['id']}", "DELETE").status, 200)
        done = finish(watcher)
        self.assertEqual(done.code, 4, done)
        self.assertIn("How it ended is unknown", done.err)


class CancelTests(ApacheTestCase):
    def test_a_cancelled_batch_is_gone_and_its_log_was_saved_before(self):
        number = self.submit(self.sleeps, "stopped")
        read_until(self.follow("stopped").stderr, "asleep")
        done = self.kernel.run("%batch cancel stopped")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.last("batch")["outcome"], "cancelled")
        self.assertIn("asleep", done.err)
        self.assertEqual(self.server.ask(f"/batches/{number}").status, 404)

    def follow(self, name):
        process = self.kernel.start(f"%batch log {name} --follow")
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_a_cluster_that_lets_go_slowly_is_waited_for(self):
        number = self.submit(self.server.payload("dies_slowly.py", "import time\ntime.sleep(120)\n"), "slow")
        self.server.wait_for("slow", ("running",))
        began = time.monotonic()
        done = self.kernel.run("%batch cancel slow")
        self.assertGreater(time.monotonic() - began, STOP_S)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.last("batch")["outcome"], "cancelled")
        self.assertEqual(self.server.ask(f"/batches/{number}").status, 404)

    def test_an_interrupt_while_it_lets_go_is_heard_at_once(self):
        self.submit(self.server.payload("dies_slowly.py", "import time\ntime.sleep(120)\n"), "slow_too")
        self.server.wait_for("slow_too", ("running",))
        wire = self.new_wire()
        process = self.kernel.start("%batch cancel slow_too", url=wire.url)
        wire.wait_for("DELETE")
        done, took = interrupt(process)
        self.assertEqual(done.code, 130, done)
        self.assertLess(took, 2)

    def test_a_batch_that_has_ended_is_not_touched(self):
        done = self.kernel.run(f"%batch submit {self.hello} --name ended --wait", "%batch cancel ended")
        self.assertEqual(done.code, 0, done)
        self.assertIn("had ended already", done.err)
        self.assertEqual(self.assert_one("ended")["state"], "success")


class ListTests(ApacheTestCase):
    def test_the_newest_come_first_with_the_names_that_people_gave(self):
        numbers = [self.submit(self.sleeps, f"listed_{which}") for which in "ab"]
        done = self.kernel.run("%batch list --max 2")
        self.assertEqual(done.code, 0, done)
        batches = done.last("batch.list")["batches"]
        self.assertEqual([batch["id"] for batch in batches], numbers[::-1])
        self.assertEqual([batch["name"] for batch in batches], ["listed_b", "listed_a"])
        self.assertEqual(done.last("batch.list")["total"], len(self.server.batches()))
        found = self.kernel.run("%batch list --name listed_* --state active")
        self.assertEqual(sorted(batch["name"] for batch in found.last("batch.list")["batches"]),
                         ["listed_a", "listed_b"])

    def test_status_takes_id_and_both_names(self):
        number = self.submit(self.sleeps, "asked")
        full = self.assert_one("asked")["name"]
        for which in (number, "asked", full):
            done = self.kernel.run(f"%batch status {which}")
            self.assertEqual(done.code, 0, done)
            self.assertEqual(done.last("batch")["id"], number)
            self.assertEqual(done.last("batch")["service_name"], full)

    def test_history_has_what_was_submitted_from_here(self):
        number = self.submit(self.hello, "remembered")
        done = self.kernel.run("%batch history --max 1")
        submission = done.last("batch.history")["submissions"][0]
        self.assertEqual((submission["name"], submission["batch_id"], submission["outcome"]),
                         ("remembered", number, "accepted"))


class RestartTests(ApacheTestCase):
    """A server without recovery, as most are: it forgets all, and its ids begin at 0 again."""

    def setUp(self):
        super().setUp()
        self.own = new_server(f"restarted-{self._testMethodName[-8:]}")
        self.file = self.own.payload("sleeps.py", "import time\ntime.sleep(120)\n")
        self.person = Kernel(World.folder / f"kernel-{self._testMethodName[-8:]}", self.own.url)
        self.watcher = self.person.start(f"%batch submit {self.file} --name before --wait")
        read_until(self.watcher.stderr, "running")
        self.own.stop()
        read_until(self.watcher.stderr, "trying again")
        self.own.start()

    def test_after_a_restart_the_outcome_is_unknown(self):
        done = finish(self.watcher)
        self.assertEqual(done.code, 4, done)
        self.assertIn("How it ended is unknown", done.err)

    def test_another_batch_with_its_number_is_not_taken_for_it(self):
        hello = self.own.payload("hello.py", "print('not the one')\n")
        other = self.own.ask("/batches", "POST", {"file": hello, "name": "other"})
        self.assertEqual(other.json()["id"], 0)
        done = finish(self.watcher)
        self.assertEqual(done.code, 4, done)
        cancelled = self.person.run("%batch cancel")
        self.assertIn("its id is another batch's now", cancelled.err)
        self.assertEqual(self.own.ask("/batches/0").status, 200)


class ForgottenTests(ApacheTestCase):
    """Last: a minute has to pass."""

    @classmethod
    def setUpClass(cls):
        deadline = Forgetful.began + 2 * SWEEP_S + 10
        while Forgetful.server.batches() and time.monotonic() < deadline:
            time.sleep(0.5)

    def test_a_batch_that_the_server_has_forgotten_is_unknown(self):
        self.assertEqual(Forgetful.server.batches(), [])
        done = Forgetful.kernel.run("%batch monitor forgotten")
        self.assertEqual(done.code, 4, done)
        self.assertIn("How it ended is unknown", done.err)

    def test_a_watch_that_missed_the_end_says_unknown(self):
        self.assertIsNone(Forgetful.watcher.poll())
        Forgetful.wire.decide = lambda method, path: PASS
        done = finish(Forgetful.watcher)
        self.assertEqual(done.code, 4, done)
        self.assertIn("How it ended is unknown", done.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
