"""Test addresses of several rollouts: one that hangs, or has the same address, is no other's business."""

import socket
import threading

import pytest

from aws.pair_probe import MOST_AT_ONCE, Probes, Question
from aws.probe import Answered, Unanswered
from aws.sessions import Sessions
from demo.cloud import Cloud
from demo.cloud.building import forward
from tests.aws.bench import CloudClock
from tests.aws.ecs_bench import EcsBench
from tests.aws.lines import serving

FINE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def test_two_rollouts_may_ask_at_one_address() -> None:
    """The same name in two regions, or one url of two targets: both get their answer in one look."""
    with serving(FINE) as heard:
        same = Question(heard.url, "", 3.0)
        answers = Probes().ask({1: same, 2: same})
    assert all(isinstance(answers[number], Answered) for number in (1, 2))


def test_one_that_hangs_holds_up_no_other_of_its_address() -> None:
    """One name, two load balancers: the look of one lane still waits, and that of the other lane gets its answer."""
    probes, found = Probes(), dict[int, Answered | Unanswered]()
    with serving(FINE) as fine, socket.create_server(("127.0.0.2", fine.port)) as silent:
        url = f"http://test.shop.example:{fine.port}/"
        slow, quick = Question(url, "127.0.0.2", 1.0), Question(url, "127.0.0.1", 3.0)
        waits = threading.Thread(target=lambda: found.update(probes.ask({7: slow})))
        waits.start()
        line, _ = silent.accept()
        assert isinstance(probes.ask({8: quick})[8], Answered)
        assert probes.ask({7: slow}) == {7: Unanswered("an earlier look still waits for one")}
        waits.join()
        line.close()
    assert found == {7: Unanswered("no whole answer within 1 s")}


def test_more_than_a_look_asks_are_told_so() -> None:
    """Not that an earlier look waits for them, for none does."""
    with serving(FINE) as heard:
        asked = {number: Question(heard.url, "", 3.0) for number in range(MOST_AT_ONCE + 1)}
        answers = Probes().ask(asked)
    assert answers[MOST_AT_ONCE] == Unanswered(f"a look asks at most {MOST_AT_ONCE} addresses, and others came first")


@pytest.mark.parametrize(("test", "state"), [({}, "warn"), ({"path": "/"}, "fail"), ({"url": "https://a.b/"}, "fail")])
def test_a_check_that_could_never_be_believed_refuses_the_start(
    served: Cloud, sessions: Sessions, test: dict[str, str], state: str
) -> None:
    """A test rule that serves a third group leads elsewhere for ever: nothing could rise, so nothing begins."""
    shop = EcsBench(served, sessions, CloudClock(served))
    shop.edit({"v1": 100, "shop-other": 0})
    shop.modify([forward({shop.groups["shop-other"]: 1})], shop.shop.test_rule)
    if test:
        shop.settings = {**shop.settings, "test": test}
    check = next(one for one in shop.driver.prepare(shop.requested("v2")).checks if one.name == "test")
    assert (check.state, "forwards to shop-other too" in check.text) == (state, True)
