"""A wire between a client and a server: each request passes, is lost on its way, or has its answer
lost on the way back, as the test says. HTTP/1.1 on 127.0.0.1, one thread per connection.
"""

import contextlib
import http.client
import http.server
import threading

PASS, LOSE_REQUEST, LOSE_ANSWER = "pass", "lose request", "lose answer"


class Wire:
    """decide(method, path) tells for each request; seen has all that came, in order. answered is set
    once the server has answered one."""

    def __init__(self, port):
        self.target = port
        self.decide = lambda method, path: PASS
        self.dropped_headers = ()
        self.edit_body = lambda body: body
        self.seen = []
        self.came = threading.Condition()
        self.answered = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        wire = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def pass_on(self):
                wire.pass_on(self)

            do_GET = do_POST = do_DELETE = pass_on

            def handle(self):
                with contextlib.suppress(ConnectionError):  # the client may leave at any time
                    super().handle()

            def log_message(self, *ignored):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def lose(self, what, method, times=1):
        """The next requests of that method fare so; all others pass."""
        left = [times]

        def decide(asked, path):
            del path
            if asked != method or not left[0]:
                return PASS
            left[0] -= 1
            return what
        self.answered.clear()
        self.decide = decide

    def hold_answers(self):
        """Answers that are to be lost are kept back until the event that is returned is set."""
        self.go_on.clear()
        return self.go_on

    def wait_for(self, method, timeout_s=60):
        """Waits until a request of that method has come."""
        with self.came:
            assert self.came.wait_for(lambda: any(seen == method for seen, _ in self.seen), timeout_s), self.seen

    def pass_on(self, client):
        body = self.edit_body(client.rfile.read(int(client.headers.get("Content-Length") or 0)))
        with self.came:
            self.seen.append((client.command, client.path))
            self.came.notify_all()
        fate = self.decide(client.command, client.path)
        if fate == LOSE_REQUEST:
            self._cut(client)
            return
        status, reason, headers, answer = self._ask(client, body)
        self.answered.set()
        if fate == LOSE_ANSWER:
            self.go_on.wait(120)
            self._cut(client)
            return
        client.send_response_only(status, reason)
        for name, value in headers:
            if name.lower() not in ("transfer-encoding", "content-length", "connection"):
                client.send_header(name, value)
        client.send_header("Content-Length", str(len(answer)))
        client.end_headers()
        client.wfile.write(answer)

    @staticmethod
    def _cut(client):
        client.close_connection = True
        with contextlib.suppress(OSError):
            client.connection.shutdown(2)

    def _ask(self, client, body):
        headers = {name: value for name, value in client.headers.items()
                   if name.lower() not in ("host", "connection", "content-length", *self.dropped_headers)}
        server = http.client.HTTPConnection("127.0.0.1", self.target, timeout=120)
        try:
            server.request(client.command, client.path, body or None, headers)
            reply = server.getresponse()
            return reply.status, reply.reason, reply.getheaders(), reply.read()
        except (OSError, http.client.HTTPException):
            return 502, "Bad Gateway", [], b""
        finally:
            server.close()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
