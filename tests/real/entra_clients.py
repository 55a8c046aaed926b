"""MSAL and azure-identity against livy-local's Entra.

    python entra_clients.py PATH/TO/livy-local

Starts livy-locals of its own in empty home folders. Prints 'N passed, N failed'.
(With --browser ADDRESS it is the browser of the sign-in tests instead.)
"""
import base64
import concurrent.futures
import hashlib
import html.parser
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

FABRIC = "https://analysis.windows.net/powerbi/api/.default"
STORAGE = "https://storage.azure.com/.default"
READ = "https://api.fabric.microsoft.com/Lakehouse.Read.All"
IMPERSONATE = "https://storage.azure.com/user_impersonation"


# ---- a browser that reads forms, with or without JavaScript --------------------------------------


class Form(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.action, self.fields, self.buttons, self.scripts = None, {}, {}, 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag == "form":
            self.action = attrs.get("action", "")
        elif tag == "input":
            self.fields[attrs["name"]] = attrs["value"]
        elif tag == "button" and "value" in attrs:
            self.buttons[attrs["value"]] = attrs["name"]
        elif tag == "script":
            self.scripts += 1


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *ignored):
        return None


def fetch(address, ca, form=None, headers=()):
    """Status, headers, text; redirects are not followed."""
    data = None if form is None else urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(address, data=data, headers=dict(headers))
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)),
        Stay(),
    )
    try:
        with opener.open(request, timeout=30) as reply:
            return reply.status, reply.headers, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def browse(address, ca, decision):
    """Opens the sign-in page and decides; returns what came after the decision."""
    status, _, text = fetch(address, ca)
    page = Form(text)
    assert status == 200 and set(page.buttons) == {"accept", "cancel"}, text
    fields = dict(page.fields, **{page.buttons[decision]: decision})
    return fetch(urllib.parse.urljoin(address, page.action or address), ca, fields)


def be_the_browser(address):
    status, headers, text = browse(address, os.environ["TEST_CA"], os.environ["TEST_DECISION"])
    if status == 302:
        fetch(headers["Location"], None)
    else:
        form = Form(text)
        fetch(form.action, None, form.fields)


# ---- livy-local as a process ---------------------------------------------------------------------


class Service:
    def __init__(self, program, home, *options):
        self.home = home
        self.process = subprocess.Popen(
            [program, "--home", home, *options],
            env={"PATH": os.environ["PATH"], "HOME": home},  # no Spark: nothing is seeded
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.state_file = self.process.stdout.readline().strip()
        assert self.state_file == os.path.join(home, "state.json"), self.state_file
        with open(self.state_file, encoding="utf-8") as text:
            self.state = json.load(text)
        self.demo = self.state["demo"]
        self.ca = self.state["ca_file"]
        self.authority = self.state["authority"] + "/" + self.demo["tenant"]
        self.token_url = self.authority + "/oauth2/v2.0/token"
        self.secret = read(self.demo["secret_file"])
        self.key = read(self.demo["key"])
        self.certificate = read(self.demo["certificate"])

    def stop(self):
        begin = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)
        self.process.stdout.close()
        return time.monotonic() - begin

    def confidential(self, credential, **options):
        import msal

        return msal.ConfidentialClientApplication(
            options.pop("client", self.demo["client"]),
            authority=options.pop("authority", self.authority),
            client_credential=credential,
            instance_discovery=False,
            verify=self.ca,
            **options,
        )

    def public(self):
        import msal

        return msal.PublicClientApplication(
            self.demo["client"],
            authority=self.authority,
            instance_discovery=False,
            verify=self.ca,
        )

    def identity(self):
        """Options for azure-identity."""
        return {
            "authority": self.state["authority"],
            "disable_instance_discovery": True,
            "connection_verify": self.ca,
        }

    def form(self, **more):
        return {
            "client_id": self.demo["client"],
            "grant_type": "client_credentials",
            "client_secret": self.secret,
            "scope": STORAGE,
            **more,
        }

    def claims(self, token, audience):
        """The claims of an access token whose signature fits the published keys."""
        import jwt

        keys = json.loads(fetch(self.authority + "/discovery/v2.0/keys", self.ca)[2])
        key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(token)["kid"]]
        return jwt.decode(token, key.key, algorithms=["RS256"], audience=audience)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def new_home():
    return tempfile.mkdtemp(prefix="livy-local-test-")


def good(result):
    assert "access_token" in result, {k: v for k, v in result.items() if "token" not in k}
    return result["access_token"]


