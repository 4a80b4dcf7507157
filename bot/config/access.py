"""What the environment adds to the file: Slack's secrets, the mode, addresses that replace the real ones."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from bot.config.flaws import Findings
from bot.config.model import Config
from rollout.values import Frozen

SLACK_URL = "https://slack.com/api/"
_SLACK_HOSTS = frozenset({"slack.com", "www.slack.com", "slack-gov.com"})
_WHERE = {
    "SLACK_BOT_TOKEN": "api.slack.com/apps, your app, OAuth & Permissions, Bot User OAuth Token (xoxb-…)",
    "SLACK_APP_TOKEN": "api.slack.com/apps, your app, Basic Information, App-Level Tokens, with the scope"
    " connections:write (xapp-…)",
    "SLACK_SIGNING_SECRET": "api.slack.com/apps, your app, Basic Information, Signing Secret",
}
_WRONG_FORM = {"SLACK_BOT_TOKEN": "xapp-", "SLACK_APP_TOKEN": "xox", "SLACK_SIGNING_SECRET": "xox"}


class Override(Frozen):
    """An address from the environment that stands in for AWS or Slack."""

    variable: str
    address: str
    """Scheme, host and port only: the rest could hold a password."""
    loopback: bool

    @property
    def warning(self) -> str:
        """What the log and `check` say about it."""
        whose = "Slack" if self.variable.startswith("SLACK") else "AWS"
        return f"{self.variable} is set: {whose} is replaced by {self.address}"


class Access(Frozen):
    """How Slack is reached, and whatever stands in for the real world."""

    mode: Literal["socket", "http"]
    bot_token: SecretStr
    app_token: SecretStr = SecretStr("")
    """Empty in http mode when unset."""
    signing_secret: SecretStr = SecretStr("")
    """Empty in socket mode when unset."""
    api_url: str = SLACK_URL
    overrides: tuple[Override, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """One line per stand-in: logged at start, named in `check` and `/readyz`."""
        return tuple(override.warning for override in self.overrides)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no log may show."""
        held = (self.bot_token, self.app_token, self.signing_secret)
        return tuple(secret.get_secret_value() for secret in held if secret.get_secret_value())


def known_secrets(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Secret values of the environment, to be hidden by value wherever they turn up."""
    names = (*_WHERE, "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return tuple(value for name in names if (value := environ.get(name, "").strip()))


def find_overrides(environ: Mapping[str, str]) -> tuple[Override, ...]:
    """Every variable that replaces an address of AWS or Slack."""
    ignored = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
    found = []
    for variable, value in sorted(environ.items()):
        aws = variable == "AWS_ENDPOINT_URL" or variable.startswith("AWS_ENDPOINT_URL_")
        if value and ((aws and not ignored) or variable == "SLACK_API_URL"):
            override = _override(variable, value)
            if aws or _host(value) not in _SLACK_HOSTS:
                found.append(override)
    return tuple(found)


def check_overrides(environ: Mapping[str, str], findings: Findings, *, allowed: bool) -> None:
    """Note addresses that are none, and AWS addresses beyond this machine that the file does not allow."""
    for override in find_overrides(environ):
        if not override.address:
            findings.lacking(override.variable, "this is not an http(s) address", "like http://127.0.0.1:5000")
        elif override.variable.startswith("AWS") and not override.loopback and not allowed:
            findings.lacking(
                override.variable,
                f"{override.address} is not on this machine",
                "unset it, or allow it in the file:\n[aws]\nallow_endpoint_override = true",
            )


def check_endpoint(environ: Mapping[str, str], findings: Findings, *, wanted: str) -> None:
    """A file for a stand-in of AWS never acts on what real credentials reach: the environment has to name it, too."""
    leads = {one.variable: environ[one.variable] for one in find_overrides(environ)}
    if wanted and leads.get("AWS_ENDPOINT_URL") != wanted:
        told = findings.shown(wanted)
        hint = f"export AWS_ENDPOINT_URL={wanted}, or, for another AWS, take endpoint_url out of [aws]"
        findings.lacking("AWS_ENDPOINT_URL", f"this file is for the AWS at {told} only", hint)


def read_access(config: Config, environ: Mapping[str, str], findings: Findings) -> Access | None:
    """Tokens and mode for `run`; None with every missing or swapped secret noted, by name only."""
    values = {name: environ.get(name, "").strip() for name in _WHERE}
    mode = config.slack.mode or ("socket" if values["SLACK_APP_TOKEN"] else None)
    before = len(findings)
    if mode is None:
        findings.add(
            ("slack", "mode"),
            "neither way to reach Slack is chosen",
            "Socket Mode: set SLACK_APP_TOKEN (" + _WHERE["SLACK_APP_TOKEN"] + ")\n"
            'HTTP: write [slack] mode = "http" and set SLACK_SIGNING_SECRET (' + _WHERE["SLACK_SIGNING_SECRET"] + ")",
        )
    needed = {"socket": "SLACK_APP_TOKEN", "http": "SLACK_SIGNING_SECRET"}.get(mode or "")
    for name in ("SLACK_BOT_TOKEN", *([needed] if needed else [])):
        if not values[name]:
            findings.lacking(name, "it is not set", f"find it at {_WHERE[name]}, and put it in the environment")
    for name, value in values.items():
        if value.startswith(_WRONG_FORM[name]):
            findings.lacking(name, "it holds another kind of secret", f"it should be: {_WHERE[name]}")
        elif value[:1] in "'\"" and value:
            findings.lacking(name, "its value begins with a quote", "write it without quotes")
        elif any(char.isspace() for char in value):
            findings.lacking(name, "its value has a space inside", "copy it again")
    if mode is None or len(findings) > before:
        return None
    return Access(
        mode=mode,
        bot_token=SecretStr(values["SLACK_BOT_TOKEN"]),
        app_token=SecretStr(values["SLACK_APP_TOKEN"]),
        signing_secret=SecretStr(values["SLACK_SIGNING_SECRET"]),
        api_url=environ.get("SLACK_API_URL") or SLACK_URL,
        overrides=find_overrides(environ),
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _override(variable: str, url: str) -> Override:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Override(variable=variable, address="", loopback=False)
    if parts.scheme not in ("http", "https") or not host:
        return Override(variable=variable, address="", loopback=False)
    shown_host = f"[{host}]" if ":" in host else host
    address = f"{parts.scheme}://{shown_host}" + (f":{port}" if port else "")
    return Override(variable=variable, address=address, loopback=_is_loopback(host))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
