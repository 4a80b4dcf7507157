"""The sections of `tidegate.toml` as frozen values. Only shapes: what must fit together is meaning.py's."""

import hashlib
import json
import re
import zoneinfo
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SerializeAsAny

from bot.calendar_times import read_rule
from bot.config.flaws import nearest_zone, shown, wrong
from bot.config.links import read_links
from bot.config.names import channel_problem, mention_problem
from rollout.alarms.model import Timing as AlarmTiming
from rollout.durations import parse_duration
from rollout.errors import BadInput
from rollout.ports import TargetModel
from rollout.terms import AlarmGate, Timing
from rollout.values import Frozen

MOST_FOUND_BY = 20
"""Each is a call of its own, every time that alarms are looked for."""


class Section(Frozen):
    """A table of the file: types are taken as they stand, `"8080"` is no number and `1` is not true."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _channel(value: str) -> str:
    if value and (problem := channel_problem(value)):
        raise wrong(*problem)
    return value


def _mention(value: str) -> str:
    if value and (problem := mention_problem(value)):
        raise wrong(*problem)
    return value


def _topic(value: str) -> str:
    if value and not re.fullmatch(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(\.fifo)?", value):
        raise wrong(f"{shown(value)} is not the ARN of an SNS topic", "arn:aws:sns:<region>:<account>:<topic>")
    return value


def _host(value: str) -> str:
    try:
        ip_address(value)
    except ValueError:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?", value):
            raise wrong(f"{shown(value)} is not an address to listen on", 'like "127.0.0.1"') from None
    return value


def _time_of_day(value: str) -> str:
    if value and not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        raise wrong(f"{shown(value)} is not a time of day", 'write it like "09:00"')
    return value


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest_zone(value)
        hint = f'did you mean "{near}"?' if near else 'write it like "Europe/Berlin"'
        raise wrong(f"{shown(value)} is not a time zone", hint) from None
    return value


def _cron(value: str) -> str:
    if value:
        try:
            read_rule(value)
        except BadInput as bad:
            raise wrong(bad.fact, bad.hint) from None
        if ":" in value:
            raise wrong(f"{shown(value)} is a time of day", f'write at = "{value}", or five fields')
    return value


def _found_by(value: object, what: str, form: re.Pattern[str], example: str) -> object:
    """One text or several, as several; each must have the form."""
    words = value if isinstance(value, tuple) else (value,)
    if not isinstance(value, str | tuple) or not all(isinstance(word, str) for word in words):
        raise wrong(f"{shown(value)} is neither text nor a list of text", f"write {example}")
    for word in words:
        if not form.fullmatch(word):
            raise wrong(f"{shown(word)} is not {what}", f"write {example}")
    if len(set(words)) < len(words):
        raise wrong("one of them stands here twice", "keep one")
    if len(words) > MOST_FOUND_BY:
        raise wrong(f"{len(words)} entries are too many", f"at most {MOST_FOUND_BY}")
    return words


def _prefixes(value: object) -> object:
    # every name begins with an empty text
    return _found_by(value, "the beginning of an alarm's name", re.compile(r".{1,255}"), 'alarm_prefix = "my-app-"')


def _tags(value: object) -> object:
    form = re.compile(r"[^=]{1,128}(=[^=].{0,255})?")
    return _found_by(value, "a tag", form, 'alarm_tag = "team=payments"')


def length(value: object) -> timedelta:
    """A duration of the file: text only, a bare number has no unit."""
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str):
        raise wrong(f"{shown(value)} is not a duration", 'write it as text with a unit: "90s", "5m" or "1h30m"')
    try:
        return parse_duration(value)
    except BadInput as bad:
        raise wrong(bad.fact, bad.hint) from None


def _alarm(value: object) -> object:
    if isinstance(value, str):
        value = {"name": value}
    if isinstance(value, AlarmGate):
        value = value.model_dump()
    if not isinstance(value, dict):
        raise wrong(f"{shown(value)} is not an alarm", 'write "name" or { name = "…", no_data = "pass" }')
    if str(value.get("name", "")).startswith("arn:"):
        raise wrong(f"{shown(value['name'])} is an ARN", "write the alarm's name: what follows `:alarm:`")
    return value


Channel = Annotated[str, AfterValidator(_channel)]
Length = Annotated[timedelta, BeforeValidator(length)]


class Slack(Section):
    """How Slack reaches us."""

    mode: Literal["socket", "http"] | None = Field(
        None,
        description="`socket`: we connect to Slack. `http`: Slack posts to `/slack/events`."
        " Unset: `socket` if `SLACK_APP_TOKEN` is set",
        examples=["socket"],
    )
    home: Channel = Field(
        "",
        description="channel id for what has nowhere else to go: alarms, summaries and pages whose channel is missing"
        " or closed",
        examples=["C0OPS"],
    )


class Http(Section):
    """Where we listen."""

    host: Annotated[str, AfterValidator(_host)] = Field(
        "127.0.0.1", description="address to listen on", examples=["127.0.0.1"]
    )
    port: int = Field(8080, ge=0, le=65535, description="port; 0 is off, for Socket Mode only", examples=[8080])


class Store(Section):
    """Where the state lives."""

    path: str = Field(
        "tidegate.db",
        min_length=1,
        examples=["tidegate.db"],
        description="the database; a relative path begins at the configuration's folder."
        " A local disk, never a network file system",
    )


class Aws(Section):
    """How AWS is reached; credentials come from boto3's own chain."""

    allow_endpoint_override: bool = Field(
        False, description="let `AWS_ENDPOINT_URL*` point at something beyond this machine", examples=[False]
    )
    endpoint_url: str = Field(
        "",
        description="the one AWS that this file is for: whatever acts on it needs the same `AWS_ENDPOINT_URL`",
        examples=["http://127.0.0.1:4566"],
    )


