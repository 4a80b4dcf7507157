"""Deployments that AWS runs, through the whole bot: waits as buttons, kill -9 in each, alarms, clicks, failures.

The four are under way at once: mostly they wait for AWS. Each has a test when it has something to tell.
"""

from collections import Counter

import pytest

from demo.cloud import Cloud, CloudConfig
from demo.cloud.oracle import Applied
from demo.cloud.seed_api import seed_api
from demo.cloud.seed_billing import seed_billing
from demo.cloud.seed_catalog import seed_catalog
from demo.cloud.seed_thumbs import seed_thumbs
from demo.settings import API, BILLING, CATALOG, THUMBS
from tests.end_to_end import rig
from tests.end_to_end.rig import all_text, until

MINUTE = 2.0
SERVERS = 2
"""Of billing; each takes half a minute for the new program, and as long for the old one."""
APPS = {"catalog": CATALOG, "api": API, "thumbs": THUMBS, "billing": BILLING}


def toml(port: int) -> str:
    """The four apps, with nobody's approval needed; everything of ours is fast."""
    head = rig.toml(port=port).partition("[apps.my-app]")[0].replace("[timing]\n", '[timing]\nwatch = "5m"\n')
    tables = [
        f'[apps.{name}]\nchannel = "C0DEPLOYS"\n[apps.{name}.env.prod]\n{kind}region = "eu-central-1"\n'
        f'alarms = ["{name}-errors"]\nbake = "1s"\n'
        for name, kind in APPS.items()
    ]
    return head + "".join(tables)


@pytest.fixture(scope="module")
def bot(tmp_path_factory):
    """The bot with four rollouts just asked for, #1 to #4."""
    cloud = Cloud(CloudConfig(period=10)).start()
    seed_catalog(cloud, 10, minute=MINUTE)
    seed_thumbs(cloud, 10, minute=MINUTE)
    seed_billing(cloud, 10, minute=MINUTE)
    for spare in sorted(cloud.world.servers.machines.known)[SERVERS:]:
        del cloud.world.servers.machines.known[spare]
    seed_api(cloud, 10, minute=int(MINUTE))
    made = rig.Rig(tmp_path_factory.mktemp("bot"), cloud, function="thumbs")
    (made.folder / "tidegate.toml").write_text(toml(made.port))
    try:
        made.start()
        for words in ("catalog", "api", "thumbs@2", "billing@v2"):
            assert "looking at" in made.slash("ana", words)
        yield made
        assert not made.ws.problems
    finally:
        made.close()
        cloud.stop()


def made(bot: rig.Rig, operation: str, about: str) -> list[Applied]:
    """Calls of the bot that took effect and name that application, service or deployment."""
    return bot.cloud.log.of(operation, lambda entry: about in str(entry.parameters))


def deployment(bot: rig.Rig, number: int) -> str:
    """What AWS calls the deployment of a rollout."""
    course = bot.rollout(number).seen.course  # type: ignore[union-attr]  # it was looked at
    assert course is not None
    return course.id


def killed(bot: rig.Rig) -> None:
    """Kill -9, and started anew."""
    bot.bot.kill()
    bot.start()


def test_a_click_in_mid_shift_stops_a_lambda_deployment_of_codedeploy(bot):
    """thumbs: a tenth a minute; Roll back is StopDeployment, and AWS's own way back is followed to its end."""
    until(lambda: (bot.rollout(3).proven or 0) >= 10, bot.where)
    assert "rolling back" in bot.press("ben", bot.card("AWS moves the traffic", button="Roll back", number=3), "Roll")
    ended = bot.phase("rolled_back", number=3)
    assert ended.peak >= 10 and ended.proven == 0
    assert len(made(bot, "codedeploy:CreateDeployment", "thumbs")) == 1
    assert len(made(bot, "codedeploy:StopDeployment", ended.seen.course.id)) == 1
    bot.books_agree(3)


def programs(bot: rig.Rig) -> Counter[str]:
    """What the servers run, and how many of them."""
    with bot.cloud.world.lock:
        return Counter(machine.program for _, machine in bot.cloud.world.servers.machines.known.values())


