"""Every command: where it is, what it takes, what it does. No behaviour here.

Written out so that --help needs no imports; a test holds it against rollout/verbs.py.
"""

from typing import NamedTuple

_TARGET = "<app>[/<env>]"
_ROLLOUT = "<app>[/<env>] | '#<id>'"
_REASON = " [--reason TEXT]"


class Command(NamedTuple):
    """One line of the help, and the module whose `run(line) -> int` does it."""

    module: str
    takes: str
    text: str


COMMANDS: dict[str, Command] = {
    "run": Command("running", "", "run the bot in the foreground"),
    "demo": Command("running", "", "try it in a browser: no Slack workspace, no AWS account"),
    "check": Command(
        "checking",
        "[--offline] [--page]",
        "ask Slack and AWS whether all is there; --offline asks nobody, --page pages",
    ),
    "plan": Command(
        "planning",
        f"{_TARGET} [plan] [--offline]",
        "a plan with its times, AWS's own for `watch`; --offline asks nobody",
    ),
    "reload": Command("reloading", "", "the running bot reads its configuration again; live rollouts keep their terms"),
    "start": Command("twins", "<app>[/<env>][@<release>] [plan] [to <env>] [--dry-run]" + _REASON, "start a rollout"),
    "promote": Command("twins", _ROLLOUT + " [--full]" + _REASON, "end the present bake early"),
    "pause": Command("twins", _ROLLOUT + _REASON, "hold the weight where it is"),
    "resume": Command("twins", _ROLLOUT + _REASON, "go on after a pause"),
    "approve": Command("twins", _ROLLOUT + _REASON, "answer an approve step with yes"),
    "reject": Command("twins", _ROLLOUT + " --reason TEXT", "answer an approve step with no: goes back"),
    "rollback": Command(
        "twins",
        _ROLLOUT + " [to @<release>]" + _REASON,
        "all traffic back, now; works without a running bot too",
    ),
    "cancel": Command("twins", _ROLLOUT + _REASON, "stop before any traffic moved"),
    "retry": Command("twins", _ROLLOUT + _REASON, "try the last change again, or the whole rollout anew"),
    "override": Command(
        "twins", _ROLLOUT + " --reason TEXT", "start what a red alarm refused to somebody else"
    ),
    "unlock": Command("twins", _TARGET + " --reason TEXT", "release the hold that a rollback left"),
    "status": Command("questions", f"[{_ROLLOUT}]", "the live rollout, or the last one with its outcome"),
    "list": Command("questions", "", "every live rollout"),
    "history": Command("questions", f"[{_TARGET}]", "past rollouts"),
    "show": Command("questions", f"[{_ROLLOUT}]", "one rollout in full: steps, changes made, who did what"),
    "alarms": Command("questions", "[<app>]", "alarms by state, who muted them, what changed since yesterday"),
    "audit verify": Command(
        "trail",
        "[--anchor N:HASH]… [--file FILE|- [--after N]]",
        "walk the audit trail, or an export of it, from its first record to its last",
    ),
    "audit export": Command(
        "export", "[--format jsonl|csv] [--after N] [--rollout '#<id>']", "the audit trail as lines on stdout"
    ),
    "audit tail": Command("tail", "[-n N] [--follow]", "the newest audit records, one line each"),
}

LATER = ("iam-policy", "manifest", "simulate", "backup", "ask")
"""Verbs of the contract that have not come yet."""

SLACK_ONLY = ("go-on", "ship", "adopt", "restore", "whoami")
"""Verbs that only make sense where the card is."""

_OPTIONS = """\
options:
  --config FILE   the configuration; else TIDEGATE_CONFIG, else ./tidegate.toml
  --json          JSON instead of text
  --no-wait       do not wait for the bot's answer
  --help          this text, or a verb's own

exit codes: 0 it is so, 1 refused or failed, 2 usage or configuration
In a shell a rollout needs quotes, '#42', or no #: tidegate show 42"""


def usage_of(verb: str) -> str:
    """The help of one verb."""
    command = COMMANDS[verb]
    return f"usage: {' '.join(f'tidegate {verb} {command.takes}'.split())}\n{command.text}\n\n{_OPTIONS}"


def whole_help() -> str:
    """The help of everything."""
    lines = [f"  {verb:<14}{command.text}" for verb, command in COMMANDS.items()]
    return "\n".join(["usage: tidegate <verb> [words as after /deploy] [options]", "", "verbs:", *lines, "", _OPTIONS])
