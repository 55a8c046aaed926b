"""Holds every layer to what it may include, and every header to stand on its own.

    layers.py ROOT         checks the tree below ROOT, after proving that it can fail
    layers.py --self-test  only the proof: a tree with one violation of each kind

The table is the picture in kernel/README.md.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

# A layer may include itself and these.
MAY_INCLUDE = {
    "base": set(),
    "net": {"base"},
    "auth": {"base", "net"},
    "fabric": {"base", "net"},
    "wire": {"base"},
    "magic": {"base", "net", "auth", "fabric"},
    "session": {"base", "wire", "magic", "net", "auth", "fabric"},
    "cli": {"base", "magic", "net", "auth", "fabric"},
    "main": {"base", "session", "cli", "wire", "magic", "net", "auth", "fabric"},
    "local": {"base"},
}

FOLDERS = {"auth": "auth", "local": "local"}  # the others are kernel/<layer>

# An outside header, who may include it, and in how many files at most. local/ is on its own.
OUTSIDE = [
    (r"curl/", lambda path: path in ("kernel/net/http_curl.c", "kernel/net/curl_lazy.c"), 2),
    (r"zmq", lambda path: path.startswith(("kernel/wire/", "kernel/session/")), 2),
    (r"sodium", lambda path: path.startswith(("kernel/base/", "kernel/wire/", "auth/")), 3),
    (r"openssl/", lambda path: path in ("kernel/base/digest.c", "auth/certificate.c"), 2),
]
LINUX_ONLY = re.compile(r"(sys/(eventfd|prctl|signalfd|epoll|inotify|timerfd|syscall)\.h|linux/.*)$")
SEAM = ("kernel/base/platform.c", "kernel/base/platform.h")
READS_ENVIRONMENT = ("kernel/main.c", "local/main.c")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.DOTALL)
GETENV = re.compile(r"\b(?:secure_)?getenv\s*\(")


def without_comments(text):
    """Comments become blanks; strings and line numbers stay."""
    def blank(match):
        found = match.group(0)
        return re.sub(r"[^\n]", " ", found) if found.startswith("/") else found
    return COMMENT.sub(blank, text)


def layer_of(path):
    parts = path.split("/")
    if parts[0] in FOLDERS:
        return parts[0]
    if parts[0] == "kernel":
        return parts[1] if len(parts) > 2 else "main"
    return None


def sources(root):
    for top in ("auth", "kernel", "local"):
        for path in sorted((root / top).rglob("*.[ch]")):
            yield path.relative_to(root).as_posix(), path


def target_of(name, path, root):
    """Path of the project's file that an include names; None when it is not ours."""
    beside = os.path.normpath(os.path.join(os.path.dirname(path), name))
    for candidate in (f"kernel/{name}", name, beside):
        candidate = os.path.normpath(candidate)
        if layer_of(candidate) and (root / candidate).exists():
            return candidate
    return None


def check_edge(path, line, name, root, faults):
    ours = target_of(name, path, root)
    known = layer_of(f"kernel/{name}") if "/" in name else None
    if ours is None and known not in MAY_INCLUDE:
        return
    layer, other = layer_of(path), layer_of(ours) if ours else known
    if "/" not in name:
        faults.append(f'{path}:{line}: includes "{name}" without its folder')
    elif other != layer and other not in MAY_INCLUDE[layer]:
        faults.append(f'{path}:{line}: {layer} may not include {other} ("{name}")')


def check_outside(path, line, name, users, faults):
    if LINUX_ONLY.match(name) and path not in SEAM:
        faults.append(f"{path}:{line}: <{name}> exists on Linux only; it belongs into {SEAM[0]}")
    if layer_of(path) == "local":
        return
    for pattern, allowed, _ in OUTSIDE:
        if not re.match(pattern, name):
            continue
        users.setdefault(pattern, {}).setdefault(path, line)
        if not allowed(path):
            faults.append(f"{path}:{line}: <{name}> has a home elsewhere")


def check_file(path, text, root, users, faults):
    layer = layer_of(path)
    if layer not in MAY_INCLUDE:
        faults.append(f"{path}:1: the folder {layer} is no layer")
        return
    text = without_comments(text)
    for found in INCLUDE.finditer(text):
        line = text.count("\n", 0, found.start()) + 1
        if found.group(1) == '"':
            check_edge(path, line, found.group(2), root, faults)
        check_outside(path, line, found.group(2), users, faults)
    for found in GETENV.finditer(text):
        if path not in READS_ENVIRONMENT:
            line = text.count("\n", 0, found.start()) + 1
            faults.append(f"{path}:{line}: only main.c reads the environment")


