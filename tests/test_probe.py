"""What is asked of servers, by a real client of real servers on this machine."""

import asyncio
import errno
import ipaddress
import os
import socket
import ssl
import subprocess
import sys
import time
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import probe
from feeds.probe import DAY, HOUR, Answer, Probe, is_public
from tests.conftest import tool
from tests.server import (
    HERE,
    after,
    by_method,
    for_ever,
    head,
    never,
    picture,
    serving,
)

LOCAL = frozenset({HERE})
SECONDS = 1.0
WEEKS = 14 * DAY


@pytest.fixture(scope="module")
def server():
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_was_asked(request):
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        server.asked.clear()
        server.headers.clear()


def ask(url, trusted=LOCAL, seconds=SECONDS, resolve=None):
    return asyncio.run(Probe("feeds/1 (+x)", seconds, trusted, resolve)(url))


def said(answer):
    return answer.length, answer.media_type, answer.why


PNG = "image/png"
UNSAID = "its length is not said"
RANGE = head(206, content_range="bytes 0-0/777", content_type=PNG)
ANSWERS = {
    "a length": (picture(), (12345, PNG, ""), "HEAD"),
    "a length and no type": (head(content_length=7), (7, "", ""), "HEAD"),
    "a type with more": (
        head(content_length=7, content_type="IMAGE/PNG; q=1"),
        (7, "IMAGE/PNG; q=1", ""),
        "HEAD",
    ),
    "HEAD refused": (by_method(head=head(405), get=RANGE), (777, PNG, ""), "HEAD GET"),
    "HEAD unknown": (by_method(head=head(501), get=RANGE), (777, PNG, ""), "HEAD GET"),
    "HEAD without length": (
        by_method(head=head(content_type=PNG), get=RANGE),
        (777, PNG, ""),
        "HEAD GET",
    ),
    "HEAD of nothing": (
        by_method(head=picture(0), get=RANGE),
        (777, PNG, ""),
        "HEAD GET",
    ),
    "no ranges": (
        by_method(head=head(403), get=picture() + b"x" * 100),
        (12345, PNG, ""),
        "HEAD GET",
    ),
    "chunks": (
        head(transfer_encoding="chunked", content_type=PNG) + b"1\r\nx\r\n",
        (0, PNG, UNSAID),
        "HEAD GET",
    ),
    "chunks and a length": (
        head(transfer_encoding="chunked", content_length=7),
        (0, "", UNSAID),
        "HEAD GET",
    ),
    "compressed": (
        head(content_encoding="gzip", content_length=7),
        (0, "", UNSAID),
        "HEAD GET",
    ),
    "a range of no known whole": (
        by_method(head=head(405), get=head(206, content_range="bytes 0-0/*")),
        (0, "", UNSAID),
        "HEAD GET",
    ),
    "another range": (
        by_method(head=head(405), get=head(206, content_range="bytes 0-9/777")),
        (0, "", UNSAID),
        "HEAD GET",
    ),
    "interim answers": (head(100) + head(103) + picture(), (12345, PNG, ""), "HEAD"),
    "bare line ends": (
        picture().replace(b"\r\n", b"\n"),
        (12345, PNG, ""),
        "HEAD",
    ),
    "not there": (head(404), (0, "", "404"), "HEAD"),
    "gone": (head(410, content_length=7), (0, "", "410"), "HEAD"),
    "broken": (head(500, content_length=7), (0, "", "500"), "HEAD GET"),
    "a redirect to nowhere": (head(302, content_length=7), (0, "", "302"), "HEAD GET"),
}


@pytest.mark.parametrize(("page", "expected", "asked"), ANSWERS.values(), ids=ANSWERS)
def test_a_server_says(server, page, expected, asked):
    server.pages["/p"] = page
    answer = ask(server.url("/p"))
    assert said(answer) == expected
    assert server.asked == [f"{method} /p" for method in asked.split()]
    assert (answer.host, answer.rest, answer.was_sent) == ("", 0, True)


