"""Secrets that somebody wrote into the file: found by name and by form, named by place, never printed."""

import re
from collections.abc import Mapping

from bot.config.flaws import Findings, Place
from bot.logs import GONE, Redactor

_NAMES = re.compile(r"(?i)(^|[_-])(token|secret|password|passwd|credentials)$|(access|api)[_-]?key([_-]?id)?$")
_VARIABLES = {
    "bot_token": "SLACK_BOT_TOKEN",
    "token": "SLACK_BOT_TOKEN",
    "app_token": "SLACK_APP_TOKEN",
    "signing_secret": "SLACK_SIGNING_SECRET",
}
VARIABLES = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET")


def find_secrets(raw: object, findings: Findings) -> None:
    """Note every place that holds a secret or is named like one."""
    _walk(raw, (), findings, Redactor())


def _walk(node: object, at: Place, findings: Findings, redact: Redactor) -> None:
    if isinstance(node, Mapping):
        for key, value in node.items():
            here = (*at, str(key))
            scalar = not isinstance(value, Mapping | list | tuple)
            if redact(str(key)) != key or (scalar and _NAMES.search(str(key))):
                _note(here, findings)
            else:
                _walk(value, here, findings, redact)
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            _walk(value, (*at, index), findings, redact)
    elif isinstance(node, str) and GONE in redact(node):
        _note(at, findings)


def _note(at: Place, findings: Findings) -> None:
    key = next((part for part in reversed(at) if isinstance(part, str)), "").lower().removeprefix("slack_")
    if key in _VARIABLES or at[:1] == ("slack",):
        fix = f"set {_VARIABLES.get(key, ' or '.join(VARIABLES))} in the environment"
    else:
        fix = "give AWS credentials by boto3's own chain (profile, environment, instance role)"
    findings.add(
        at,
        "this is a secret, and secrets do not belong in a file",
        f"delete the line, {fix}, and make a new secret if others could read the file",
    )