class Page(Section):
    """Who is paged when a rollout needs a human."""

    mention: Annotated[str, AfterValidator(_mention)] = Field(
        "", description="person or group on call, by id", examples=["S0ONCALL"]
    )
    sns_topic_arn: Annotated[str, AfterValidator(_topic)] = Field(
        "",
        description="SNS topic that gets one message per page",
        examples=["arn:aws:sns:eu-central-1:123456789012:oncall"],
    )


class Digest(Section):
    """A summary of alarms and rollouts at fixed times: `at` or `cron`."""

    channel: Channel = Field(description="channel id", min_length=1, examples=["C0DEPLOYS"])
    at: Annotated[str, AfterValidator(_time_of_day)] = Field(
        "", description="time of day, every day; this or `cron`", examples=["09:00"]
    )
    cron: Annotated[str, AfterValidator(_cron)] = Field(
        "", description="minute, hour, day, month, weekday as in crontab; this or `at`", examples=["0 9 * * 1-5"]
    )
    timezone: Annotated[str, AfterValidator(_zone)] = Field(
        "UTC", description="time zone of `at` and `cron`", examples=["Europe/Berlin"]
    )
    apps: tuple[str, ...] = Field((), description="apps it is about; left out: all", examples=[["my-app"]])

    @property
    def rule(self) -> str:
        """When it is due, for bot/calendar_times.py."""
        return self.at or self.cron


class Approve(Section):
    """Four eyes: the requester never counts."""

    by: int = Field(1, ge=1, le=9, description="how many persons must approve", examples=[1])
    from_: str | tuple[str, ...] = Field(
        "approvers",
        alias="from",
        description="who may approve: a role, or a list of ids",
        examples=["approvers"],
    )
    before_start: bool = Field(False, description="ask before anything happens, too", examples=[False])