def refused(result, error, number):
    assert result.get("error") == error, result
    assert result["error_description"].startswith(f"AADSTS{number}:"), result
    return result


# ---- the application for itself ------------------------------------------------------------------


def msal_with_key_and_thumbprint_sends_rs256_and_gets_a_token(service):
    credential = {"private_key": service.key, "thumbprint": service.demo["thumbprint"]}
    app = service.confidential(credential)
    claims = service.claims(
        good(app.acquire_token_for_client([FABRIC])), "https://analysis.windows.net/powerbi/api"
    )
    assert claims["appid"] == service.demo["client"] and claims["tid"] == service.demo["tenant"]
    assert claims["idtyp"] == "app" and "scp" not in claims
    again = app.acquire_token_for_client([FABRIC])
    assert again["token_source"] == "cache"
    # The same assertion is used again for the other service.
    service.claims(good(app.acquire_token_for_client([STORAGE])), "https://storage.azure.com")


def msal_with_x5c_gets_a_token(service):
    credential = {
        "private_key": service.key,
        "thumbprint": service.demo["thumbprint"],
        "public_certificate": service.certificate,
    }
    good(service.confidential(credential).acquire_token_for_client([STORAGE]))


def msal_with_key_and_certificate_sends_ps256_and_gets_a_token(service):
    credential = {"private_key": service.key, "public_certificate": service.certificate}
    good(service.confidential(credential).acquire_token_for_client([FABRIC]))


def msal_with_pfx_sends_ps256_and_gets_a_token(service):
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.serialization import pkcs12

    path = os.path.join(service.home, "app.pfx")
    with open(path, "wb") as file:
        file.write(
            pkcs12.serialize_key_and_certificates(
                b"app",
                serialization.load_pem_private_key(service.key.encode(), None),
                x509.load_pem_x509_certificate(service.certificate.encode()),
                None,
                serialization.BestAvailableEncryption(b"word"),
            )
        )
    credential = {"private_key_pfx_path": path, "passphrase": "word"}
    good(service.confidential(credential).acquire_token_for_client([FABRIC]))


def msal_with_the_secret_gets_a_token(service):
    good(service.confidential(service.secret).acquire_token_for_client([STORAGE]))


def msal_is_told_of_a_wrong_secret(service):
    result = service.confidential("wrong").acquire_token_for_client([STORAGE])
    refused(result, "invalid_client", 7000215)
    assert result["error_codes"] == [7000215] and result["correlation_id"]


def msal_is_told_of_a_wrong_certificate(service):
    other = new_home()
    stranger = Service(service.process.args[0], other)
    try:
        credential = {"private_key": stranger.key, "public_certificate": stranger.certificate}
        result = service.confidential(credential).acquire_token_for_client([STORAGE])
        refused(result, "invalid_client", 700027)
        # Named as the right certificate, signed with the wrong key.
        credential = {"private_key": stranger.key, "thumbprint": service.demo["thumbprint"]}
        result = service.confidential(credential).acquire_token_for_client([STORAGE])
        refused(result, "invalid_client", 700027)
        assert service.demo["thumbprint"] in result["error_description"]
    finally:
        stranger.stop()
        shutil.rmtree(other)


def msal_is_told_of_a_wrong_application_scope_and_tenant(service):
    unknown = service.confidential(service.secret, client="1" * 8 + "-1111-1111-1111-" + "1" * 12)
    refused(unknown.acquire_token_for_client([STORAGE]), "unauthorized_client", 700016)
    app = service.confidential(service.secret)
    refused(app.acquire_token_for_client(["https://nowhere/.default"]), "invalid_scope", 70011)
    refused(app.acquire_token_for_client([STORAGE, FABRIC]), "invalid_scope", 700022)
    try:
        service.confidential(service.secret, authority=service.state["authority"] + "/contoso")
    except ValueError as error:
        assert "contoso" in str(error)
    else:
        raise AssertionError("a wrong tenant was accepted")


def azure_identity_gets_tokens_with_certificate_and_secret(service):
    from azure.identity import CertificateCredential, ClientSecretCredential

    ids = (service.demo["tenant"], service.demo["client"])
    pem = (service.key + service.certificate).encode()
    for options in ({}, {"send_certificate_chain": True}):
        credential = CertificateCredential(
            *ids, certificate_data=pem, **options, **service.identity()
        )
        token = credential.get_token(FABRIC)
        service.claims(token.token, "https://analysis.windows.net/powerbi/api")
        assert 3500 < token.expires_on - time.time() <= 3600
    credential = ClientSecretCredential(*ids, service.secret, **service.identity())
    service.claims(credential.get_token(STORAGE).token, "https://storage.azure.com")