def test_a_click_in_mid_update_stops_servers(bot):
    """billing: one server after the other; Roll back after the first is StopDeployment, and AWS begins its way back."""
    until(lambda: (bot.rollout(4).proven or 0) >= 100 // SERVERS, bot.where)
    assert len(programs(bot)) == 2
    assert "rolling back" in bot.press("ben", bot.card("AWS moves the traffic", button="Roll back", number=4), "Roll")
    until(lambda: made(bot, "codedeploy:StopDeployment", deployment(bot, 4)), bot.where)


def test_a_wait_survives_kill_9_and_its_button_works_exactly_once(bot):
    """catalog: at READY and at the termination wait the bot is killed: the same card, one effect of each press."""
    bot.phase("waiting", number=1)
    first = bot.card("AWS waits", button="Promote", number=1)
    killed(bot)
    card = bot.card("AWS waits", button="Promote", number=1)
    assert card.ts == first.ts
    assert "AWS is told to go on" in bot.press("ana", card, "Promote")
    bot.phase("final_bake", "retiring", number=1)
    before = len(bot.ws.person("ben").private)
    assert bot.ws.person("ben").press_stale(card, "Promote").ok
    assert "no longer waits" in bot.told("ben", before)
    until(lambda: bot.rollout(1).wait == "TERMINATION_WAIT", bot.where)
    killed(bot)
    card = bot.card(button="Terminate blue now", number=1)
    assert card.ts == first.ts
    assert "remove the old side" in bot.press("ana", card, "Terminate blue now")
    bot.phase("succeeded", number=1)
    waits = Counter(
        entry.parameters["deploymentWaitType"]
        for entry in made(bot, "codedeploy:ContinueDeployment", deployment(bot, 1))
    )
    assert waits == {"READY_WAIT": 1, "TERMINATION_WAIT": 1}
    assert len(made(bot, "codedeploy:CreateDeployment", "catalog")) == 1
    assert bot.card("succeeded", number=1).ts == first.ts
    bot.books_agree(1)


def test_a_pause_of_ecs_survives_kill_9_and_a_red_alarm_takes_it_back(bot):
    """api: killed at the PAUSE hook, the same card; [Continue] counts once, then an alarm: StopServiceDeployment."""
    bot.phase("waiting", number=2)
    first = bot.card("POST_TEST", button="Continue", number=2)
    killed(bot)
    card = bot.card("POST_TEST", button="Continue", number=2)
    assert card.ts == first.ts
    assert "AWS is told to go on" in bot.press("ana", card, "Continue")
    until(lambda: bot.rollout(2).phase.value != "waiting", bot.where)
    before = len(bot.ws.person("ben").private)
    assert bot.ws.person("ben").press_stale(first, "Continue").ok
    assert "no longer waits" in bot.told("ben", before)
    until(lambda: (bot.rollout(2).proven or 0) >= 10, bot.where)
    bot.cloud.knobs.raise_alarm("api-errors")
    bot.phase("rolled_back", number=2)
    assert "api-errors" in all_text(bot.card("rolled back", number=2))
    arn = deployment(bot, 2)
    assert len(made(bot, "ecs:ContinueServiceDeployment", arn)) == 1
    assert len(made(bot, "ecs:StopServiceDeployment", arn)) <= 1  # ECS watches that alarm, too, and may be first
    assert len(made(bot, "ecs:UpdateService", "api")) == 1
    bot.books_agree(2)



def test_servers_that_were_stopped_run_the_old_release_again(bot):
    """billing: AWS's way back is followed to its end; each server runs what it ran, one start and one stop in all."""
    ended = bot.phase("rolled_back", number=4)
    assert ended.peak >= 100 // SERVERS and ended.proven == 0
    assert list(programs(bot).values()) == [SERVERS]
    assert len(made(bot, "codedeploy:CreateDeployment", "billing")) == 1
    assert len(made(bot, "codedeploy:StopDeployment", "")) == 2, "that of thumbs, and this one"
    bot.books_agree(4)