@pytest.mark.parametrize(
    "length", ["-7", "+7", "7.0", "0x7", "seven", "7, 8", "٧", "", "9" * 17, "1_0"]
)
def test_what_is_no_whole_number_is_no_length(server, length):
    header = f"Content-Length: {length}\r\n".encode()
    server.pages["/p"] = head()[:-2] + header + b"\r\n"
    assert ask(server.url("/p")).length == 0


def test_two_lengths_are_none_unless_they_are_one(server):
    header = b"Content-Length: 7\r\n"
    server.pages["/p"] = head()[:-2] + header * 2 + b"\r\n"
    server.pages["/q"] = picture(8)[:-2] + header + b"\r\n"
    assert [ask(server.url(path)).length for path in ("/p", "/q")] == [7, 0]


def test_who_asks_says_so_and_asks_for_no_body(server):
    server.pages["/p?q=1"] = by_method(head=head(405), get=RANGE)
    ask(server.url("/p?q=1#fragment"))
    assert server.asked == ["HEAD /p?q=1", "GET /p?q=1"]
    given = {
        "Host": f"{HERE}:{server.port}",
        "User-Agent": "feeds/1 (+x)",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
    assert server.headers == [given, given | {"Range": "bytes=0-0"}]


BUSY = {
    "": HOUR,
    "0": HOUR,
    "120": HOUR,
    f"{WEEKS}": WEEKS,
    "-5": HOUR,
    "soon": HOUR,
    "Thu, 01 Jan 1970 00:00:00 GMT": HOUR,
    "Fri, 99 Foo 2020 00:00:00 GMT": HOUR,
}


@pytest.mark.parametrize(("wait", "rest"), BUSY.items())
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_left_alone(server, status, wait, rest):
    server.pages["/p"] = head(status, retry_after=wait, content_length=7)
    host = f"{HERE}:{server.port}"
    expected = Answer(server.url("/p"), why=f"{status}", host=host, rest=rest)
    assert ask(server.url("/p")) == expected
    assert server.asked == ["HEAD /p"]


def test_a_busy_server_may_name_a_date(server):
    server.pages["/p"] = head(503, retry_after=formatdate(time.time() + WEEKS))
    assert 0 <= WEEKS - ask(server.url("/p")).rest < 5


# Redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("to", ["/q", "q", "{}/q", "//{}/q", "{}/q#x"])
def test_a_redirect_is_followed(server, status, to):
    base = server.base if not to.startswith("//") else server.base.partition("//")[2]
    server.pages |= {"/p": head(status, location=to.format(base)), "/q": picture()}
    assert said(ask(server.url("/p"))) == (12345, PNG, "")
    assert server.asked == ["HEAD /p", "HEAD /q"]


def test_a_redirect_to_what_is_no_ascii_is_followed(server):
    server.pages["/p"] = head(302, location="/ä b".encode().decode("latin-1"))
    server.pages["/%C3%A4%20b"] = picture()
    assert ask(server.url("/p")).length == 12345


def test_five_redirects_are_followed_and_no_more(server):
    for number in range(6):
        server.pages[f"/{number}"] = head(302, location=f"/{number + 1}")
    server.pages["/6"] = picture()
    assert ask(server.url("/1")).length == 12345
    assert ask(server.url("/0")).why == "more than 5 redirects"
    assert len(server.asked) == 6 + 6


def test_a_redirect_after_a_refused_head_counts_on(server):
    moved = by_method(head=head(405), get=head(302, location="/q"))
    server.pages |= {"/p": moved, "/q": RANGE}
    assert ask(server.url("/p")).length == 777
    assert server.asked == ["HEAD /p", "GET /p", "GET /q"]


ELSEWHERE = {
    "loopback": "http://127.0.0.2/",
    "this machine": "http://0.0.0.0/",
    "loopback as a number": "http://2130706434/",
    "loopback as a hex number": "http://0x7f000002/",
    "loopback in short": "http://127.2/",
    "loopback in octal": "http://0177.0.0.2/",
    "loopback of IPv6": "http://[::1]/",
    "loopback mapped": "http://[::ffff:127.0.0.1]/",
    "public, but mapped": "http://[::ffff:9.9.9.9]/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata mapped": "http://[::ffff:a9fe:a9fe]/",
    "metadata behind NAT64": "http://[64:ff9b::a9fe:a9fe]/",
    "metadata by IPv6": "http://[fd00:ec2::254]/",
    "metadata of Azure": "http://168.63.129.16/",
    "link-local": "http://[fe80::1]/",
    "private": "https://10.0.0.1/",
    "multicast": "http://224.0.0.1/",
}


@pytest.mark.parametrize("target", ELSEWHERE.values(), ids=ELSEWHERE)
def test_nobody_is_asked_who_is_not_public(server, target):
    server.pages["/p"] = head(302, location=target)
    connected = []
    for answer in (
        watched(lambda: ask(server.url("/p")), connected),
        watched(lambda: ask(target, trusted=frozenset()), connected),
    ):
        assert answer.why.endswith("is no public address")
        assert (answer.rest, answer.was_sent) == (0, True)
    assert connected == [(HERE, server.port)]


def test_this_machine_is_not_asked_by_its_name():
    answer = ask("http://localhost/", trusted=frozenset())
    assert answer.why == "localhost is no public address"


def watched(act, connected):
    """Tell which addresses this process connects to meanwhile."""
    is_on = [True]

    def hook(event, arguments):
        if event == "socket.connect" and is_on[0]:
            connected.append(arguments[1][:2])

    sys.addaudithook(hook)
    try:
        return act()
    finally:
        is_on[0] = False


UNUSABLE = {
    "file:///etc/passwd": "no usable address",
    "ftp://a.example/p.jpg": "no usable address",
    "gopher://a.example/1": "no usable address",
    "http://user:word@a.example/": "no usable address",
    "http://:80/p.jpg": "no usable address",
    "http://[x/": "no usable address",
    "http://a.example:99999/": "no usable address",
    f"http://a.example:{'0' * 5000}80/": "no usable address",
    f"http://a.example/{'x' * 4000}": "no usable address",
    f"http://{'x' * 64}.example/": "no usable address",
    "http://a.example:25/": "port 25 is not asked",
}


@pytest.mark.parametrize(("url", "why"), UNUSABLE.items(), ids=lambda text: text[:40])
def test_what_is_no_address_of_a_web_server_is_not_asked(server, url, why):
    server.pages["/p"] = head(302, location=url)
    assert ask(url).why == why
    assert ask(server.url("/p")).why == why


def test_a_redirect_names_no_port_but_the_usual_ones_and_ours(server):
    with serving() as other:
        other.pages["/q"] = picture()
        server.pages["/p"] = head(302, location=other.url("/q"))
        assert ask(server.url("/p")).why == f"port {other.port} is not asked"
        assert ask(other.url("/q")).length == 12345


# Names


def leading_to(*addresses):
    """Resolve names as told, one answer a time."""
    left = list(addresses)

    async def resolve(_host, _port):
        return left.pop(0)

    return resolve


def test_a_second_answer_of_the_dns_is_of_no_use(server):
    """DNS rebinding: what was looked at is what is connected to."""
    server.pages["/p"] = by_method(head=head(405), get=RANGE)
    url = f"http://pictures.example:{server.port}/p"
    once = leading_to([HERE], ["127.0.0.2"])
    connected = []
    answer = watched(lambda: ask(url, resolve=once), connected)
    assert answer.why == "pictures.example is no public address"
    assert connected == [(HERE, server.port)]
    assert server.headers[0]["Host"] == f"pictures.example:{server.port}"


def test_of_several_addresses_only_public_ones_are_asked(server):
    server.pages["/p"] = picture()
    url = f"http://pictures.example:{server.port}/p"
    connected = []
    mixed = leading_to(["10.0.0.1", HERE, "::1"])
    assert watched(lambda: ask(url, resolve=mixed), connected).length == 12345
    assert connected == [(HERE, server.port)]


def test_a_host_without_an_answer_is_left_alone_for_a_day():
    with serving() as gone:
        url = gone.url("/p")
    answer = ask(url)
    assert answer.why.lower().startswith("connection refused")
    assert (answer.host, answer.rest) == (url[7:-2], DAY)
    assert answer.was_sent


def fails_with(error):
    async def resolve(_host, _port):
        raise error

    return resolve


FAULTS = {
    "no such name": (socket.gaierror(socket.EAI_NONAME, "none"), DAY, True),
    "no resolver": (
        socket.gaierror(socket.EAI_AGAIN, "later"),
        HOUR,
        False,
    ),
    "no network": (OSError(errno.ENETUNREACH, "Network is unreachable"), HOUR, False),
    "not allowed": (OSError(errno.EPERM, "Operation not permitted"), HOUR, False),
}


@pytest.mark.parametrize(("error", "rest", "was_sent"), FAULTS.values(), ids=FAULTS)
def test_our_own_fault_is_told_from_theirs(error, rest, was_sent):
    answer = ask("https://a.example/p.jpg", resolve=fails_with(error))
    assert (answer.host, answer.rest) == ("a.example:443", rest)
    assert answer.was_sent is was_sent
    assert answer.why == error.strerror


# Servers that are no use


HANGING = {
    "never answers": never,
    "answers too late": after(0.7, picture()),
    "says a letter a time": for_ever(b"x", b"HTTP/1.1 200 OK\r\nX: ", 0.05),
    "says a header a time": for_ever(b"X: y\r\n", b"HTTP/1.1 200 OK\r\n", 0.05),
    "says interim answers": for_ever(head(100), b"", 0.2),
}


@pytest.mark.parametrize("page", HANGING.values(), ids=HANGING)
def test_a_server_that(server, page):
    server.pages["/p"] = page
    started = time.monotonic()
    answer = ask(server.url("/p"), seconds=0.6)
    assert time.monotonic() - started < 3
    assert answer.length == 0
    if "interim" not in answer.why:
        assert (answer.why, answer.rest) == ("no answer in time", DAY)


def test_redirects_too_have_to_be_in_time(server):
    moved = head(302, location="/p")
    server.pages["/p"] = after(0.25, moved)
    started = time.monotonic()
    assert ask(server.url("/p"), seconds=0.6).why == "no answer in time"
    assert time.monotonic() - started < 2


NONSENSE = {
    "nothing": b"",
    "no HTTP": b"220 mail.example ESMTP\r\n\r\n",
    "old HTTP": b"<html>\r\n\r\n",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Len",
    "a status of no number": b"HTTP/1.1 abc OK\r\n\r\n",
    "empty lines": b"\r\n\r\n\r\n",
    "a giant status": b"HTTP/1.1 200 " + b"x" * 100_000,
    "a giant header": picture()[:-2] + b"X: " + b"x" * 100_000 + b"\r\n\r\n",
    "giant headers": picture()[:-2] + b"X: 123456789\r\n" * 10_000 + b"\r\n",
    "many headers": picture()[:-2] + b"X: y\r\n" * 200 + b"\r\n",
    "only interim answers": head(100) * 9,
    "headers that never end": for_ever(b"X: y\r\n", b"HTTP/1.1 200 OK\r\n"),
    "a header that never ends": for_ever(b"x" * 999, b"HTTP/1.1 200 OK\r\nX: "),
}


@pytest.mark.parametrize("page", NONSENSE.values(), ids=NONSENSE)
def test_what_is_no_answer_is_none(server, page):
    server.pages["/p"] = page
    answer = ask(server.url("/p"))
    assert (answer.length, answer.was_sent) == (0, True)
    assert answer.why


def test_no_body_is_read(server):
    """But what came along with the headers; the system's buffers hold the rest."""
    sent = []

    def endless(connection, _method):
        connection.sendall(head(content_type=PNG))
        while True:
            sent.append(connection.send(b"x" * 65536))

    server.pages["/p"] = endless
    assert said(ask(server.url("/p"))) == (0, PNG, UNSAID)
    deadline = time.monotonic() + 5
    while server.now and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.now == 0
    assert sum(sent) < 32 << 20


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    for name in (HERE, "pictures.example"):
        kind = "IP" if name == HERE else "DNS"
        command = [tool("openssl"), "req", "-x509", "-nodes", "-days", "2"]
        command += ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}"]
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run([*command, *files], check=True, capture_output=True)
    return folder