def azure_identity_raises_what_it_raises_at_entra(service):
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ClientSecretCredential

    credential = ClientSecretCredential(
        service.demo["tenant"], service.demo["client"], "wrong", **service.identity()
    )
    try:
        credential.get_token(STORAGE)
    except ClientAuthenticationError as error:
        assert "AADSTS7000215" in str(error)
    else:
        raise AssertionError("a wrong secret was accepted")


def many_ask_at_once(service):
    def ask(_):
        return fetch(service.token_url, service.ca, service.form())[0]

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        assert set(pool.map(ask, range(200))) == {200}


# ---- a person ------------------------------------------------------------------------------------


class Browser:
    """Makes this script the browser of the libraries, for the time of a with."""

    def __init__(self, service, decision):
        # The '&' keeps the library from waiting for the browser while the browser waits for it.
        self.changes = {
            "BROWSER": f"{sys.executable} {os.path.abspath(__file__)} --browser %s &",
            "TEST_CA": service.ca,
            "TEST_DECISION": decision,
        }

    def __enter__(self):
        self.before = {name: os.environ.get(name) for name in self.changes}
        os.environ.update(self.changes)

    def __exit__(self, *ignored):
        for name, value in self.before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def msal_signs_a_person_in_once_for_both_services(service):
    app = service.public()
    with Browser(service, "accept"):
        result = app.acquire_token_interactive(
            [READ], extra_scopes_to_consent=[IMPERSONATE], timeout=60
        )
    claims = service.claims(good(result), "https://api.fabric.microsoft.com")
    assert claims["scp"] == "Lakehouse.Read.All" and claims["upn"] == service.demo["user"]
    assert result["id_token_claims"]["preferred_username"] == service.demo["user"]
    (account,) = app.get_accounts()
    assert account["username"] == service.demo["user"]
    # By refresh token, then from the cache: scopes are named as MSAL looks them up.
    storage = app.acquire_token_silent([IMPERSONATE], account)
    assert storage["token_source"] == "identity_provider"
    assert service.claims(good(storage), "https://storage.azure.com")["scp"] == "user_impersonation"
    for scope in (READ, IMPERSONATE):
        assert app.acquire_token_silent([scope], account)["token_source"] == "cache", scope
    default = app.acquire_token_silent([STORAGE], account)
    assert default["token_source"] == "identity_provider"
    assert app.acquire_token_silent([STORAGE], account)["token_source"] == "cache"


def msal_is_told_when_the_person_declines(service):
    with Browser(service, "cancel"):
        result = service.public().acquire_token_interactive([READ], timeout=60)
    refused(result, "access_denied", 65004)


def azure_identity_signs_a_person_in(service):
    from azure.identity import InteractiveBrowserCredential

    credential = InteractiveBrowserCredential(
        tenant_id=service.demo["tenant"],
        client_id=service.demo["client"],
        timeout=60,
        **service.identity(),
    )
    with Browser(service, "accept"):
        token = credential.get_token(STORAGE)
    assert service.claims(token.token, "https://storage.azure.com")["scp"] == "user_impersonation"
    # .default asked for everything, so Fabric comes without a second sign-in.
    token = credential.get_token("https://api.fabric.microsoft.com/.default")
    assert "Lakehouse.Execute.All" in service.claims(
        token.token, "https://api.fabric.microsoft.com"
    )["scp"].split()


def authorize_url(service, redirect, verifier, **more):
    challenge = hashlib.sha256(verifier.encode()).digest()
    return (
        service.authority
        + "/oauth2/v2.0/authorize?"
        + urllib.parse.urlencode(
            {
                "client_id": service.demo["client"],
                "response_type": "code",
                "redirect_uri": redirect,
                "scope": f"{READ} offline_access openid profile",
                "state": 'a "state" & more',
                "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
                **more,
            }
        )
    )


def code_of(service, redirect, verifier):
    url = authorize_url(service, redirect, verifier, response_mode="query")
    status, headers, _ = browse(url, service.ca, "accept")
    address = urllib.parse.urlsplit(headers["Location"])
    answer = dict(urllib.parse.parse_qsl(address.query))
    assert status == 302 and answer["state"] == 'a "state" & more', headers
    assert f"{address.scheme}://{address.netloc}" == redirect
    return answer["code"]


