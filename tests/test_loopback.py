"""The guard that keeps tests on this machine."""

import os
import socket
import urllib.request

import pytest

from tests import loopback


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", "169.254.169.254", "10.0.0.1"])
def test_a_foreign_address_is_refused(address):
    """A connect to any address but loopback raises before anything is sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as plug, pytest.raises(loopback.LeftTheMachine):
        plug.connect((address, 80))
    assert loopback.refused
    loopback.refused.clear()


def test_a_foreign_name_is_not_even_looked_up():
    """A library that opens a URL elsewhere is stopped at the name look-up."""
    with pytest.raises(loopback.LeftTheMachine):
        urllib.request.urlopen("http://slack.com/api/auth.test")
    assert loopback.refused == ["socket.getaddrinfo 'slack.com'"]
    loopback.refused.clear()


def test_datagrams_are_refused_too():
    """A UDP packet (statsd, DNS by hand) does not leave either."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug, pytest.raises(loopback.LeftTheMachine):
        plug.sendto(b"x", ("192.0.2.1", 53))
    loopback.refused.clear()


def test_loopback_works():
    """Servers and clients on 127.0.0.1 talk to each other as ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        plug = socket.create_connection(server.getsockname())
        plug.sendall(b"x")
        peer, _ = server.accept()
        with plug, peer:
            assert peer.recv(1) == b"x"


def test_credentials_of_the_developer_are_gone():
    """No Slack token and no AWS key of the person who runs the tests can be used by them."""
    assert [name for name in os.environ if name.startswith("SLACK_")] == []
    assert os.environ["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
