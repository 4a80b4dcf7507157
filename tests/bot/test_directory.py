"""The directory and those who wait for it: the stand-in workspace, a real store, a clock turned by hand."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.directory import NEVER, Directory, Unread, described
from bot.metrics import Metrics
from bot.waiting import PATIENCE, Waiting
from bot.wire import web_client
from demo.workspace import UserGroup, Workspace, WorkspaceConfig
from handlers.ports import Identity
from rollout.ask import Ask
from rollout.errors import Denied
from rollout.people import Actor, Roles
from rollout.policy import IdentityPending, Knowledge, permit
from rollout.ports import Reply, StoredAsk
from rollout.verbs import VERBS
from store import Store, open_store
from tests.bot.dial import Dial

HOME = Identity(team="T0TIDE")
ROLES = Roles(deploy=("U0ANA", "S0PAYMENTS"), approve=("U0EVA",))
NAMED = {"U0ANA", "S0PAYMENTS", "U0EVA"}


class Desk:
    """A directory with its store and workspace, and what permit makes of it."""

    def __init__(self, store: Store, ws: Workspace, dial: Dial) -> None:
        self.store, self.ws, self.dial = store, ws, dial
        self.metrics = Metrics()
        self.named = set(NAMED)
        self.identity: Identity | None = HOME
        self.directory = Directory(
            web_client(ws.bot_token, ws.api_url), store.people, lambda: self.named, lambda: self.identity,
            dial, self.metrics,
        )  # fmt: skip

    def may(self, who: str) -> str:
        """`yes`, `no` or `unknown`, for starting a rollout."""
        with self.store.reads() as reads:
            known = Knowledge(
                person=reads.person("T0TIDE", who), directory_at=reads.directory_read_at(), home="T0TIDE"
            )
        try:
            permit(ROLES, Actor(id=who, team="T0TIDE"), VERBS["start"], known, self.dial.now())
        except IdentityPending:
            return "unknown"
        except Denied:
            return "no"
        return "yes"


@pytest.fixture
def dial() -> Dial:
    return Dial()


@pytest.fixture
def ws(dial: Dial) -> Iterator[Workspace]:
    with Workspace(WorkspaceConfig(), clock=dial.epoch) as ws:
        yield ws


@pytest.fixture
def desk(tmp_path: Path, ws: Workspace, dial: Dial) -> Iterator[Desk]:
    store = open_store(tmp_path / "tidegate.db")
    yield Desk(store, ws, dial)
    store.close()


def test_only_named_people_and_their_groups_are_read(desk: Desk):
    """Named persons and members of named groups may; nobody else is even asked about."""
    assert desk.may("U0ANA") == "unknown"
    desk.directory.read()
    assert [desk.may(who) for who in ("U0ANA", "U0BEN", "U0EVA", "U0OSKAR")] == ["yes", "yes", "no", "no"]
    asked = {call.args.get("user") for call in desk.ws.calls if call.method == "users.info"}
    assert asked == {"U0ANA", "U0BEN", "U0EVA"}


@pytest.mark.parametrize(
    "flag",
    [{"is_restricted": True}, {"is_ultra_restricted": True}, {"deleted": True}, {"is_bot": True},
     {"is_stranger": True}, {"team_id": "T0OTHER"}],
)  # fmt: skip
def test_guests_strangers_bots_and_the_deactivated_may_not(desk: Desk, flag: dict[str, object]):
    """Whoever lost their standing in Slack has lost it here at the next reading."""
    desk.directory.read()
    assert desk.may("U0ANA") == "yes"
    desk.ws.change_person("ana", **flag)
    desk.directory.read()
    assert desk.may("U0ANA") in ("no", "unknown") if "team_id" in flag else desk.may("U0ANA") == "no"


@pytest.mark.parametrize("kind", ["down", "503", "500"])
def test_a_failure_keeps_the_old_entries_for_half_an_hour(desk: Desk, dial: Dial, kind: str):
    """Slack away: people known before may go on for 30 minutes, then nobody knows; back, all is well."""
    desk.directory.read()
    desk.ws.fault(kind)
    for minutes in (5, 10, 14):
        dial.turn(minutes * 60)
        with pytest.raises(Unread):
            desk.directory.read()
    assert desk.may("U0BEN") == "yes"
    assert desk.directory.missing() == ""
    dial.turn(120)
    assert desk.may("U0BEN") == "unknown"
    assert "31 minutes" in desk.directory.missing()
    desk.ws.heal()
    desk.directory.read()
    assert desk.may("U0BEN") == "yes"


def test_one_person_who_cannot_be_read_does_not_spoil_the_rest(desk: Desk, dial: Dial):
    """The others are read anew; that one keeps the old entry, and without one counts as unknown, not as denied."""
    desk.ws.fault("500", "users.info", times=1)
    desk.directory.read()
    first = "U0ANA"  # they are asked in order
    assert desk.may(first) == "unknown"
    assert desk.may("U0BEN") == "yes"
    person = desk.store.people.person("T0TIDE", first)
    assert person is not None
    assert person.read_at == NEVER
    desk.directory.read()
    dial.turn(60)
    desk.ws.fault("500", "users.info", times=1)
    desk.directory.read()
    assert desk.may(first) == "yes"


def test_a_group_that_fails_keeps_its_members_for_half_an_hour(desk: Desk, dial: Dial):
    """usergroups.users.list alone is broken: members stay, then the whole reading counts as failed."""
    desk.directory.read()
    desk.ws.fault("500", "usergroups.users.list")
    dial.turn(29 * 60)
    desk.directory.read()
    assert desk.may("U0BEN") == "yes"
    dial.turn(2 * 60)
    with pytest.raises(Unread):
        desk.directory.read()


def test_leaving_a_group_takes_the_right_away(tmp_path: Path, dial: Dial):
    """Membership is read anew each time, never added up."""
    groups = [UserGroup(id="S0PAYMENTS", handle="p", name="P", members=members)
              for members in (("U0ANA", "U0BEN"), ("U0ANA",))]  # fmt: skip
    store = open_store(tmp_path / "tidegate.db")
    for group, answer in zip(groups, ("yes", "no"), strict=True):
        with Workspace(WorkspaceConfig(groups=(group,)), clock=dial.epoch) as ws:
            desk = Desk(store, ws, dial)
            desk.directory.read()
            assert desk.may("U0BEN") == answer
    store.close()


def test_what_slack_refuses_for_good_is_named_once(desk: Desk, caplog: pytest.LogCaptureFixture):
    """An unknown group and an unknown person: named in the log with what to do, once; the rest is read."""
    desk.named |= {"S0NOBODY", "U0NOBODY"}
    desk.directory.read()
    desk.directory.read()
    assert desk.may("U0ANA") == "yes"
    assert caplog.text.count("S0NOBODY") == 1
    assert caplog.text.count("U0NOBODY") == 1
    assert "correct [roles]" in caplog.text


class Scopeless(WebClient):
    """Slack, for an app without users:read and usergroups:read."""

    def users_info(self, **_: object) -> SlackResponse:
        """Refused for good."""
        raise SlackApiError("no", {"ok": False, "error": "missing_scope"})

    usergroups_users_list = users_info


@pytest.mark.parametrize("named", [NAMED, {"S0PAYMENTS"}])
def test_nobody_found_of_those_named_counts_as_unread(named: set[str], desk: Desk, dial: Dial):
    """A missing scope: the reading failed, readiness says why and what to do; not "read, and nobody is there"."""
    web, metrics = Scopeless(), Metrics()
    directory = Directory(web, desk.store.people, lambda: named, lambda: HOME, dial, metrics)
    with pytest.raises(Unread, match="not one of those whom roles name could be read: missing_scope"):
        directory.read()
    assert directory.missing() == (
        "people and groups were never read from Slack: missing_scope: "
        "add users:read and usergroups:read to the app, and install it anew"
    )
    assert desk.may("U0ANA") == "unknown"


def test_nobody_named_is_read_at_once(desk: Desk):
    """Where roles name nobody of Slack there is nothing to ask, and nothing missing."""
    desk.named = set()
    desk.directory.read()
    assert desk.directory.missing() == ""


def test_it_waits_where_slack_says_so(desk: Desk):
    """429: the call is made again after Retry-After, within the same reading."""
    desk.ws.fault("429", "users.info", times=1, retry_after=1)
    desk.directory.read()
    assert desk.may("U0ANA") == "yes"
    assert desk.may("U0BEN") == "yes"


def test_nothing_is_read_before_the_workspace_is_known(desk: Desk):
    """Without its own team id the bot could not tell strangers."""
    desk.identity = None
    with pytest.raises(Unread):
        desk.directory.read()
    assert not desk.ws.calls


def test_an_organisation_is_one_home(dial: Dial):
    """Where the bot serves an organisation, its other workspaces are no strangers; other organisations are."""
    home = Identity(team="T1", enterprise="E1")
    user = {"id": "W1", "team_id": "T2", "enterprise_user": {"enterprise_id": "E1"}}
    mate = described(user, home, (), dial.now())
    other = described(user | {"enterprise_user": {"enterprise_id": "E2"}}, home, (), dial.now())
    assert (mate.team, mate.stranger) == ("T1", False)
    assert other.stranger


def test_the_thread_reads_when_woken_and_tells_whether_it_could(desk: Desk):
    """After each attempt those who wait hear of it: failed first, then read."""
    heard: list[bool] = []
    read = threading.Event()

    def after(fresh: bool) -> bool:
        heard.append(fresh)
        if fresh:
            read.set()
        return not fresh

    desk.ws.fault("503", times=1)
    desk.directory.start(after)
    desk.directory.wake()
    try:
        assert read.wait(30)
    finally:
        desk.directory.stop()
    assert heard[0] is False
    assert desk.may("U0ANA") == "yes"
    assert desk.metrics.value("tidegate_directory_faults_total") >= 1


# -- those who wait --------------------------------------------------------------------------------


class Asked:
    """A conductor that answers everything, and a Waiting in front of it."""

    def __init__(self, store: Store, dial: Dial) -> None:
        self.store, self.dial = store, dial
        self.asked: list[str] = []
        self.nudges = 0
        self.waiting = Waiting(store, self.ask, dial, self.nudge)

    def nudge(self) -> None:
        self.nudges += 1

    def ask(self, stored: StoredAsk) -> None:
        self.asked.append(stored.dedupe)
        reply = Reply(ok=True, text="looking")
        with self.store.work() as work:
            work.remember(stored.model_copy(update={"state": "answered", "reply": reply}))

    def arrives(self, key: str) -> None:
        stored = StoredAsk(
            dedupe=key, ask=Ask(verb="start", app="my-app"), actor=Actor(id="U0ANA", team="T0TIDE"),
            state="identity", address="https://hooks.slack.com/x/secret", at=self.dial.now(),
        )  # fmt: skip
        with self.store.work() as work:
            work.remember(stored)


def test_who_waited_is_answered_once_the_directory_was_read(desk: Desk, dial: Dial):
    """Not while nothing was read; then in order, each once."""
    asked = Asked(desk.store, dial)
    asked.arrives("one")
    asked.arrives("two")
    assert asked.waiting(False) is True
    assert asked.asked == []
    assert asked.waiting(True) is False
    assert asked.waiting(True) is False
    assert asked.asked == ["one", "two"]


def test_a_wish_that_waited_too_long_is_refused_not_done(desk: Desk, dial: Dial):
    """Slack back after ten minutes: nothing starts by surprise; the person is told, the audit has it."""
    asked = Asked(desk.store, dial)
    asked.arrives("late")
    dial.turn((PATIENCE + timedelta(seconds=1)).total_seconds())
    assert asked.waiting(True) is False
    assert asked.asked == []
    (queued,) = desk.store.outbox.pending(dial.now())
    assert queued.notice.kind == "answer"
    with desk.store.reads() as reads:
        stored, head = reads.stored_ask("late"), reads.head()
    assert stored is not None
    assert stored.reply is not None
    assert not stored.reply.ok
    assert head is not None
    assert '"kind":"denied"' in head.body
    assert "secret" not in head.body
