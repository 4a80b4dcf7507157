"""Checks of Slack against the stand-in workspace over HTTP: each as it should be, surprising, and wrong."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from simple_websocket import Client, ConnectionClosed

from bot.checks.runner import Pace
from bot.checks.slack import NEEDED, USEFUL
from demo.workspace import Person, Workspace, WorkspaceConfig
from store import hold_lock
from tests.bot.check_rig import ROLES, TARGET, Rig

ROOT = Path(__file__).resolve().parent.parent.parent
USUAL = WorkspaceConfig()
EVERYBODY = (
    *USUAL.people,
    Person(id="U0GUEST", name="gus", real_name="Gus", is_restricted=True),
    Person(id="U0GONE", name="gone", real_name="Gone", deleted=True),
    Person(id="U0ROBOT", name="robot", real_name="Robot", is_bot=True),
    Person(id="U0OTHER", name="other", real_name="Other", team_id="T0OTHER"),
)
APP = "[apps.my-app]\nchannel = '{}'\n" + TARGET


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace(USUAL.model_copy(update={"people": EVERYBODY})) as workspace:
        yield workspace


@pytest.fixture
def rig(tmp_path: Path, ws: Workspace) -> Rig:
    return Rig(tmp_path, ws.environment())


def with_scopes(tmp_path: Path, *scopes: str) -> tuple[Workspace, Rig]:
    """A workspace where the app has these scopes."""
    ws = Workspace(USUAL.model_copy(update={"scopes": scopes})).start()
    return ws, Rig(tmp_path, ws.environment())


# -- the token, and what it may ---------------------------------------------------------------------


def test_a_token_that_works_says_whose_it_is(rig: Rig):
    """The bot's name and its workspace."""
    line = rig.only("auth")
    assert (line.state, line.text) == ("ok", "@tidegate in Harbour (T0TIDE)")


def test_a_refused_token_fails_once_and_the_rest_is_not_asked(rig: Rig):
    """Slack's word and where to get a token; what needs it proves nothing and points there. No letter is shown."""
    rig.environ["SLACK_BOT_TOKEN"] = "xoxb-CANARY-CANARY"
    line = rig.only("auth")
    assert line.state == "fail" and "invalid_auth" in line.text and "OAuth & Permissions" in line.fix
    person = rig.only("person")
    assert (person.state, person.fix) == ("skip", "see auth")
    assert "CANARY" not in repr([line, person])


def test_a_persons_token_is_no_bots(tmp_path: Path):
    """It would post as that person, with that person's rights."""
    with Workspace(USUAL.model_copy(update={"bot_id": ""})) as ws:
        line = Rig(tmp_path, ws.environment()).only("auth")
    assert line.state == "fail" and "a person's token" in line.text


def test_a_removed_app_is_told_as_such(rig: Rig, ws: Workspace):
    """account_inactive: install it anew."""
    ws.fault("refuse", "auth.test", error="account_inactive")
    line = rig.only("auth")
    assert line.state == "fail" and "install it anew" in line.text


def test_scopes_of_the_manifest_are_all_there_is(rig: Rig):
    """What the check calls for is what manifest.yml asks for, and with it all is well."""
    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))
    assert {*NEEDED, *USEFUL} == set(manifest["oauth_config"]["scopes"]["bot"])
    assert rig.only("scopes").state == "ok"


def test_missing_and_needless_scopes_are_named(tmp_path: Path):
    """Needed ones fail, useful ones warn, one that reads messages warns; groups make theirs needed."""
    ws, rig = with_scopes(tmp_path, "commands", "users:read", "im:write", "channels:history", "groups:read")
    found = {line.text.split(" ")[2]: line.state for line in rig.lines("scopes")}
    assert found == {
        "chat:write": "fail", "usergroups:read": "warn", "files:write": "warn", "channels:read": "warn",
        "channels:history": "warn",
    }  # fmt: skip
    named = rig.lines("scopes", '[roles]\ndeployers = ["S0PAYMENTS"]\n' + TARGET)
    assert {line.text.split(" ")[2]: line.state for line in named}["usergroups:read"] == "fail"
    ws.stop()


# -- one bot on one app -----------------------------------------------------------------------------


def test_a_socket_of_its_own_is_ok_and_is_closed_at_once(rig: Rig, ws: Workspace):
    """One connection was opened to be greeted, and nobody keeps it."""
    assert rig.only("socket").state == "ok"
    assert ws.connections_opened == 1
    ws.wait_for(lambda: ws.connections == 0)


def test_a_second_bot_on_the_app_is_a_warning(rig: Rig, ws: Workspace):
    """Slack would give it half of the clicks."""
    other = rig.ground().slack
    held = threading.Thread(target=lambda: hold(other.address(), ended), daemon=True)
    ended = threading.Event()
    held.start()
    ws.wait_connected()
    line = rig.only("socket")
    ended.set()
    assert line.state == "warn" and "2 connections" in line.text and "app of its own" in line.fix