def check_tree(root):
    """The faults of the tree as lines of text, and how many files were read."""
    faults, users, count = [], {}, 0
    for path, file in sources(root):
        check_file(path, file.read_text(encoding="utf-8"), root, users, faults)
        count += 1
    for pattern, _, most in OUTSIDE:
        files = users.get(pattern, {})
        if len(files) > most:
            where = ", ".join(f"{path}:{line}" for path, line in sorted(files.items()))
            faults.append(f"<{pattern}…> is included in {len(files)} files, at most {most}: {where}")
    return faults, count


# ---- every header alone


def compiler_flags():
    names = ["jansson", "libsodium", "libcrypto", "libcurl", "libzmq", "libmicrohttpd", "cmocka"]
    flags = []
    for name in names:
        found = subprocess.run(["pkg-config", "--cflags", name], capture_output=True, text=True)
        flags += shlex.split(found.stdout) if found.returncode == 0 else []
    return flags


def check_headers(root):
    """Compiles each header alone; returns faults and how many headers there were."""
    cc = shlex.split(os.environ.get("CC", "cc"))
    command = [*cc, "-std=c17", "-D_POSIX_C_SOURCE=200809L", "-D_DEFAULT_SOURCE", "-Wall",
               "-Wextra", "-Werror", "-fsyntax-only", "-x", "c", f"-I{root / 'kernel'}", f"-I{root}",
               f"-I{root / 'tests'}", *compiler_flags()]
    headers = [path for path, _ in sources(root) if path.endswith(".h")]
    headers += [path.relative_to(root).as_posix()
                for path in sorted((root / "tests/support").glob("*.h"))]

    def compile_alone(path):
        # Twice, which also shows a missing include guard.
        include = f'#include "{root / path}"\n'
        done = subprocess.run([*command, "-"], input=include * 2, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        first = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr)
        return f"{path}:1: does not compile alone: {first.strip()}"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return [fault for fault in pool.map(compile_alone, headers) if fault], len(headers)


# ---- the proof that the check can fail

GOOD_TREE = {
    "kernel/base/str.h": "#ifndef STR\n#define STR\n#include <stddef.h>\n#endif\n",
    "kernel/base/digest.c": '#include "base/str.h"\n#include <openssl/evp.h>\n',
    "kernel/base/platform.c": "#include <sys/eventfd.h>\n#include <sys/prctl.h>\n",
    "kernel/base/secret.c": "#include <sodium.h>\n",
    "kernel/net/http.h": '#ifndef H\n#define H\n#include "base/str.h"\n#endif\n',
    "kernel/net/http_curl.c": '#include "net/http.h"\n#include <curl/curl.h>\n',
    "kernel/wire/socket.c": '#include "base/str.h"\n#include <zmq.h>\n',
    "kernel/wire/signature.c": "#include <sodium.h>\n",
    "kernel/fabric/livy.c": '#include "net/http.h"\n/* #include "auth/client.h" */\n',
    "kernel/fabric/livy.h": "#ifndef L\n#define L\n#endif\n",
    "kernel/magic/magic.h": '#ifndef M\n#define M\n#include "fabric/livy.h"\n#endif\n',
    "kernel/magic/magic.c": '#include "auth/client.h"\n#include "magic/magic.h"\n',
    "kernel/session/kernel.h": '#ifndef K\n#define K\n#include "magic/magic.h"\n#endif\n',
    "kernel/session/router.c": '#include "session/kernel.h"\n#include <zmq.h>\n',
    "kernel/main.c": '#include "session/kernel.h"\nchar *f(void) { return getenv("HOME"); }\n',
    "auth/client.h": "#ifndef C\n#define C\n#endif\n",
    "auth/client.c": '#include "auth/client.h"\n#include "net/http.h"\n',
    "auth/certificate.c": "#include <openssl/x509.h>\n",
    "auth/cache.c": "#include <sodium.h>\n",
    "local/token.c": '#include "base/str.h"\n#include <openssl/evp.h>\n#include <sodium.h>\n',
    "local/main.c": 'char *f(void) { return getenv("HOME"); } /* getenv() */\n',
}

