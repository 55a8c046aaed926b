"""Signing in with the browser, the browser played by this script, against livy-local's sign-in page.

    python browser_sign_in.py PATH/TO/livy-local

livy-kernel is expected beside livy-local. Prints 'N passed, N failed'.
"""
import html
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import tempfile
import traceback
import urllib.error
import urllib.parse
import urllib.request

CONNECT = "%livy connect local --as fabric --quiet"
LOGIN = "%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} --browser"
TIMEOUT_S = 60
SCOPES = ["Lakehouse.Execute.All", "Lakehouse.Read.All", "Item.ReadWrite.All", "Workspace.ReadWrite.All",
          "Code.AccessStorage.All", "Code.AccessAzureKeyvault.All", "Code.AccessAzureDataExplorer.All",
          "Code.AccessAzureDataLake.All", "Code.AccessFabric.All"]


class World:
    def __init__(self, local, folder):
        self.kernel = os.path.join(os.path.dirname(local), "livy-kernel")
        self.folder = folder
        self.home = os.path.join(folder, "local")
        self.env = {**os.environ, "LIVY_LOCAL_HOME": self.home, "LIVY_LOCAL_SPARK_HOME": "/nonexistent",
                    "XDG_STATE_HOME": os.path.join(folder, "state"),
                    "XDG_CONFIG_HOME": os.path.join(folder, "config")}
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
            self.env.pop(name, None)

    def start(self, *cells):
        """livy-kernel at its sign-in, and the address it shows."""
        process = subprocess.Popen(
            [self.kernel, "run", CONNECT, *cells], env=self.env, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        for line in process.stderr:
            if line.startswith("https://"):
                return process, line.strip()
        raise AssertionError("no address was shown")

    def open(self, url, form=None):
        """A request as a browser sends it; (status, text)."""
        context = ssl.create_default_context(cafile=os.path.join(self.home, "ca.pem"))
        data = urllib.parse.urlencode(form).encode() if form is not None else None
        try:
            with urllib.request.urlopen(url, data, TIMEOUT_S,
                                        context=context if url.startswith("https") else None) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def pid(self):
        with open(os.path.join(self.home, "state.json"), encoding="utf-8") as text:
            return json.load(text)["pid"]


def fields(page):
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page)
    return {name: html.unescape(value) for name, value in found}


def decide(world, address, decision):
    """Opens the page, presses the button, and returns what goes back: (redirect address, fields)."""
    status, page = world.open(address)
    expect(status == 200, page)
    status, back = world.open(address, {**fields(page), "decision": decision})
    expect(status == 200, back)
    target = html.unescape(re.search(r'action="([^"]+)"', back).group(1))
    return target, fields(back)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def finish(process):
    out, err = process.communicate(timeout=TIMEOUT_S)
    return out, err


def one_consent_serves_fabric_and_storage(world):
    process, address = world.start(LOGIN, "%entra token --for storage", "%lakehouse ls")
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(address).query)
    for scope in SCOPES:
        expect(f"https://api.fabric.microsoft.com/{scope}" in asked["scope"][0].split(), asked)
    expect(asked["response_mode"] == ["form_post"] and asked["code_challenge_method"] == ["S256"], asked)
    target, form = decide(world, address, "accept")
    status, page = world.open(target, form)
    expect(status == 200 and "Signed in" in page, page)
    out, err = finish(process)
    expect(process.returncode == 0, err)
    login, storage, files = [json.loads(line) for line in out.splitlines()]
    expect(login["flow"] == "browser" and login["who"] == "ada@livy-local.example", login)
    expect(sorted(login["token"]["scopes"]) == sorted(SCOPES), login)
    expect(storage["audience"] == "https://storage.azure.com", storage)
    expect(files["kind"] == "lakehouse.list", files)
    expect(form["code"] not in out + err, "the code was shown")


def a_refusal_in_the_browser_is_told(world):
    process, address = world.start(LOGIN)
    target, form = decide(world, address, "cancel")
    status, page = world.open(target, form)
    expect(status == 200 and "Not signed in" in page, page)
    _, err = finish(process)
    expect(process.returncode == 1 and "SignInRefused" in err and "access_denied" in err, err)
    expect("accept" in err.split("Next")[-1], err)


def a_wrong_state_is_turned_away_and_the_sign_in_waits_on(world):
    process, address = world.start(LOGIN)
    target, form = decide(world, address, "accept")
    status, _ = world.open(target, {**form, "state": "somebody-else"})
    expect(status == 400, status)
    status, _ = world.open(target + "favicon.ico" if target.endswith("/") else target + "/favicon.ico")
    expect(status == 404, status)
    status, _ = world.open(target)
    expect(status == 405, status)
    expect(process.poll() is None, "the sign-in ended on a stray request")
    status, _ = world.open(target, form)
    expect(status == 200, status)
    _, err = finish(process)
    expect(process.returncode == 0, err)


def an_abandoned_sign_in_ends_with_an_interrupt(world):
    process, _ = world.start(LOGIN)
    process.send_signal(signal.SIGINT)
    _, err = finish(process)
    expect(process.returncode == 130 and "KeyboardInterrupt" in err, (process.returncode, err))


TESTS = [
    one_consent_serves_fabric_and_storage,
    a_refusal_in_the_browser_is_told,
    a_wrong_state_is_turned_away_and_the_sign_in_waits_on,
    an_abandoned_sign_in_ends_with_an_interrupt,
]


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory(prefix="lk-browser-", ignore_cleanup_errors=True) as folder:
        world = World(os.path.abspath(sys.argv[1]), folder)
        for test in TESTS:
            try:
                test(world)
                passed += 1
                print(f"ok      {test.__name__}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {test.__name__}", flush=True)
                traceback.print_exc()
        try:
            os.kill(world.pid(), signal.SIGTERM)
        except (OSError, ValueError):
            pass
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