def hold(address: str, ended: threading.Event) -> None:
    """Be another bot until told."""
    line = Client(address)
    ended.wait(30)
    with contextlib.suppress(OSError, ConnectionClosed):  # the workspace may have hung up first
        line.close()


def test_beside_a_running_bot_no_second_connection_is_opened(rig: Rig, ws: Workspace, tmp_path: Path):
    """It could take a click away: an address is asked for, and what that does not prove is said."""
    lock = hold_lock(tmp_path / "tidegate.db")
    assert lock is not None
    gives, others = rig.lines("socket")
    lock.release()
    assert (gives.state, others.state) == ("ok", "skip") and "/readyz" in others.fix
    assert ws.connections_opened == 0


@pytest.mark.parametrize(("told", "state"), [(0, "skip"), (1, "ok"), (2, "warn")])
def test_a_running_bot_knows_from_its_own_greeting(rig: Rig, ws: Workspace, told: int, state: str):
    """Nothing is asked of Slack for it."""
    assert rig.only("socket", connections=lambda: told).state == state
    assert ws.calls == ()


@pytest.mark.parametrize(
    ("word", "fix"),
    [
        ("invalid_auth", "connections:write"),
        ("missing_scope", "connections:write"),
        ("socket_mode_not_enabled", "turn on"),
    ],
)
def test_no_connection_is_a_failure_with_its_fix(rig: Rig, ws: Workspace, word: str, fix: str):
    """A wrong app token, one without its scope, Socket Mode off."""
    ws.fault("refuse", "apps.connections.open", error=word)
    line = rig.only("socket")
    assert line.state == "fail" and word in line.text and fix in line.fix


def test_tokens_of_two_apps_are_found(rig: Rig, tmp_path: Path):
    """No click on a card of one app reaches the socket of the other."""
    with Workspace(USUAL.model_copy(update={"app_id": "A0OTHER"})) as other:
        first = rig.ground().slack
        address = Rig(tmp_path, other.environment()).ground().slack.address()
        first.address = lambda: address  # type: ignore[method-assign]  # one app's token, another's bot
        found = rig.lines("socket", slack=first)
    assert [line.state for line in found] == ["ok", "fail"]
    assert "A0OTHER" in found[1].text and "A0TIDE" in found[1].text


def test_http_mode_asks_for_no_socket(rig: Rig, ws: Workspace):
    """There is none."""
    rig.environ["SLACK_SIGNING_SECRET"] = "0123456789abcdef" * 2
    assert rig.lines("socket", '[slack]\nmode = "http"\n' + ROLES + TARGET) == []
    assert ws.calls == ()


# -- channels, people, groups -----------------------------------------------------------------------


def test_a_channel_with_the_bot_in_it_is_ok(rig: Rig):
    """Named by its name and by who names it; each channel once."""
    toml = '[slack]\nhome = "C0OPS"\n[[digests]]\nchannel = "C0OPS"\nat = "09:00"\n' + ROLES + APP.format("C0DEPLOYS")
    home, own = rig.lines("channel", toml)
    assert (home.target, home.state) == ("C0OPS", "ok") and "slack.home, digests[0].channel" in home.text
    assert own.text == "#deploys: the bot is in it (apps.my-app.channel)"


def test_channels_that_take_no_card_fail_with_the_way_in(rig: Rig, ws: Workspace):
    """Not a member, archived, unknown; one that is shared is a warning."""
    toml = ROLES + APP.format("C0DEPLOYS")
    ws.remove_bot("deploys")
    line = rig.only("channel", toml)
    assert (line.state, line.fix) == ("fail", "in #deploys: /invite @tidegate")
    ws.invite_bot("deploys")
    ws.change_channel("deploys", shared=True)
    assert rig.only("channel", toml).state == "warn"
    ws.archive("deploys")
    archived, shared = rig.lines("channel", toml)
    assert (archived.state, shared.state) == ("fail", "warn") and "archived" in archived.text
    unknown = rig.only("channel", ROLES + APP.format("C0NOWHERE"))
    assert unknown.state == "fail" and "/invite" in unknown.fix and "C0NOWHERE" in unknown.fix


def test_channels_that_may_not_be_asked_are_not_proven(tmp_path: Path):
    """The scope for it is optional, so its lack fails nothing."""
    ws, rig = with_scopes(tmp_path, *NEEDED)
    line = rig.only("channel", ROLES + APP.format("C0DEPLOYS"))
    ws.stop()
    assert line.state == "skip" and "channels:read" in line.text


