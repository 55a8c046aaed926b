"""A JupyterLab of one's own on the loopback interface, seen through headless Chromium.

For the screenshot and for the JupyterLab conformance test. Nothing of the user's Jupyter settings is
read or written.
"""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM_OPTIONS = ["--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync"]

NO_NEWS = {"apputils-extension/notification": {"fetchNews": "false"}}


@contextlib.contextmanager
def server(folder, settings=()):
    """Serves folder; yields the base URL with a token to append as ?token=…

    settings: the user's own, plugin → {setting: value}."""
    token = secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="lk-lab-") as home, contextlib.ExitStack() as stack:
        env = {**os.environ, "JUPYTER_CONFIG_DIR": f"{home}/config", "JUPYTER_RUNTIME_DIR": f"{home}/run",
               "JUPYTERLAB_SETTINGS_DIR": f"{home}/settings", "JUPYTERLAB_WORKSPACES_DIR": f"{home}/work"}
        for plugin, values in {**dict(settings), **NO_NEWS}.items():
            path = Path(home, f"settings/@jupyterlab/{plugin}.jupyterlab-settings")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        log = stack.enter_context(open(f"{home}/log", "w+"))
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0",
             f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}",
             "--ServerApp.allow_root=True", "--LabApp.extension_manager=readonly",
             "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"],
            env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield wait_for_address(process, Path(home, "run"), log), token
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_for_address(process, runtime, log, timeout_s=60):
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        for path in runtime.glob(f"jpserver-{process.pid}.json"):
            with contextlib.suppress(json.JSONDecodeError):
                return json.loads(path.read_text())["url"]
        time.sleep(0.1)
    log.seek(0)
    raise RuntimeError("JupyterLab did not start:\n" + log.read()[-4000:])


@contextlib.contextmanager
def browser_page(width=1280, height=900, scale=1):
    """A page of the Chromium that is installed on this machine."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        raise RuntimeError("Chromium is not installed: run `notebooks/install browser`")
    options = CHROMIUM_OPTIONS + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=options)
        try:
            yield chromium.new_page(viewport={"width": width, "height": height},
                                    device_scale_factor=scale)
        finally:
            chromium.close()
