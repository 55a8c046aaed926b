"""%batch submit against a real Apache Livy: what is sent, what is refused, and that it is submitted
exactly once, whatever becomes of the answer."""

import unittest

from apache_livy import FORBIDDEN
from kernel import Kernel, finish
from wire import LOSE_ANSWER, LOSE_REQUEST, Wire
from world import ApacheTestCase, World, set_up_module


class Lost:
    """A submission whose request is lost. It is looked for for half a minute, so that goes on beside
    the other tests."""

    wire = kernel = submitting = None


def setUpModule():
    set_up_module()
    Lost.wire = Wire(World.server.port)
    unittest.addModuleCleanup(Lost.wire.close)
    Lost.wire.lose(LOSE_REQUEST, "POST")
    Lost.kernel = Kernel(World.folder / "lost", Lost.wire.url)
    Lost.submitting = Lost.kernel.start(f"%batch submit {World.hello} --name lost_request")
    unittest.addModuleCleanup(Lost.submitting.kill)


def load_tests(loader, tests, pattern):
    """The order in which they stand here."""
    del tests, pattern
    suite = unittest.TestSuite()
    for case in (SubmitTests, RefusalTests, ExactlyOnceTests):
        suite.addTests(loader.loadTestsFromTestCase(case))
    return suite


class WithWire(ApacheTestCase):
    def setUp(self):
        super().setUp()
        self.wire = self.new_wire()


class SubmitTests(WithWire):
    def test_the_service_is_known_by_its_kind_and_nothing_is_asked_of_it(self):
        done = self.kernel.run("%livy info", url=self.wire.url)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.last("livy.connection")["service"], "apache")
        self.assertEqual(done.last("livy.connection")["auth"], "none")
        self.assertEqual(self.wire.seen, [])

    def test_a_dry_run_shows_the_request_and_sends_nothing(self):
        before = self.server.batches()
        done = self.kernel.run(f"%batch submit {self.hello} --name dry --arg 'a b' --conf spark.x=5 --dry-run")
        self.assertEqual(done.code, 0, done)
        request = done.last("batch.request")["request"]
        self.assertRegex(request.pop("name"), "^dry-[0-9a-f]{12}$")
        self.assertEqual(request, {"file": self.hello, "args": ["a b"], "conf": {"spark.x": "5"}})
        self.assertEqual(self.server.batches(), before)

    def test_what_a_dry_run_shows_is_what_a_batch_gets(self):
        text = "import sys\nfrom pyspark.sql import SparkSession\n" \
               "spark = SparkSession.builder.getOrCreate()\n" \
               "print('got', sys.argv[1:], spark.conf.get('spark.tests.table'), spark.range(100).count())\n"
        file = self.server.payload("session.py", text)
        done = self.kernel.run(f"%batch submit {file} --arg 'a b' --arg c --conf spark.tests.table=trips"
                               " --conf spark.ui.enabled=false --driver-memory 600m --wait",
                               "%batch log --grep '^got'")
        self.assertEqual(done.code, 0, done)
        self.assertEqual(done.last("batch")["outcome"], "succeeded")
        # This server tells no times.
        self.assertNotIn("duration_ms", done.last("batch"))
        self.assertIn("got ['a b', 'c'] trips 100", done.err)

    def test_a_request_as_json_is_submitted_as_it_stands(self):
        done = self.kernel.run('%%batch\n{"file": "' + self.hello + '", "name": "as_json", "args": ["x"]}',
                               "%batch monitor", "%batch log")
        self.assertEqual(done.code, 0, done)
        self.assert_one("as_json")
        self.assertIn("hello from ['x']", done.err)

    def test_one_name_may_be_used_again_and_the_newest_is_meant(self):
        first = self.kernel.run(f"%batch submit {self.hello} --name twice --wait")
        second = self.kernel.run(f"%batch submit {self.hello} --name twice --wait")
        self.assertEqual((first.code, second.code), (0, 0), (first, second))
        self.assertEqual(len(self.server.batches_named("twice")), 2)
        status = self.kernel.run("%batch status twice")
        self.assertEqual(status.last("batch")["id"], second.last("batch")["id"])
        self.assertEqual(status.last("batch")["name"], "twice")
        self.assertTrue(status.last("batch")["service_name"].startswith("twice-"))

    def test_a_payload_that_is_missing_is_named(self):
        done = self.kernel.run(f"%batch submit {self.server.payloads.as_uri()}/no.py --name missing --wait")
        self.assertEqual(done.code, 3, done)
        self.assertIn("no.py' is not there", done.err)


