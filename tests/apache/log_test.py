"""The log of a real Apache Livy, which keeps the last 200 lines only: shown, searched and followed."""

import re
import unittest

from kernel import finish, interrupt, read_until
from world import ApacheTestCase, World, set_up_module

COUNTS = "import time\nfor number in range(1000):\n    print('line', number, flush=True)\n    time.sleep({pause})\n"
# 100 lines, then 300 at once: more than the server keeps.
BURSTS = ("import time\nnumber = 0\nfor size in (100, 300, 300):\n    for _ in range(size):\n"
          "        print('line', number, flush=True)\n        number += 1\n    time.sleep(4)\n")
FLOOD = ("import time\nfor number in range(500):\n    print('line', number)\n"
         "print('', end='', flush=True)\ntime.sleep(4)\n")
REAL_SPARK = ("print('the early print', flush=True)\nfrom pyspark.sql import SparkSession\n"
              "spark = SparkSession.builder.getOrCreate()\n"
              "for number in range(12):\n    spark.range(10).repartition(3).count()\n"
              "print('the late print', flush=True)\n")
MISSING = re.compile("--- lines (are|may be) missing here ---")


class Payloads:
    done = {}


def setUpModule():
    """Those that are only looked at run at the same time."""
    set_up_module()
    files = {"counts": COUNTS.format(pause=0.01), "bursts": BURSTS, "flood": FLOOD, "spark": REAL_SPARK}
    files = {name: World.server.payload(f"{name}.py", text) for name, text in files.items()}
    running = {name: World.kernel.start(f"%batch submit {file} --name {name}", f"%batch log {name} --follow")
               for name, file in files.items()}
    Payloads.done = {name: finish(process) for name, process in running.items()}


def numbers_in(text):
    return [int(number) for number in re.findall(r"^line (\d+)$", text, re.M)]


class FollowTests(ApacheTestCase):
    def followed(self, name):
        done = Payloads.done[name]
        self.assertEqual(done.code, 0, done)
        return done

    def assert_true_but_for_marks(self, text):
        """Ascending numbers, each once; where some are left out, a line says so."""
        last = -1
        marked = False
        for line in text.splitlines():
            if MISSING.fullmatch(line):
                marked = True
            number = re.fullmatch(r"line (\d+)", line)
            if not number:
                continue
            number = int(number[1])
            self.assertGreater(number, last, text)
            self.assertTrue(number == last + 1 or marked, f"{last} to {number}: {text}")
            last, marked = number, False
        return last

    def test_a_thousand_lines_that_come_slowly_are_all_shown_once(self):
        done = self.followed("counts")
        self.assertEqual(self.assert_true_but_for_marks(done.err), 999)
        if not done.last("batch.log")["gaps"]:
            self.assertEqual(numbers_in(done.err), list(range(1000)))

    def test_where_more_came_than_the_server_keeps_a_mark_says_so(self):
        done = self.followed("bursts")
        self.assertEqual(self.assert_true_but_for_marks(done.err), 699)
        self.assertGreaterEqual(done.last("batch.log")["gaps"], 2)
        self.assertEqual(len(MISSING.findall(done.err)), done.last("batch.log")["gaps"])
        self.assertLess(len(numbers_in(done.err)), 700)

    def test_a_log_that_was_cut_before_the_first_look_is_marked_as_well(self):
        done = self.followed("flood")
        self.assertEqual(self.assert_true_but_for_marks(done.err), 499)

    def test_what_spark_says_does_not_push_out_what_the_payload_said(self):
        done = self.followed("spark")
        self.assertEqual(done.err.count("\nthe early print\n"), 1, done)
        self.assertEqual(done.err.count("\nthe late print\n"), 1, done)
        self.assertIn("INFO SparkContext", done.err)
        self.assertGreater(done.last("batch.log")["lines"], 200)

    def test_a_followed_batch_that_fails_fails_the_cell(self):
        done = self.kernel.run(f"%batch submit {self.fails} --name fails", "%batch log --follow")
        self.assertEqual(done.code, 3, done)
        self.assertEqual(done.err.count("\nZeroDivisionError: division by zero\n"), 1, done)

    def test_an_interrupt_leaves_the_log_and_the_batch_goes_on(self):
        number = self.submit(self.sleeps, "left")
        process = self.kernel.start("%batch log left --follow")
        try:
            read_until(process.stderr, "asleep")
        finally:
            done, took = interrupt(process)
        self.assertEqual(done.code, 130, done)
        self.assertLess(took, 2)
        self.assertEqual(self.server.ask(f"/batches/{number}/state").json()["state"], "running")


class LogTests(ApacheTestCase):
    def test_the_end_is_shown_as_long_as_asked_for(self):
        done = self.kernel.run("%batch log counts --tail 5")
        self.assertEqual(done.code, 0, done)
        self.assertIn("ShutdownHookManager", done.err)
        self.assertLessEqual(len(numbers_in(done.err)), 5)
        whole = self.kernel.run("%batch log counts --tail 1000")
        self.assertEqual(numbers_in(whole.err), list(range(1000 - len(numbers_in(whole.err)), 1000)))
        self.assertGreater(len(numbers_in(whole.err)), 150)

    def test_headings_that_livy_makes_up_are_not_the_payloads(self):
        done = self.kernel.run("%batch log counts --tail 1000")
        for heading in ("stdout: ", "stderr: "):
            self.assertNotIn(f"\n{heading}", f"\n{done.err}")

    def test_only_lines_that_match_are_shown(self):
        done = self.kernel.run("%batch log counts --grep '^line 99[0-9]$'")
        self.assertEqual(numbers_in(done.err), list(range(990, 1000)))
        none = self.kernel.run("%batch log counts --grep 'nowhere'")
        self.assertEqual((none.code, numbers_in(none.err)), (0, []), none)

    def test_only_lines_that_match_are_followed(self):
        file = self.server.payload("greps.py", COUNTS.format(pause=0.002))
        done = self.kernel.run(f"%batch submit {file} --name greps", "%batch log --follow --grep '^line 99[0-9]$'")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(numbers_in(done.err), list(range(990, 1000)))

    def test_a_monitor_shows_the_end_of_it_when_asked_to(self):
        done = self.kernel.run(f"%batch submit {self.hello} --name shown", "%batch monitor --log")
        self.assertEqual(done.code, 0, done)
        self.assertIn("hello from []", done.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