@pytest.mark.parametrize(
    ("number", "state", "said"),
    [
        ("U0ANA", "ok", "ana (roles.deployers)"),
        ("U0GUEST", "warn", "is a guest"),
        ("U0GONE", "warn", "is deactivated"),
        ("U0ROBOT", "warn", "is a bot"),
        ("U0OTHER", "warn", "belongs to another workspace"),
        ("U0NOBODY", "fail", "knows nobody of that id (roles.deployers)"),
    ],
)
def test_people_are_looked_up(rig: Rig, number: str, state: str, said: str):
    """Whom the bot listens to is ok, whom it refuses a warning, who does not exist a failure."""
    line = rig.only("person", f'[roles]\ndeployers = ["{number}"]\n' + TARGET)
    assert (line.target, line.state) == (number, state) and said in line.text
    assert bool(line.fix) == (state != "ok")


def test_whoever_is_paged_must_be_there(rig: Rig):
    """A deactivated person would be called in vain; people named twice are asked once, with both places."""
    toml = '[page]\nmention = "{}"\n[roles]\ndeployers = ["{}", "cli:root"]\n' + TARGET
    gone = rig.only("person", toml.format("U0GONE", "U0GONE"))
    assert gone.state == "fail" and "roles.deployers, page.mention" in gone.text
    assert rig.only("person", toml.format("U0EVA", "U0EVA")).state == "ok"


def test_ids_inside_a_target_are_looked_up_too(rig: Rig):
    """A list of `deploy` and of `approve.from` names people as a role does."""
    more = 'deploy = ["U0BEN"]\n[apps.my-app.env.prod.approve]\nfrom = ["U0NOBODY"]\n'
    found = {line.target: line.state for line in rig.lines("person", TARGET + more)}
    assert found == {"U0BEN": "ok", "U0NOBODY": "fail"}


def test_groups_are_looked_up(rig: Rig, ws: Workspace):
    """Members counted; unknown, and empty; on a free plan Slack's word for that is named."""
    toml = '[roles]\ndeployers = ["{}"]\n' + TARGET
    assert rig.only("group", toml.format("S0PAYMENTS")).text == "2 people (roles.deployers)"
    unknown = rig.only("group", toml.format("S0NOBODY"))
    assert unknown.state == "fail" and "knows no group" in unknown.text
    for word in ("paid_teams_only", "plan_upgrade_required"):
        ws.fault("refuse", "usergroups.users.list", error=word)
        paid = rig.only("group", toml.format("S0PAYMENTS"))
        assert paid.state == "fail" and "paid plan" in paid.text and word in paid.text
        assert paid.fix == "name persons instead"


def test_an_empty_group_is_a_warning(tmp_path: Path):
    """It gives nobody a right."""
    empty = USUAL.groups[0].model_copy(update={"members": ()})
    with Workspace(USUAL.model_copy(update={"groups": (empty,)})) as ws:
        line = Rig(tmp_path, ws.environment()).only("group", '[roles]\ndeployers = ["S0PAYMENTS"]\n' + TARGET)
    assert line.state == "warn" and "nobody is in it" in line.text


# -- clocks, and a Slack that is ill ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "state", "said"),
    [
        (0, "ok", "within"), (-20, "ok", "within"), (60, "warn", "ahead of"), (-60, "warn", "behind"),
        (250, "fail", "ahead of"), (-400, "fail", "behind"),
    ],
)  # fmt: skip
def test_a_wrong_clock_is_found_before_signatures_fail(rig: Rig, wrong: float, state: str, said: str):
    """By the date of Slack's answer: half a minute warns, four minutes fail, five are refused by Slack."""
    rig.clock = type(rig.clock)(wrong)
    line = next(line for line in rig.lines("clock") if line.target == "Slack")
    assert line.state == state and said in line.text


@pytest.mark.parametrize("kind", ["down", "503", "500", "lost_reply"])
def test_a_slack_that_does_not_answer_fails_each_of_its_lines(rig: Rig, ws: Workspace, kind: str):
    """Nothing is claimed about what could not be asked."""
    ws.fault(kind)
    for name in ("auth", "scopes", "socket", "person"):
        line = rig.only(name)
        assert line.state == "fail" and line.text.startswith("could not be asked: "), line
        assert "status page" in line.fix


def test_a_slow_slack_is_given_up_in_time(rig: Rig, ws: Workspace):
    """The look ends at its limit with a line of its own; the call goes on alone."""
    ws.fault("slow", seconds=5.0)
    found = rig.lines("person", pace=Pace(limit=0.3))
    assert [line.text for line in found] == ["could not be asked: no answer within 0.3 s"]


def test_a_limit_of_slack_proves_nothing(rig: Rig, ws: Workspace):
    """429 is no failure of what was asked."""
    ws.fault("429", "users.info")
    assert rig.only("person").state == "skip"
