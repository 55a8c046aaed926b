"""An Apache Livy that means no good: names full of markup, states nobody knows, answers that are no JSON.

For the gallery: whatever a service says must be readable and must do nothing.
"""

import contextlib
import itertools
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MARKUP = ("</td></table><script>alert(1)</script> **a** | `b` ``` [c](javascript:alert(1)) $x_1$ "
          "\x1b[31mred\x1b[0m \u202eabc\u202c <img src=x onerror=alert(1)>")
LOG = [
    "26/11/25 10:00:00 INFO SparkContext: Running Spark version 3.5.5",
    "\x1b[33m26/11/25 10:00:01 WARN\x1b[0m NativeCodeLoader: Unable to load native-hadoop library",
    "\x1b[2J\x1b[H\x1b]0;title\x07 a line that would clear the screen",
    "<b>no markup</b> | **none** `at all` https://example.org/a?b=c",
    "progress 10 %\rprogress 50 %\rprogress 100 %",
    "a very long line " + "0123456789" * 40,
    "\tTraceback (most recent call last):",
]


# One that goes on as it is looked at, to its end.
MOVING = 7
looks = itertools.count()


def moving_state():
    return ["starting", "running", "success"][min(next(looks), 2)]


def batch(number):
    name = {1: MARKUP, 2: "n" * 200, 3: "", 4: "for_ever"}.get(number, f"nightly_{number:02}")
    state = {1: "success", 2: "dead", 3: "q<b>uantum</b>", 4: "running", 5: "killed", 6: "starting"}
    return {"id": number, "name": name, "owner": "o", "proxyUser": None,
            "state": moving_state() if number == MOVING else state.get(number, "success"),
            "appId": f"application_1764064800000_{number:04}", "log": LOG,
            "appInfo": {"driverLogUrl": None, "sparkUiUrl": f"http://spark.invalid:8088/proxy/{number}/?a=(b)|c"}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        found = re.fullmatch(r"/batches(?:/(\d+))?(/log)?", self.path.partition("?")[0])
        number = int(found[1]) if found and found[1] else None
        if number == 500:
            self.answer(500, "<html><head><title>Error 500</title></head><body><h2>HTTP ERROR 500</h2>"
                             "<p>Problem: <pre>    java.lang.NullPointerException</pre></body></html>", "text/html")
        elif number == 404 or not found:
            self.answer(404, json.dumps({"msg": "Session '404' not found. <b>" + MARKUP}))
        elif number == 99:
            self.answer(200, "{\"id\": 99, \"state\": ")
        elif found[2]:
            self.answer(200, json.dumps({"id": number, "from": 0, "total": len(LOG), "log": LOG}))
        elif number:
            self.answer(200, json.dumps(batch(number)))
        else:
            listed = [batch(n) for n in range(1, 46) if n != MOVING]
            self.answer(200, json.dumps({"from": 0, "total": len(listed), "sessions": listed}))

    def answer(self, status, text, kind="application/json"):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def running():
    """Yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
