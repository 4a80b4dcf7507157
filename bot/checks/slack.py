"""Whether Slack knows this bot, lets it do what it must, and reaches this bot alone."""

from collections.abc import Iterator

from bot.checks.clock import skew
from bot.checks.model import Ground, Verdict, fail, ok, skip, warn
from bot.checks.named import groups
from bot.checks.slack_calls import Said, TokenRefused, Unanswered
from store import lock_is_held

TOKEN = "api.slack.com/apps, your app, OAuth & Permissions, Bot User OAuth Token: put it into SLACK_BOT_TOKEN"  # noqa: S105 - the way to a token
APP_TOKEN = (
    "api.slack.com/apps, your app, Basic Information, App-Level Tokens, one with the scope connections:write:"  # noqa: S105 - the way to a token
    " put it into SLACK_APP_TOKEN"
)
SCOPES = "add it under OAuth & Permissions as in manifest.yml, and install the app anew"

NEEDED = {
    "commands": "the command /deploy",
    "chat:write": "cards, replies and pages",
    "users:read": "who is a guest, a bot, or gone",
    "im:write": "a card for one person, where the channel takes none",
}
"""Scope -> what does not work without it, whatever the configuration says."""
USEFUL = {
    "usergroups:read": "roles and mentions that name a group",
    "files:write": "graphs of alarms",
    "channels:read": "this check of channels",
    "groups:read": "this check of private channels",
}
"""The rest of manifest.yml."""


def auth(ground: Ground, _: str) -> Iterator[Verdict]:
    """The bot token is one, and whose."""
    try:
        body = ground.slack.who().body
    except TokenRefused as refused:
        gone = " or was removed from it: install it anew" if refused.args[0] != "invalid_auth" else ""
        yield fail(f"Slack refuses the bot token ({refused.args[0]}): it is none of a workspace{gone}", TOKEN)
        return
    if not body.get("bot_id"):
        yield fail("SLACK_BOT_TOKEN is a person's token, not a bot's", TOKEN)
    else:
        yield ok(f"@{body.get('user')} in {body.get('team')} ({body.get('team_id')})")


def scopes(ground: Ground, _: str) -> Iterator[Verdict]:
    """Those of manifest.yml, none that reads what people write."""
    held = ground.slack.scopes()
    if not held:
        yield skip("Slack did not tell the token's scopes")
        return
    needed = NEEDED | ({"usergroups:read": USEFUL["usergroups:read"]} if list(groups(ground)) else {})
    missing = [scope for scope in {**NEEDED, **USEFUL} if scope not in held]
    for scope in missing:
        if scope in needed:
            yield fail(f"the scope {scope} is missing: {needed[scope]}", SCOPES)
        else:
            yield warn(f"the scope {scope} is missing: {USEFUL[scope]}", SCOPES)
    for scope in sorted(each for each in held if each.endswith(":history")):
        yield warn(f"the scope {scope} lets it read what people write", "take it out: Tidegate never needs it")
    if not missing:
        yield ok(f"all {len({**NEEDED, **USEFUL})} of manifest.yml")


def socket(ground: Ground, _: str) -> Iterator[Verdict]:
    """A connection can be had, and nobody else has one: Slack gives each click to any of them.

    No second one is opened beside a running bot: for as long as it stands it could take a click away.
    """
    try:
        if ground.connections is not None:
            yield _told(ground.connections())
        elif lock_is_held(ground.config.store_path):
            ground.slack.address()
            yield ok("Slack gives a connection")
            yield skip("whether another bot runs on this app was not asked: this one is running", "see /readyz, checks")
        else:
            hello = ground.slack.greeting()
            yield _alone(int(hello.get("num_connections") or 0))
            yield from _same_app(ground, str((hello.get("connection_info") or {}).get("app_id") or ""))
    except TokenRefused as refused:
        yield fail(f"Slack refuses the app token ({refused.args[0]})", APP_TOKEN)
    except Said as said:
        yield fail(f"Slack gives no connection ({said.word})", _socket_fix(said.word))


def clock(ground: Ground, _: str) -> Iterator[Verdict]:
    """Ours against Slack's: requests signed more than five minutes ago are refused."""
    yield skew(ground.slack.who().ahead, "Slack's")


def socket_mode(ground: Ground) -> Iterator[str]:
    """Where Slack is reached by Socket Mode."""
    if ground.access.mode == "socket":
        yield ""


def _told(connections: int) -> Verdict:
    return _alone(connections) if connections else skip("Slack has not greeted the bot yet")


def _alone(connections: int) -> Verdict:
    if connections > 1:
        return warn(
            f"another bot runs on this app: {connections} connections, and Slack gives each click to any of them",
            "stop the other one, or give it an app of its own",
        )
    return ok("Slack gives a connection, and nobody else has one")


def _same_app(ground: Ground, app: str) -> Iterator[Verdict]:
    """Whether both tokens are of one app: clicks go to the app whose token posted the card."""
    try:
        other = ground.slack.app()
    except (Said, Unanswered):
        return  # it needs users:read, and scopes tell that it is missing
    if app and other and app != other:
        text = f"SLACK_APP_TOKEN is of the app {app}, SLACK_BOT_TOKEN of {other}: no click would arrive"
        yield fail(text, "take both from one app")


def _socket_fix(word: str) -> str:
    if word == "missing_scope":
        return "give the app-level token the scope connections:write"
    if word in ("socket_mode_not_enabled", "forbidden_team"):
        return "turn on Socket Mode in the app's settings"
    return APP_TOKEN
