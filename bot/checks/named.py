"""What the configuration names: channels, people, groups, targets, places, each with where it stands. No calls."""

from collections.abc import Callable, Iterable, Iterator

from aws.sessions import Place
from bot.checks.cloud_calls import paging_place, place_of
from bot.checks.model import Ground
from bot.config import Config
from bot.config.model import rules_of
from bot.config.names import is_group
from rollout.alarms.model import Scope
from rollout.ports import TargetModel

MENTION = "page.mention"


def once(subject: str) -> Callable[[Ground], Iterable[str]]:
    """For a check that is about one thing."""
    return lambda _: (subject,)


def channels(ground: Ground) -> Iterable[str]:
    """Ids of all channels."""
    return channel_places(ground.config)


def people(ground: Ground) -> Iterable[str]:
    """Ids of all people."""
    return (each for each in member_places(ground.config) if each[0] in "UW")


def groups(ground: Ground) -> Iterable[str]:
    """Ids of all groups."""
    return (each for each in member_places(ground.config) if is_group(each))


def targets(ground: Ground) -> Iterable[str]:
    """`my-app/prod`."""
    return (f"{app}/{env}" for app, env in ground.policy.targets())


def target(ground: Ground, name: str) -> TargetModel:
    """The target of that name."""
    app, _, env = name.partition("/")
    return ground.config.apps[app].env[env]


def places(ground: Ground) -> Iterable[str]:
    """Where AWS is reached: `default/eu-central-1`."""
    return dict.fromkeys(label(each) for each in _places(ground.config))


def place(ground: Ground, name: str) -> Place:
    """The place of that label."""
    return next(each for each in _places(ground.config) if label(each) == name)


def scopes(ground: Ground) -> Iterable[str]:
    """What is watched: one app at one place, `my-app/prod+dev`."""
    return (scope_label(each) for each in ground.policy.scopes())


def scope(ground: Ground, name: str) -> Scope:
    """The scope of that label."""
    return next(each for each in ground.policy.scopes() if scope_label(each) == name)


def topics(ground: Ground) -> Iterable[str]:
    """The ARN that is paged, if any."""
    page = ground.config.page
    return (page.sns_topic_arn,) if page and page.sns_topic_arn else ()


def channel_places(config: Config) -> dict[str, list[str]]:
    """Channel -> the keys that name it."""
    said = [("slack.home", config.slack.home)]
    said += [(f"apps.{name}.channel", app.channel) for name, app in config.apps.items()]
    said += [(f"digests[{index}].channel", digest.channel) for index, digest in enumerate(config.digests)]
    return _gathered((number, key) for key, number in said)


def member_places(config: Config) -> dict[str, list[str]]:
    """Person, group, or somebody at a shell -> the keys that name them."""
    return _gathered(_members(config))


def label(place: Place) -> str:
    """A place in words: two roles of one account are two places."""
    parts = place.role.split(":")
    return f"{parts[4]}/{place.region} as {parts[5].rpartition('/')[2]}" if place.role else f"default/{place.region}"


def scope_label(scope: Scope) -> str:
    """An app with its environments at one place."""
    return f"{scope.app}/{'+'.join(scope.envs)}"


def _members(config: Config) -> Iterator[tuple[str, str]]:
    for role, held in config.roles.items():
        yield from ((each, f"roles.{role}") for each in held)
    for name, app in config.apps.items():
        for env, one in app.env.items():
            rules, at = rules_of(one), f"apps.{name}.env.{env}"
            if isinstance(rules.deploy, tuple):
                yield from ((each, f"{at}.deploy") for each in rules.deploy)
            if rules.approve and isinstance(rules.approve.from_, tuple):
                yield from ((each, f"{at}.approve.from") for each in rules.approve.from_)
    if config.page and config.page.mention:
        yield config.page.mention, MENTION


def _places(config: Config) -> Iterator[Place]:
    for app in config.apps.values():
        yield from (place_of(each) for each in app.env.values())
    if config.page and config.page.sns_topic_arn:
        yield paging_place(config.page.sns_topic_arn)


def _gathered(said: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for subject, key in said:
        if subject:
            found.setdefault(subject, []).append(key)
    return found