def a_code_is_bound_to_its_verifier_and_good_once(service):
    redirect, verifier = "http://localhost:54321", "v" * 64

    def redeem(code, **more):
        form = {
            "client_id": service.demo["client"],
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "code_verifier": verifier,
            "scope": READ,
            **more,
        }
        return json.loads(fetch(service.token_url, service.ca, form)[2])

    refused(
        redeem(code_of(service, redirect, verifier), code_verifier="w" * 64),
        "invalid_grant",
        501481,
    )
    code = code_of(service, redirect, verifier)
    answer = redeem(code)
    good(answer)
    assert answer["refresh_token"] and answer["scope"] == READ
    refused(redeem(code), "invalid_grant", 54005)


def the_page_that_goes_back_works_without_javascript(service):
    url = authorize_url(service, "http://localhost:54321", "v" * 64, response_mode="form_post")
    status, headers, text = browse(url, service.ca, "accept")
    form = Form(text)
    assert status == 200 and form.action == "http://localhost:54321" and form.scripts == 1
    assert form.fields["state"] == 'a "state" & more' and form.fields["code"]
    assert "Continue" in text and "default-src 'none'" in headers["Content-Security-Policy"]


def nobody_is_sent_elsewhere(service):
    for redirect in ("https://evil.example", "http://localhost.evil.example", "http://127.0.0.1:1"):
        status, headers, text = fetch(authorize_url(service, redirect, "v" * 64), service.ca)
        assert status == 400 and "AADSTS50011" in text and "Location" not in headers


# ---- the process ---------------------------------------------------------------------------------


def tls_is_1_2_or_newer_and_only_on_loopback(service):
    port = int(service.state["authority"].rsplit(":", 1)[1])
    for host in ("localhost", "127.0.0.1"):
        context = ssl.create_default_context(cafile=service.ca)
        with context.wrap_socket(
            socket.create_connection(("127.0.0.1", port)), server_hostname=host
        ) as connection:
            assert connection.version() in ("TLSv1.2", "TLSv1.3")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(service.ca)
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.wrap_socket(socket.create_connection(("127.0.0.1", port)), server_hostname="localhost")
    try:
        socket.create_connection(("127.0.0.2", port), timeout=5).close()
    except OSError:
        return
    raise AssertionError("it listens on more than 127.0.0.1")


def the_home_is_for_its_owner_alone(service):
    for name in ("state.json", "app-secret", "app-key.pem", "token-key.pem", "ca-key.pem"):
        mode = os.stat(os.path.join(service.home, name)).st_mode
        assert stat.S_IMODE(mode) == 0o600, (name, oct(mode))
    for name in ("onelake", "livy", "spool"):
        assert stat.S_IMODE(os.stat(os.path.join(service.home, name)).st_mode) == 0o700, name
    assert re.fullmatch("[0-9A-F]{40}", service.demo["thumbprint"])


def a_second_one_on_the_same_home_points_at_the_first(service):
    second = subprocess.run(
        [service.process.args[0], "--home", service.home],
        capture_output=True,
        text=True,
        timeout=10,
        env={"HOME": service.home, "PATH": os.environ["PATH"]},
    )
    assert second.returncode == 0 and second.stdout.strip() == service.state_file, second
    assert os.path.exists(service.state_file)


def wrong_arguments_end_with_usage(service):
    for arguments in (["--nonsense"], ["--home"], ["--idle-timeout", "soon"], ["file"]):
        ended = subprocess.run(
            [service.process.args[0], *arguments], capture_output=True, text=True, timeout=10
        )
        assert ended.returncode == 2 and "usage:" in ended.stderr and not ended.stdout, arguments
    for argument in ("--help", "--version"):
        ended = subprocess.run(
            [service.process.args[0], argument], capture_output=True, text=True, timeout=10
        )
        assert ended.returncode == 0 and "livy-local" in ended.stdout and not ended.stderr


def a_restart_keeps_keys_secret_and_tokens(service):
    home = new_home()
    try:
        first = Service(service.process.args[0], home)
        token = json.loads(fetch(first.token_url, first.ca, first.form())[2])["access_token"]
        first.stop()
        assert not os.path.exists(first.state_file)
        second = Service(service.process.args[0], home)
        assert (second.secret, second.certificate) == (first.secret, first.certificate)
        assert second.demo == first.demo
        second.claims(token, "https://storage.azure.com")
        second.stop()
    finally:
        shutil.rmtree(home)


def it_leaves_when_nobody_comes(service):
    home = new_home()
    try:
        idle = Service(service.process.args[0], home, "--idle-timeout", "1s")
        assert fetch(idle.token_url, idle.ca, idle.form())[0] == 200
        assert idle.process.wait(20) == 0
        assert not os.path.exists(idle.state_file)
        idle.process.stdout.close()
    finally:
        shutil.rmtree(home)