class Rules(Section):
    """What every target may say, whatever its kind. `alarms` given as text are names."""

    deploy: str | tuple[str, ...] = Field(
        "deployers", description="who may deploy: a role, or a list of ids", examples=["deployers"]
    )
    alarms: tuple[Annotated[AlarmGate, BeforeValidator(_alarm)], ...] = Field(
        (),
        max_length=100,
        description="CloudWatch alarms that must be OK: names, or tables of `name` and `no_data`",
        examples=[["my-app-errors", {"name": "my-app-p99", "no_data": "pass"}]],
    )
    gates: Literal["alarms", "none"] = Field(
        "alarms",
        description="`none`: time and target health alone decide, and cards say *unwatched*",
        examples=["alarms"],
    )
    plan: str = Field("canary", description="the plan when none is named", examples=["canary"])
    plans: dict[str, str] = Field(
        {},
        description="plans of this target alone, by name",
        examples=[{"canary": "10% 5m, 50% 10m, approve, 100%"}],
    )
    bake: Length = Field(
        timedelta(minutes=15), description="watched time at 100 % before the old side goes", examples=["10m"]
    )
    approve: Approve | None = Field(None, description="four eyes, see below; left out: nobody else is needed")
    no_data: Literal["rollback", "hold"] = Field(
        "rollback",
        description="what happens when an alarm has had no data for too long and nobody answered",
        examples=["rollback"],
    )
    after: str = Field(
        "",
        description="environment of the same app in which a release must have succeeded before it may begin here;"
        " going back is exempt",
        examples=["staging"],
    )
    links: Annotated[dict[str, str], BeforeValidator(read_links)] = Field(
        {},
        description="addresses on its cards, by name; `{app}`, `{env}`, `{region}`, `{from}`, `{to}`, `{from_commit}`"
        " and `{to_commit}` are filled in, see below",
        examples=[{"logs": "https://logs.example.com/{app}", "commits": "https://example.com/compare/{from}...{to}"}],
    )
    alarm_prefix: Annotated[str | tuple[str, ...], BeforeValidator(_prefixes)] = Field(
        (),
        description="alarms whose names begin so are watched and told in the channel too; they gate nothing",
        examples=["my-app-"],
    )
    alarm_tag: Annotated[str | tuple[str, ...], BeforeValidator(_tags)] = Field(
        (),
        description="alarms with one of these tags are watched and told in the channel too: `key=value`, or `key`",
        examples=["team=payments"],
    )


class App(Section):
    """One app: where its cards go, and its environments."""

    channel: Channel = Field(
        "", description="channel id of its cards; left out: where it was asked", examples=["C0DEPLOYS"]
    )
    default: str = Field("", description="environment when none is named; needless with one", examples=["prod"])
    aliases: tuple[str, ...] = Field((), description="other names of the app", examples=[["app"]])
    env: dict[str, SerializeAsAny[TargetModel]] = Field({}, description="its environments, one table each")


class Settings(Section):
    """The whole file."""

    slack: Slack = Slack()
    http: Http = Http()
    store: Store = Store()
    aws: Aws = Aws()
    page: Page | None = None
    digests: tuple[Digest, ...] = ()
    roles: dict[str, tuple[str, ...]] = Field(
        {},
        description="ids of people (U…/W…), groups (S…), `cli:<os user>`, `aws:<role session>`",
        examples=[{"deployers": ["U0ANA", "S0PAYMENTS"]}],
    )
    plans: dict[str, str] = Field(
        {},
        description="plans for every app, by name",
        examples=[{"careful": "1% 10m, 50% 20m, approve, 100%"}],
    )
    timing: Timing = Timing()
    alarms: AlarmTiming = AlarmTiming()
    apps: dict[str, App] = Field({})


class Config(Settings):
    """The file once read and found right, and where it lies."""

    path: Path

    @property
    def store_path(self) -> Path:
        """The database's absolute path."""
        return (self.path.parent / Path(self.store.path).expanduser()).absolute()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is right as it stands and may surprise: said at start and by `check`."""
        mute = [name for name, app in self.apps.items() if not (app.channel or self.slack.home) and _watches(app)]
        if not mute:
            return ()
        return (f"alarms of {', '.join(mute)} are told nowhere: set [apps.{mute[0]}] channel, or [slack] home",)

    @property
    def hash(self) -> str:
        """Twelve hex digits that change when the meaning of the file does; every rollout's terms name it."""
        meaning = self.model_dump(mode="json", exclude={"path"})
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]


def _watches(app: App) -> bool:
    return any(target.alarms or target.alarm_prefix or target.alarm_tag for target in app.env.values())


def rules_of(target: TargetModel) -> Rules:
    """The common part of a target that was read, with its types."""
    return Rules.model_validate({name: getattr(target, name) for name in Rules.model_fields})
