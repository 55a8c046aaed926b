"""Several clients on one kernel at once: each has a session of its own, and none is in another's way."""

import time
import unittest
from queue import Empty

from jupyter_client import BlockingKernelClient, KernelManager

import support

support.install()
TIMEOUT_S = 30
# A cell that asks for the key's password, which is "open sesame", and fails when it knows it: the
# thumbprint is another certificate's. So the error tells whose answer was taken.
ASKS = ("%entra login --tenant contoso.example --client 66666666-7777-8888-9999-000000000000 "
        f"--certificate {support.ROOT / 'tests/fuzz/corpus/certificate/locked.pem'} --thumbprint {'0' * 40}")
ANSWERED_RIGHT, ANSWERED_WRONG = "ThumbprintMismatch", "WrongPassword"


class SeveralClientsTests(unittest.TestCase):
    def setUp(self):
        self.manager = KernelManager(kernel_name=support.KERNEL)
        self.manager.start_kernel()
        self.addCleanup(self.manager.shutdown_kernel, now=True)

    def client(self, iopub=True, ready=True):
        """Another client, as another window has it: with sockets and a session id of its own."""
        client = BlockingKernelClient()
        client.load_connection_info(self.manager.get_connection_info())
        client.start_channels(hb=False, iopub=iopub)
        self.addCleanup(client.stop_channels)
        if iopub and ready:
            client.wait_for_ready(timeout=TIMEOUT_S)
        return client

    def three(self):
        clients = [self.client() for _ in range(3)]
        self.assertEqual(len({client.session.session for client in clients}), 3)
        for client in clients:
            self.catch_up(client)
        return clients

    def catch_up(self, client):
        """Takes what the others' arrival has left on iopub: up to the idle of a request made now."""
        asked = client.kernel_info()
        self.reply(client, asked)
        self.published_for(client, [asked])

    def reply(self, client, asked):
        """The next reply on shell, which must be the one to this request."""
        reply = client.get_shell_msg(timeout=TIMEOUT_S)
        self.assertEqual(reply["parent_header"]["msg_id"], asked, reply)
        self.assertEqual(reply["parent_header"]["session"], client.session.session)
        return reply

    def published_for(self, client, requests):
        """Everything on iopub until each of these requests is idle."""
        waiting, published = set(requests), []
        while waiting:
            message = client.get_iopub_msg(timeout=TIMEOUT_S)
            published.append(message)
            if message["content"].get("execution_state") == "idle":
                waiting.discard(message["parent_header"]["msg_id"])
        return published

    def wait_until_it_waits(self, client, asked):
        """Until the waiting cell shows the address that it waits for."""
        while True:
            message = client.get_iopub_msg(timeout=TIMEOUT_S)
            shows = message["msg_type"] in ("stream", "display_data")
            if shows and message["parent_header"]["msg_id"] == asked:
                return

    def interrupt(self, client):
        client.control_channel.send(client.session.msg("interrupt_request", {}))
        reply = client.get_control_msg(timeout=TIMEOUT_S)
        self.assertEqual((reply["msg_type"], reply["content"]["status"]), ("interrupt_reply", "ok"))

    def question(self, client):
        return client.get_stdin_msg(timeout=TIMEOUT_S)

    def answer(self, client, question, value):
        """As a client that knows of the question answers it; client.input() leaves the parent out."""
        reply = client.session.msg("input_reply", {"value": value}, parent=question and question["header"])
        client.stdin_channel.send(reply)

    # ---- replies and outputs

    def test_each_gets_the_replies_to_its_own_requests_and_no_others(self):
        clients = self.three()
        asked = {client: [] for client in clients}
        for number in range(20):
            for client in clients:
                asked[client].append(client.execute(f"%set n={number}"))
        for client in clients:
            for request in asked[client]:
                self.assertEqual(self.reply(client, request)["content"]["status"], "ok")
        # Had one come too many, it would be here before the reply to this one.
        for client in clients:
            self.reply(client, client.kernel_info())

    def test_everyone_sees_the_outputs_of_all_under_their_own_requests(self):
        clients = self.three()
        asked = [client.execute(f"%set who={number} --json") for number, client in enumerate(clients)]
        for client in clients:
            published = self.published_for(client, asked)
            for number, (asker, request) in enumerate(zip(clients, asked)):
                own = [m for m in published if m["parent_header"].get("msg_id") == request]
                self.assertEqual([m["msg_type"] for m in own],
                                 ["status", "execute_input", "execute_result", "status"])
                self.assertEqual({m["parent_header"]["session"] for m in own}, {asker.session.session})
                self.assertEqual(own[1]["content"]["code"], f"%set who={number} --json")
                self.assertEqual(own[2]["content"]["data"]["application/json"]["variables"], {"who": number})

    def test_the_queue_is_worked_off_in_order_and_nothing_is_left_out(self):
        clients = self.three()
        asked = {client: [] for client in clients}
        for number in range(10):
            for client in clients:
                asked[client].append(client.execute(f"%set n={number}"))
        everything = sum(asked.values(), [])
        published = self.published_for(clients[0], everything)
        begun = [m for m in published if m["msg_type"] == "execute_input"]
        self.assertEqual([m["content"]["execution_count"] for m in begun], list(range(1, len(everything) + 1)))
        for client in clients:
            own = [m["parent_header"]["msg_id"] for m in begun
                   if m["parent_header"]["session"] == client.session.session]
            self.assertEqual(own, asked[client])

    def test_a_request_begins_when_the_one_before_it_has_ended(self):
        clients = self.three()
        asked = [client.execute(f"%set n={number}") for client in clients for number in range(5)]
        current = None
        for message in self.published_for(clients[0], asked):
            if message["content"].get("execution_state") == "busy":
                self.assertIsNone(current)
                current = message["parent_header"]["msg_id"]
            self.assertEqual(message["parent_header"]["msg_id"], current)
            if message["content"].get("execution_state") == "idle":
                current = None

    # ---- clients that are gone, or do not listen

    def test_a_client_that_goes_away_in_its_cell_leaves_the_kernel_to_the_others(self):
        one, other = self.client(), self.client()
        waiting = one.execute(support.WAITS, stop_on_error=False)
        self.wait_until_it_waits(other, waiting)
        one.stop_channels()
        queued = other.execute("%set n=1")
        self.interrupt(other)
        self.assertEqual(self.reply(other, queued)["content"]["status"], "ok")
        published = self.published_for(other, [waiting, queued])
        errors = [m["content"]["ename"] for m in published if m["msg_type"] == "error"]
        self.assertEqual(errors, ["KeyboardInterrupt"])

    def test_a_client_that_goes_away_before_its_answer_leaves_the_kernel_to_the_others(self):
        one, other = self.client(), self.client()
        asked = one.execute(ASKS, allow_stdin=True, stop_on_error=False)
        self.question(one)
        one.stop_channels()
        queued = other.execute("%set n=1")
        self.interrupt(other)
        self.assertEqual(self.reply(other, queued)["content"]["status"], "ok")
        self.published_for(other, [asked, queued])

    def test_a_client_that_never_subscribes_gets_its_replies(self):
        deaf = self.client(iopub=False)
        begin = time.monotonic()
        self.reply(deaf, deaf.kernel_info())
        self.assertLess(time.monotonic() - begin, 5)
        self.assertEqual(self.reply(deaf, deaf.execute("%set n=1"))["content"]["status"], "ok")
        # One that comes later sees what is published from then on.
        listening = self.client()
        asked = deaf.execute("%vars --json")
        self.reply(deaf, asked)
        published = self.published_for(listening, [asked])
        self.assertIn("execute_result", [m["msg_type"] for m in published])

    def test_a_client_that_subscribes_and_never_reads_is_in_nobodys_way(self):
        idle = self.client(ready=False)
        other = self.client()
        for _ in range(1500):
            other.execute("%set n=1")
        last = other.execute("%set n=2")
        for _ in range(1500):
            other.get_shell_msg(timeout=TIMEOUT_S)
        self.reply(other, last)
        self.assertIn("idle", [m["content"].get("execution_state") for m in self.published_for(other, [last])])
        self.assertTrue(idle.is_alive())

    # ---- questions

    def test_a_question_goes_to_the_client_whose_cell_asks(self):
        one, other = self.client(), self.client()
        asked = one.execute(ASKS, allow_stdin=True)
        question = self.question(one)
        self.assertEqual(question["parent_header"]["msg_id"], asked)
        self.assertTrue(question["content"]["password"])
        self.answer(one, question, "open sesame")
        self.assertEqual(self.reply(one, asked)["content"]["ename"], ANSWERED_RIGHT)
        with self.assertRaises(Empty):
            other.get_stdin_msg(timeout=0)

    def test_an_answer_from_another_client_is_not_taken(self):
        one, other = self.client(), self.client()
        for pretends in (False, True):
            with self.subTest(pretends_to_have_been_asked=pretends):
                asked = one.execute(ASKS, allow_stdin=True)
                question = self.question(one)
                self.answer(other, question if pretends else None, "wrong")
                self.after_the_answer(other)
                self.answer(one, question, "open sesame")
                self.assertEqual(self.reply(one, asked)["content"]["ename"], ANSWERED_RIGHT)

    def after_the_answer(self, client):
        """An answer has been read when the kernel has answered two requests that came later. Sockets
        are not ordered among each other, but a loop that reads all of them is."""
        for _ in range(2):
            client.control_channel.send(client.session.msg("kernel_info_request", {}))
            client.get_control_msg(timeout=TIMEOUT_S)

    def test_a_client_may_leave_the_parent_of_its_answer_out(self):
        one = self.client()
        asked = one.execute(ASKS, allow_stdin=True)
        self.question(one)
        one.input("wrong")
        self.assertEqual(self.reply(one, asked)["content"]["ename"], ANSWERED_WRONG)

    def test_a_late_answer_to_an_earlier_question_is_not_taken(self):
        one = self.client()
        asked = one.execute(ASKS, allow_stdin=True)
        earlier = self.question(one)
        self.interrupt(one)
        self.assertEqual(self.reply(one, asked)["content"]["ename"], "KeyboardInterrupt")
        asked = one.execute(ASKS, allow_stdin=True)
        question = self.question(one)
        self.answer(one, earlier, "wrong")
        self.after_the_answer(one)
        self.answer(one, question, "open sesame")
        self.assertEqual(self.reply(one, asked)["content"]["ename"], ANSWERED_RIGHT)


if __name__ == "__main__":
    support.main()