class RefusalTests(WithWire):
    def refuse(self, *cells, url=None):
        done = self.kernel.run(*cells, url=url)
        self.assertEqual(done.code, 1, done)
        self.assertIn("\nNext: ", done.err)
        return done

    def test_a_path_without_a_scheme_is_refused_before_anything_is_sent(self):
        done = self.refuse("%batch submit hello.py", url=self.wire.url)
        self.assertIn("file:///", done.err)
        self.assertEqual(self.wire.seen, [])

    def test_tags_are_refused_before_anything_is_sent(self):
        done = self.refuse(f"%batch submit {self.hello} --tag a=b", url=self.wire.url)
        self.assertIn("tag", done.err)
        self.assertEqual(self.wire.seen, [])

    def test_a_refused_folder_leaves_no_phantom_that_keeps_the_name(self):
        done = self.refuse("%batch submit file:///etc/hostname --name phantom")
        self.assertIn("Local path /etc/hostname cannot be added to user sessions", done.err)
        self.assertEqual(self.server.batches_named("phantom"), [])
        again = self.kernel.run(f"%batch submit {self.hello} --name phantom --wait")
        self.assertEqual(again.code, 0, again)

    def test_another_ones_phantom_is_left_alone(self):
        refused = self.server.ask("/batches", "POST", {"file": "file:///etc/hostname", "name": "not-ours"})
        self.assertEqual(refused.status, 400)
        self.refuse("%batch submit file:///etc/hostname --name not-ours")
        self.assertEqual([batch["name"] for batch in self.server.batches_named("not-ours")], ["not-ours"])
        done = self.kernel.run("%batch list")
        self.assertEqual(done.code, 0, done)
        self.assertIn("not-ours", done.err)

    def test_a_setting_that_newer_releases_never_take_is_refused_before_anything_is_sent(self):
        # This release would take it, unless its administrator said otherwise.
        done = self.refuse(f"%batch submit {self.hello} --conf spark.submit.deployMode=cluster", url=self.wire.url)
        self.assertIn("spark.submit.deployMode", done.err)
        self.assertEqual(self.wire.seen, [])

    def test_a_setting_that_this_server_refuses_is_told_in_its_words(self):
        done = self.refuse(f"%batch submit {self.hello} --name forbidden --conf {FORBIDDEN}=1")
        self.assertIn(f"Blacklisted configuration values in session config: {FORBIDDEN}", done.err)
        self.assertEqual(self.server.batches_named("forbidden"), [])

    def test_a_bare_string_for_an_answer_is_told(self):
        self.wire.edit_body = lambda body: body.replace(b'"file"', b'"filet"')
        done = self.refuse(f"%batch submit {self.hello} --name bare", url=self.wire.url)
        self.assertIn('Unrecognized field "filet"', done.err)
        self.assertEqual(self.server.batches_named("bare"), [])

    def test_a_name_of_digits_is_refused_before_anything_is_sent(self):
        self.assertIn("digits", self.refuse(f"%batch submit {self.hello} --name 2024", url=self.wire.url).err)
        self.assertEqual(self.wire.seen, [])

    def test_a_page_in_html_is_told_by_its_reason(self):
        self.wire.dropped_headers = ("x-requested-by",)
        done = self.refuse(f"%batch submit {self.hello} --name html", url=self.wire.url)
        self.assertIn("Missing Required Header for CSRF protection", done.err)
        self.assertNotIn("<", done.err.split("Missing Required")[0].splitlines()[-1])
        self.assertEqual(self.server.batches_named("html"), [])


class ExactlyOnceTests(WithWire):
    def posts(self):
        return [path for method, path in self.wire.seen if method == "POST"]

    def test_an_answer_that_is_lost_is_looked_up(self):
        self.wire.lose(LOSE_ANSWER, "POST")
        done = self.kernel.run(f"%batch submit {self.hello} --name lost_answer --wait", url=self.wire.url)
        self.assertEqual(done.code, 0, done)
        self.assertEqual(len(self.posts()), 1)
        self.assertEqual(str(self.assert_one("lost_answer")["id"]), done.last("batch")["id"])

    def test_a_request_that_never_arrived_is_unknown_and_not_sent_again(self):
        done = finish(Lost.submitting)
        self.assertEqual(done.code, 4, done)
        recovered = Lost.kernel.run("%batch recover")
        self.assertIn("lost_request", recovered.out + recovered.err)
        self.assertEqual([method for method, _ in Lost.wire.seen].count("POST"), 1)
        self.assertEqual(self.server.batches_named("lost_request"), [])
        again = Lost.kernel.run(f"%batch submit {self.hello} --name lost_request --resubmit --wait")
        self.assertEqual(again.code, 0, again)
        self.assert_one("lost_request")

    def kill_before_the_answer(self, name):
        """The server has it; the kernel that sent it died before it heard so."""
        self.wire.lose(LOSE_ANSWER, "POST")
        cut = self.wire.hold_answers()
        process = self.kernel.start(f"%batch submit {self.hello} --name {name}", url=self.wire.url)
        try:
            self.assertTrue(self.wire.answered.wait(60))
            process.kill()
        finally:
            cut.set()
            finish(process)
        self.assert_one(name)
        self.assertEqual([line for line in self.kernel.journal()[-1:] if "batch_id" in line], [])

    def test_recover_adopts_what_a_killed_kernel_had_submitted_once(self):
        self.kill_before_the_answer("killed")
        recovered = self.kernel.run("%batch recover", url=self.wire.url)
        self.assertEqual(recovered.code, 0, recovered)
        number = str(self.assert_one("killed")["id"])
        self.assertIn(number, [str(line.get("batch_id")) for line in recovered.last("batch.recover")["submissions"]])
        again = self.kernel.run("%batch recover", url=self.wire.url)
        self.assertEqual(again.last("batch.recover")["submissions"], [], again)
        watched = self.kernel.run("%batch monitor", "%batch log", url=self.wire.url)
        self.assertEqual(watched.code, 0, watched)
        self.assertEqual(watched.last("batch")["id"], number)
        self.assertIn("hello from", watched.err)
        self.assert_one("killed")
        self.assertEqual(len(self.posts()), 1)

    def test_the_same_again_after_a_kill_finds_the_first_one(self):
        self.kill_before_the_answer("same_again")
        done = self.kernel.run(f"%batch submit {self.hello} --name same_again", url=self.wire.url)
        self.assertEqual(done.code, 1, done)
        self.assertIn(f"it is batch {self.assert_one('same_again')['id']}", done.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