def faults_are_off_unless_asked_for(service):
    assert fetch(service.state["authority"] + "/_faults", service.ca)[0] == 404


def faults_change_what_is_answered(service):
    home = new_home()
    rules = os.path.join(home, "faults.json")
    with open(rules, "w", encoding="utf-8") as file:
        json.dump([{"service": "entra", "path_contains": "/token", "status": 503}], file)
    faulty = Service(service.process.args[0], home, "--faults", rules, "--token-lifetime", "90s")

    def use(*list_of_rules):
        request = urllib.request.Request(
            faulty.state["authority"] + "/_faults", data=json.dumps(list_of_rules).encode()
        )
        context = ssl.create_default_context(cafile=faulty.ca)
        with urllib.request.urlopen(request, context=context, timeout=10) as reply:
            assert reply.status == 200

    def ask():
        return fetch(faulty.token_url, faulty.ca, faulty.form())

    try:
        assert [ask()[0], ask()[0]] == [503, 200]
        assert json.loads(ask()[2])["expires_in"] == 90
        use({"status": 429, "headers": {"Retry-After": "7"}, "body": {"error": "busy"}})
        status, headers, text = ask()
        assert (status, headers["Retry-After"], json.loads(text)) == (429, "7", {"error": "busy"})
        use({"reset": "before"}, {"cut_body": True}, {"headers": {"Date": "yesterday"}})
        try:
            ask()
            raise AssertionError("there was an answer")
        except (ConnectionError, http.client.HTTPException, urllib.error.URLError):
            pass
        try:
            ask()
            raise AssertionError("the body was whole")
        except (http.client.IncompleteRead, ssl.SSLError, ConnectionError):
            pass
        assert ask()[1].get_all("Date") == ["yesterday"]
        use({"delay_ms": 600_000})
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(ask)
            while not waits(faulty):
                time.sleep(0.01)
            assert faulty.stop() < 2
            assert waiting.exception(10) is not None
    finally:
        faulty.process.kill()
        shutil.rmtree(home)


def waits(service):
    text = fetch(service.state["fabric"] + "/_faults", service.ca)[2]
    return json.loads(text)[0]["hits"] == 1


CHECKS = [
    msal_with_key_and_thumbprint_sends_rs256_and_gets_a_token,
    msal_with_x5c_gets_a_token,
    msal_with_key_and_certificate_sends_ps256_and_gets_a_token,
    msal_with_pfx_sends_ps256_and_gets_a_token,
    msal_with_the_secret_gets_a_token,
    msal_is_told_of_a_wrong_secret,
    msal_is_told_of_a_wrong_certificate,
    msal_is_told_of_a_wrong_application_scope_and_tenant,
    azure_identity_gets_tokens_with_certificate_and_secret,
    azure_identity_raises_what_it_raises_at_entra,
    many_ask_at_once,
    msal_signs_a_person_in_once_for_both_services,
    msal_is_told_when_the_person_declines,
    azure_identity_signs_a_person_in,
    a_code_is_bound_to_its_verifier_and_good_once,
    the_page_that_goes_back_works_without_javascript,
    nobody_is_sent_elsewhere,
    tls_is_1_2_or_newer_and_only_on_loopback,
    the_home_is_for_its_owner_alone,
    a_second_one_on_the_same_home_points_at_the_first,
    wrong_arguments_end_with_usage,
    a_restart_keeps_keys_secret_and_tokens,
    it_leaves_when_nobody_comes,
    faults_are_off_unless_asked_for,
    faults_change_what_is_answered,
]


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--browser":
        be_the_browser(sys.argv[2])
        return 0
    # These override what the libraries are told to verify with.
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        os.environ.pop(name, None)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"
    home = new_home()
    service = Service(os.path.abspath(sys.argv[1]), home)
    passed = failed = 0
    try:
        for check in CHECKS:
            name = check.__name__.replace("_", " ")
            try:
                check(service)
                passed += 1
                print(f"ok      {name}", flush=True)
            except Exception:
                failed += 1
                print(f"FAILED  {name}", flush=True)
                traceback.print_exc()
        took = service.stop()
        if service.process.returncode != 0 or os.path.exists(service.state_file) or took > 2:
            failed += 1
            print(f"FAILED  it ends at SIGTERM ({service.process.returncode}, {took:.1f} s)")
        else:
            passed += 1
            print("ok      it ends at SIGTERM and takes its state file along")
    finally:
        service.process.kill()
        shutil.rmtree(home)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