def context_of(certificates, name):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    return context


def test_a_certificate_is_verified_in_the_name_of_the_host(certificates, monkeypatch):
    name = "pictures.example"
    context, named = context_of(certificates, name), []
    context.sni_callback = lambda _socket, name, _context: named.append(name)
    with serving(context) as server:
        server.pages["/p"] = picture()
        url = f"https://{name}:{server.port}/p"
        here = [leading_to([HERE]) for _ in range(3)]
        unknown = ask(url, resolve=here.pop())
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / f"{name}.pem"))
        known = ask(url, resolve=here.pop())
        other = ask(url.replace("pictures", "others"), resolve=here.pop())
    assert (unknown.why, unknown.rest) == ("TLS: self-signed certificate", DAY)
    assert known.length == 12345
    assert other.why.startswith("TLS: Hostname mismatch")
    assert named == [name, name, "others.example"]
    assert server.asked == ["HEAD /p"]


def test_an_address_can_have_a_certificate(certificates, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / f"{HERE}.pem"))
    with serving(context_of(certificates, HERE)) as server:
        server.pages["/p"] = picture()
        assert ask(server.url("/p")).length == 12345


def test_what_speaks_no_tls_is_not_understood(server):
    answer = ask(server.url("/p").replace("http:", "https:"))
    assert answer.why.startswith("TLS: ")
    assert answer.rest == DAY
    assert server.asked == []


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "9.9.9.9", "172.15.0.1", "172.32.0.1", "192.0.1.1", "223.255.0.1"),
        *("2606:4700::1111", "2001:4860:4860::8888", "64:ff9b::808:808"),
    ],
)
def test_addresses_that_everybody_reaches_are_public(address):
    assert is_public(address)


