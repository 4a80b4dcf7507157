"""Which address a listener rule answers: out of its conditions and its listener, or why there is none."""

import pytest

from aws.alb_address import Address, address_of, meets
from aws.alb_facts import rule_of
from aws.alb_replies import ListenerRow, RuleRow
from rollout.errors import TargetError

ELB = "arn:aws:elasticloadbalancing:eu-central-1:123456789012"
LISTENER = f"{ELB}:listener/app/shop/cfd0d82b83cd0458/d4a6180ae6351ae9"
NAME = "shop-1.eu-central-1.elb.amazonaws.com"


def listener(protocol="HTTP", port=9000):
    """One as AWS shows it."""
    return ListenerRow.model_validate({"ListenerArn": LISTENER, "Protocol": protocol, "Port": port})


def rule(*conditions):
    """A rule of that listener with these conditions, as AWS shows it."""
    arn = f"{LISTENER.replace(':listener/', ':listener-rule/')}/f86cdbac90113bbb"
    return rule_of(RuleRow.model_validate({"RuleArn": arn, "Conditions": conditions}))


def paths(*values):
    """A condition in both of AWS's forms."""
    return {"Field": "path-pattern", "Values": values, "PathPatternConfig": {"Values": values}}


def hosts(*values):
    """The same of a host, in one form only."""
    return {"Field": "host-header", "HostHeaderConfig": {"Values": values}}


@pytest.mark.parametrize(
    ("conditions", "protocol", "port", "url"),
    [
        ([], "HTTP", 9000, f"http://{NAME}:9000/"),
        ([], "HTTP", 80, f"http://{NAME}/"),
        ([], "HTTPS", 443, f"https://{NAME}/"),
        ([], "HTTPS", 80, f"https://{NAME}:80/"),
        ([paths("/*")], "HTTP", 9000, f"http://{NAME}:9000/"),
        ([paths("*")], "HTTP", 9000, f"http://{NAME}:9000/"),
        ([paths("/shop/*")], "HTTP", 9000, f"http://{NAME}:9000/shop/"),
        ([paths("/shop*")], "HTTP", 9000, f"http://{NAME}:9000/shop"),
        ([paths("/ping")], "HTTP", 9000, f"http://{NAME}:9000/ping"),
        ([paths("/*.html", "/b/*")], "HTTP", 9000, f"http://{NAME}:9000/b/"),
        ([paths('/a"b<c>|d/*')], "HTTP", 9000, f"http://{NAME}:9000/a%22b%3Cc%3E%7Cd/"),
        ([{"Field": "path-pattern", "Values": ["/old/*"]}], "HTTP", 9000, f"http://{NAME}:9000/old/"),
        ([hosts("Test.example.com")], "HTTPS", 443, "https://test.example.com/"),
        ([hosts("*.example.com", "t.example.com"), paths("/x/*")], "HTTPS", 8443, "https://t.example.com:8443/x/"),
        ([{"Field": "source-ip", "SourceIpConfig": {"Values": ["10.0.0.0/8"]}}], "HTTP", 80, f"http://{NAME}/"),
    ],
)
def test_an_address(conditions, protocol, port, url):
    """Protocol, port unless it is the usual one, host, path up to the first wildcard; connected to by the balancer."""
    assert address_of(rule(*conditions), listener(protocol, port), NAME) == Address(url=url, via=NAME)


@pytest.mark.parametrize(
    ("conditions", "protocol", "name", "why"),
    [
        ([hosts("*.example.com")], "HTTPS", NAME, r"the hosts \*.example.com, none of them a whole name"),
        ([hosts("a b")], "HTTPS", NAME, "none of them a whole name"),
        ([paths("/*.html")], "HTTP", NAME, "of which no address can be made"),
        ([paths("shop")], "HTTP", NAME, "of which no address can be made"),
        ([{"Field": "http-header"}], "HTTP", NAME, "wants a certain http-header"),
        ([{"Field": "query-string"}], "HTTP", NAME, "wants a certain query-string"),
        ([{"Field": "http-request-method"}], "HTTP", NAME, "wants a certain http-request-method"),
        ([{"Field": "path-pattern", "RegexValues": ["^/a"]}], "HTTP", NAME, "path-pattern that is no plain pattern"),
        ([], "TLS", NAME, "has no address to ask: TLS, port 9000"),
        ([], "HTTP", "", "no name"),
        ([], "HTTP", "evil/..", "has no address to ask"),
    ],
)
def test_no_address(conditions, protocol, name, why):
    """What no plain request meets is said, and the hint names the way out; nothing is guessed."""
    with pytest.raises(TargetError, match=why) as caught:
        address_of(rule(*conditions), listener(protocol), name)
    assert caught.value.kind == "config" and "url" in caught.value.hint


@pytest.mark.parametrize(
    ("patterns", "path", "met"),
    [
        ((), "/any", True), (("/*",), "/healthz", True), (("/shop/*",), "/healthz", False),
        (("/a", "/b/?"), "/b/1", True), (("/a", "/b/?"), "/b/12", False), (("/A*",), "/a", False),
        (("/a.c",), "/abc", False),
    ],
)  # fmt: skip
def test_a_path_meets_a_rule_as_the_balancer_says(patterns, path, met):
    """`*` is anything, `?` one character, a dot is a dot, case counts; any of the patterns will do."""
    assert meets(rule(*([paths(*patterns)] if patterns else [])), path) is met


def test_another_path_of_the_same_host():
    """What is asked keeps host and port of the address."""
    one = Address(url="https://t.example.com:8443/x/", via=NAME)
    assert one.of("/healthz?a=1") == "https://t.example.com:8443/healthz?a=1"
