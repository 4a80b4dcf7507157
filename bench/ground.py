"""What the figures stand on: a configuration with many apps, a store with a past, and live rollouts in it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from bot.config.access import Access
from bot.config.load import load
from bot.config.model import Config
from bot.policy import ConfigPolicy
from rollout.ask import Ask
from rollout.audit import Entry
from rollout.model import Phase, Rollout
from rollout.people import Actor, Person
from rollout.plan import Plan
from rollout.release import Release
from rollout.seen import AlarmReading, Reason, Seen, SideHealth, Verdict
from rollout.wishes import begin
from store import Store, open_store

TEAM, ANA, CHANNEL = "T0TIDE", "U0ANA", "C0DEPLOYS"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"  # made up, as the tokens below
ACTOR = Actor(id=ANA, team=TEAM, name="ana")
PLAN = Plan.parse("canary", "10% 5m, 50% 10m, 100%")
STORE, CONFIG = "tidegate.db", "tidegate.toml"

_HEAD = f"""
[http]
port = 0

[roles]
deployers = ["{ANA}", "S0PAYMENTS"]
approvers = ["U0EVA"]
admins    = ["U0EVA"]
"""
_APP = """
[apps.{name}]
channel = "C0DEPLOYS"

[apps.{name}.env.prod]
kind     = "lambda"
function = "{name}"
alias    = "live"
region   = "eu-central-1"
alarms   = ["my-app-errors", "my-app-p99"]
bake     = "10m"
plans    = {{ canary = "{plan}" }}
"""


def access() -> Access:
    """HTTP mode with made-up secrets."""
    token = SecretStr("xoxb-made-up")
    return Access(mode="http", bot_token=token, signing_secret=SecretStr(SECRET), api_url="http://127.0.0.1:9/api/")


def app_name(number: int) -> str:
    """The app that is still free for the wish of that number."""
    return f"app-{number:04d}"


def live_name(number: int) -> str:
    """The app whose rollout the click of that number is about."""
    return f"live-{number:02d}"


def read_config(folder: Path) -> Config:
    """What `lay` wrote."""
    return load(folder / CONFIG, {})


def lay(folder: Path, *, apps: int, live: int, past: int) -> None:
    """Write the configuration and a store: `live` rollouts at 10 %, `past` audit records behind them."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [*map(app_name, range(apps)), *map(live_name, range(live))]
    (folder / CONFIG).write_text(_HEAD + "".join(_APP.format(name=name, plan=PLAN) for name in names))
    policy = ConfigPolicy(read_config(folder))
    store = open_store(folder / STORE)
    now = datetime.now(UTC)
    store.people.replace([Person(team=TEAM, id=ANA, name="ana", read_at=now)], {}, now)
    for number in range(live):
        with store.work() as work:
            work.add(at_ten(policy, live_name(number), now))
    write_past(store, past, now)
    store.close()


def write_past(store: Store, records: int, now: datetime) -> None:
    """Audit records as wishes leave them, some hundred in a transaction."""
    for first in range(0, records, 200):
        with store.work() as work:
            for number in range(first, min(first + 200, records)):
                work.audit(past_entry(number, now))


def past_entry(number: int, now: datetime) -> Entry:
    """One record of ordinary size."""
    app = app_name(number)
    facts = {
        "words": f"start {app}/prod canary", "reason": "", "name": "ana",
        "answer": f"#{number}: looking at {app} in prod…", "hint": f"plan canary: {PLAN}",
    }  # fmt: skip
    return Entry(kind="ask", at=now, actor=ACTOR.key, rollout=number + 1, target=f"{app}/prod", facts=facts)


def begun(policy: ConfigPolicy, app: str, now: datetime) -> Rollout:
    """A rollout as `/deploy` begins it."""
    kind, terms = policy.terms(app, "prod", "canary")
    return begin(Ask(verb="start", app=app, env="prod"), terms, ACTOR, now, kind=kind)


def at_ten(policy: ConfigPolicy, app: str, now: datetime) -> Rollout:
    """A rollout that bakes at 10 %, its row as large as in life."""
    new = begun(policy, app, now - timedelta(minutes=4))
    healthy = SideHealth(state="healthy", text="Active")
    alarms = tuple(
        AlarmReading(name=gate.name, state="OK", since=now - timedelta(hours=5), window=timedelta(minutes=3),
                     mixed=False, text="0.4 under limit 1 (0 of 3 × 60 s)")
        for gate in new.terms.alarms
    )  # fmt: skip
    said = tuple(Reason(voter=gate.name, vote="pass", text=f"{gate.name} OK") for gate in new.terms.alarms)
    return new.but(
        phase=Phase.STEPPING, stable=Release(id="1", description="release 1: good"), peak=10,
        candidate=Release(id="2", description="release 2: good"), proven=10, proven_at=now, traffic_from=now,
        seen=Seen(at=now, percent=10, stable=healthy, candidate=healthy, revision="d7e0a3b2-0a53-4a5f-8d0f"),
        alarms=alarms, verdict=Verdict(outcome="PASS", reasons=said, at=now), last_look=now, last_good=now,
        baked=timedelta(minutes=1), wake_at=now + timedelta(hours=1), diff=("code sha256 a1b2 → c3d4",),
    )  # fmt: skip