@given(
    st.one_of(
        st.ip_addresses(v=4),
        st.ip_addresses(v=6),
        st.integers(0, 127).map(lambda bits: ipaddress.ip_address(1 << bits)),
        st.ip_addresses(v=4).map(lambda ip: ipaddress.ip_address(f"::ffff:{ip}")),
        st.ip_addresses(v=4).map(
            lambda ip: ipaddress.ip_address(
                f"2002:{int(ip) >> 16:x}:{int(ip) & 65535:x}::"
            )
        ),
        st.ip_addresses(v=6).map(lambda ip: ipaddress.ip_address(f"{ip}%1")),
    )
)
def test_what_python_calls_special_is_not_public(address):
    special = (
        address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or not address.is_global
        or getattr(address, "ipv4_mapped", None)
        or getattr(address, "sixtofour", None)
        or getattr(address, "teredo", None)
    )
    is_behind_nat64 = str(address).startswith("64:ff9b::")
    assert is_behind_nat64 or not (special and is_public(str(address)))


# The program


def test_the_program_ends_with_who_started_it(server):
    """Also while it waits for an answer, and it says nothing on its own."""
    server.pages["/p"] = never
    command = [sys.executable, "-I", probe.__file__]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as program:
        program.stdin.write(f'["x", 20, ["{HERE}"]]\n"{server.url("/p")}"\n'.encode())
        program.stdin.flush()
        deadline = time.monotonic() + 10
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.asked == ["HEAD /p"]
        started = time.monotonic()
        assert program.communicate(timeout=10) == (b"", b"")
        assert time.monotonic() - started < 2


def test_the_program_needs_nothing_but_python(tmp_path):
    """Neither ours, nor what lies where it is started or is named by the environment."""
    (tmp_path / "json.py").write_text("raise SystemExit('taken')")
    done = subprocess.run(
        [sys.executable, "-I", "-S", probe.__file__],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        input=b'["x", 1, []]\n',
        capture_output=True,
        check=False,
        timeout=20,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
