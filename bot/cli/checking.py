"""`check`: is everything there that a rollout will need? Lines out, an exit code; what is asked is bot/checks'."""

import json
import logging
import os
from collections import Counter
from collections.abc import Iterable

from bot.cli import texts
from bot.cli.flags import read_flags
from bot.cli.guarded import told
from bot.cli.options import Line as Words
from bot.cli.options import Usage
from bot.cli.place import config_path
from bot.cli.running import style
from bot.config import Access, Config, load_to_run
from bot.config.access import known_secrets
from bot.config.flaws import BadConfigs
from bot.logs import Redactor

_COUNTED = {"ok": "ok", "warn": "to look at", "fail": "failed", "skip": "not proven"}


def run(line: Words) -> int:
    """Print a line per finding: 0 none failed, 1 one did, 2 the configuration is broken."""
    given = read_flags(line, {"--offline": "", "--page": ""})
    if line.json and "--page" in given:
        raise Usage("--page has no JSON", "tidegate check --page")
    try:
        config, access = load_to_run(config_path(line, os.environ), os.environ)
        style()
    except BadConfigs as wrong:
        if not line.json:
            raise
        _print_json(_flaws(wrong))
        return 2
    found = _found(config, access, here="--offline" in given or "--page" in given)
    if line.json:
        _print_json(found)
    else:
        _print_text(found)
    failed = any(each["state"] == "fail" for each in found)
    paged = _page(config, access) if "--page" in given else 0
    return 1 if failed or paged else 0


def _found(config: Config, access: Access, *, here: bool) -> list[dict[str, str]]:
    from aws.sessions import Sessions  # late, all of them: they bring Slack and AWS in
    from bot.checks.after_start import ground
    from bot.checks.registry import CHECKS
    from bot.checks.runner import Pace, Runner
    from bot.clock import SystemClock
    from bot.policy import ConfigPolicy
    from bot.wire import web_client

    # What libraries would log stands in the lines, and nobody has said where logs go.
    logging.getLogger().addHandler(logging.NullHandler())
    web = web_client(access.bot_token.get_secret_value(), access.api_url)
    looked_at = ground(ConfigPolicy(config), access, web, Sessions(), SystemClock())
    checks = [check for check in CHECKS if check.room == "here" or not here]
    lines = Runner(looked_at, checks, Redactor(known_secrets(os.environ)), Pace()).lines()
    return [line.model_dump() for line in lines]


def _flaws(wrong: BadConfigs) -> list[dict[str, str]]:
    return [
        {"name": "configuration", "target": flaw.place, "state": "fail", "text": flaw.fact, "fix": flaw.hint}
        for flaw in wrong.flaws
    ]


def _print_json(found: list[dict[str, str]]) -> None:
    print(json.dumps({"ok": all(each["state"] != "fail" for each in found), "checks": found}))


def _print_text(found: Iterable[dict[str, str]]) -> None:
    states: Counter[str] = Counter()
    for each in found:
        states[each["state"]] += 1
        subject = f"{each['name']} {each['target']}".strip()
        fix = "".join(f"\n      {part}" for part in each["fix"].splitlines())
        print(texts.safe(f"{each['state']:<5} {subject}: {each['text']}{fix}"))
    print(", ".join(f"{states[state]} {word}" for state, word in _COUNTED.items() if states[state]), flush=True)


def _page(config: Config, access: Access) -> int:
    """Call on every way, say what came of each; 1 when one failed."""
    from bot.cli.calling import call  # late: brings Slack and AWS in

    came = []
    for one in call(config, access):
        came.append(one.ok)
        if one.ok:
            print(texts.safe(one.text), flush=True)
        else:
            texts.complain(told(one.text, one.hint))
    return 0 if all(came) else 1