# What is added to the good tree, and what the check must say about it.
VIOLATIONS = [
    ("kernel/base/file.c", '#include "net/http.h"\n', "base may not include net"),
    ("kernel/net/bearer.c", '#include "auth/client.h"\n', "net may not include auth"),
    ("kernel/net/up.c", '#include "fabric/livy.h"\n', "net may not include fabric"),
    ("kernel/net/around.c", '#include "../fabric/livy.h"\n', "net may not include fabric"),
    ("kernel/net/rooted.c", '#include "kernel/fabric/livy.h"\n', "net may not include fabric"),
    ("kernel/fabric/token.c", '\n#  include "auth/client.h"\n', "token.c:2: fabric may not include auth"),
    ("kernel/fabric/gone.c", '#include "magic/not_written_yet.h"\n', "fabric may not include magic"),
    ("kernel/wire/cell.c", '#include "magic/magic.h"\n', "wire may not include magic"),
    ("kernel/magic/out.c", '#include "session/kernel.h"\n', "magic may not include session"),
    ("kernel/cli/run.c", '#include "session/kernel.h"\n', "cli may not include session"),
    ("auth/magic.c", '#include "magic/magic.h"\n', "auth may not include magic"),
    ("auth/batch.c", '#include "fabric/livy.h"\n', "auth may not include fabric"),
    ("local/borrowed.c", '#include "net/http.h"\n', "local may not include net"),
    ("local/shared.c", '#include "auth/client.h"\n', "local may not include auth"),
    ("kernel/magic/near.c", '#include "magic.h"\n', "without its folder"),
    ("kernel/extra/thing.c", "int x;\n", "is no layer"),
    ("kernel/fabric/get.c", "#include <curl/curl.h>\n", "<curl/curl.h> has a home elsewhere"),
    ("kernel/net/http_other.c", "#include <curl/multi.h>\n", "<curl/multi.h> has a home elsewhere"),
    ("kernel/magic/peek.c", "#include <zmq.h>\n", "<zmq.h> has a home elsewhere"),
    ("kernel/wire/third.c", "#include <zmq.h>\n", "<zmq…> is included in 3 files, at most 2"),
    ("kernel/wire/fourth.c", "#include <sodium.h>\n", "<sodium…> is included in 4 files, at most 3"),
    ("kernel/magic/seal.c", "#include <sodium/utils.h>\n", "has a home elsewhere"),
    ("kernel/net/pin.c", "#include <openssl/ssl.h>\n", "<openssl/ssl.h> has a home elsewhere"),
    ("kernel/magic/home.c", 'char *h(void) { return getenv ("HOME"); }\n', "only main.c reads"),
    ("local/path.c", 'char *h(void) { return secure_getenv("P"); }\n', "only main.c reads"),
    ("kernel/session/wake.c", "#include <sys/eventfd.h>\n", "exists on Linux only"),
    ("kernel/session/signals.c", "#include <sys/signalfd.h>\n", "exists on Linux only"),
    ("local/parent.c", "#include <sys/prctl.h>\n", "exists on Linux only"),
]

BAD_HEADERS = [
    ("kernel/base/needs.h", "#ifndef N\n#define N\nsize_t f(void);\n#endif\n", "does not compile alone"),
    ("kernel/base/twice.h", "struct twice { int x; };\n", "does not compile alone"),
]


def write_tree(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def prove(folder, path, text, wanted, check):
    """Whether the check, silent on the good tree, says wanted once path is added."""
    write_tree(folder, {path: text})
    faults, _ = check(folder)
    (folder / path).unlink()
    if path.startswith("kernel/extra/"):
        (folder / path).parent.rmdir()
    if any(path in fault and wanted in fault for fault in faults):
        return True
    print(f"self-test: {path} was to be told with '{wanted}', but got {faults or 'nothing'}")
    return False


def self_test():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_tree(folder, GOOD_TREE)
        faults = check_tree(folder)[0] + check_headers(folder)[0]
        for fault in faults:
            print(f"self-test: the good tree was blamed: {fault}")
        proofs = [prove(folder, *violation, check_tree) for violation in VIOLATIONS]
        proofs += [prove(folder, *header, check_headers) for header in BAD_HEADERS]
    return not faults and all(proofs), len(proofs)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__)
        return 2
    if not shutil.which("pkg-config"):
        print("pkg-config is missing")
        return 1
    proven, proofs = self_test()
    print(f"self-test: {proofs} violations, {'all found' if proven else 'NOT all found'}")
    if arguments[0] == "--self-test":
        return 0 if proven else 1

    root = Path(arguments[0]).resolve()
    faults, files = check_tree(root)
    header_faults, headers = check_headers(root)
    for fault in faults + header_faults:
        print(fault)
    print(f"{files} files, {headers} headers compiled alone, {len(faults + header_faults)} faults")
    return 0 if proven and files and headers and not faults and not header_faults else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
