#!/usr/bin/env python3
"""A browser that accepts: opens livy-local's sign-in page, presses its button, and takes the answer
to where the page sends it. The kernel starts it as `xdg-open ADDRESS`.
"""

import html
import json
import os
import re
import ssl
import sys
import urllib.parse
import urllib.request
from pathlib import Path

TIMEOUT_S = 30


def authority():
    """livy-local's own CA, which it names in its state file."""
    home = os.environ.get("LIVY_LOCAL_HOME") or Path(os.environ["XDG_STATE_HOME"], "livy-local")
    return json.loads(Path(home, "state.json").read_text())["ca_file"]


def open_page(address, form=None):
    data = urllib.parse.urlencode(form).encode() if form is not None else None
    context = ssl.create_default_context(cafile=authority()) if address.startswith("https:") else None
    with urllib.request.urlopen(address, data, TIMEOUT_S, context=context) as answer:
        return answer.read().decode()


def hidden_fields(page):
    return {name: html.unescape(value) for name, value in
            re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)}


def accept(address):
    page = open_page(address)
    back = open_page(address, {**hidden_fields(page), "decision": "accept"})
    target = html.unescape(re.search(r'action="([^"]+)"', back).group(1))
    open_page(target, hidden_fields(back))


if __name__ == "__main__":
    accept(sys.argv[1])
