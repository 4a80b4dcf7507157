"""One GET of a test address, against real servers on this machine: what came back, and every way to get nothing."""

import datetime as dt
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from aws.probe import MOST_BYTES, Answered, Unanswered, get
from tests.aws.lines import OK, Says, serving


def test_status_and_time_come_back() -> None:
    """The path with its query, the host as written, one request."""
    with serving(OK) as heard:
        answer = get(f"{heard.url}healthz?deep=1", "", 3)
    assert isinstance(answer, Answered) and answer.status == 200 and 0 < answer.seconds < 3
    (asked,) = heard.requests
    assert asked.startswith("GET /healthz?deep=1 HTTP/1.1\r\n") and f"Host: 127.0.0.1:{heard.port}\r\n" in asked


@pytest.mark.parametrize("status", [301, 404, 503])
def test_no_redirect_is_followed_and_nothing_is_tried_again(status: int) -> None:
    """Whatever it says is the answer; `Location` leads nowhere, `Retry-After` waits for nobody."""
    said = f"HTTP/1.1 {status} X\r\nLocation: /other\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(said) as heard:
        answer = get(heard.url, "", 3)
    assert isinstance(answer, Answered) and answer.status == status and len(heard.requests) == 1


def test_a_body_is_read_no_further_than_it_counts() -> None:
    """Who never stops sending is hung up on after 64 KiB; the answer counts."""
    sent = 0

    def endless(line: socket.socket) -> None:
        nonlocal sent
        line.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while sent < 64 * MOST_BYTES:
            sent += line.send(b"x" * 4096)

    with serving(endless) as heard:
        assert isinstance(get(heard.url, "", 3), Answered)
    assert heard.failed and sent < 64 * MOST_BYTES


def test_who_trickles_is_cut_off() -> None:
    """Each byte comes in time and the whole does not: no read's own limit sees that."""
    hung_up, sent = threading.Event(), 0

    def trickles(line: socket.socket) -> None:
        nonlocal sent
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
        try:
            for _ in range(999):
                line.sendall(b"x")
                sent += 1
                time.sleep(0.02)
        except OSError:
            hung_up.set()

    with serving(trickles) as heard:
        assert get(heard.url, "", 0.3) == Unanswered("no whole answer within 0.3 s")
        assert hung_up.wait(10) and sent < 999


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (lambda line: line.recv(1), "no whole answer within 0.3 s"),
        (b"", "its answer could not be read (ProtocolError)"),
        (b"SSH-2.0-server\r\n", "its answer could not be read (ProtocolError)"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nshort", "its answer could not be read (ProtocolError)"),
    ],
)
def test_an_answer_that_is_none(says: Says | bytes, why: str) -> None:
    """Silence, a hang-up, another protocol, half a body: each in its own words, none of it a status."""
    with serving(says) as heard:
        assert get(heard.url, "", 0.3) == Unanswered(why)


def test_nobody_listens() -> None:
    """A closed port, and an address that is none."""
    with serving(OK) as heard:
        pass
    assert get(heard.url, "", 3) == Unanswered("no connection")
    assert isinstance(get("http://[::1/", "", 3), Unanswered)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for one name, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test.example.com")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + dt.timedelta(days=9999))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("test.example.com")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_nobody_vouches_for_is_no_answer(tls: ssl.SSLContext) -> None:
    """Nothing is asked over such a line: whoever answers there may be anybody."""
    with serving(OK, tls) as heard:
        answer = get(f"https://127.0.0.1:{heard.port}/", "", 3)
    assert answer == Unanswered("its certificate is not trusted: self-signed certificate")
    assert heard.requests == []


def test_the_balancer_is_asked_in_the_hosts_name(
    tls: ssl.SSLContext, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connected to by its own name, asked for the host of the rule in TLS and in the request; another's is refused."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    names: list[str | None] = []
    tls.sni_callback = lambda _line, name, _context: names.append(name)
    with serving(OK, tls) as heard:
        answer = get(f"https://test.example.com:{heard.port}/", "127.0.0.1", 3)
        wrong = get(f"https://other.example.com:{heard.port}/", "127.0.0.1", 3)
    assert isinstance(answer, Answered)
    assert f"Host: test.example.com:{heard.port}\r\n" in heard.requests[0]
    assert names[0] == "test.example.com"
    assert isinstance(wrong, Unanswered) and "Hostname mismatch" in wrong.why and len(heard.requests) == 1
