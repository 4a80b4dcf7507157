"""The help text, from the one table of verbs: a verb that is missing here cannot exist."""

from handlers.blocks.parts import Message, header, message, section
from handlers.escape import Mrkdwn, clip, code, join, md
from handlers.words import usage
from rollout.reports import Help
from rollout.verbs import VERBS, Verb

_GROUPS = (
    ("Start", ("start", "retry", "override")),
    ("Steer", ("promote", "pause", "resume", "approve", "reject", "go-on", "ship", "adopt", "restore")),
    ("Go back", ("rollback", "cancel", "unlock")),
    ("Look", ("status", "list", "history", "show", "alarms", "whoami", "help")),
)
_EXAMPLES = (
    "/deploy my-app canary",
    '/deploy my-app@2 to prod --reason "fix basket rounding"',
    "/deploy rollback my-app",
    "/deploy status #42",
)
_NAMES = 30


def guide(one: Help) -> Message:
    """One section per group of verbs, examples with the reader's own apps, what is configured."""
    blocks = [header("Deploy from Slack"), section(_examples(one.apps))]
    blocks += [section(_group(title, verbs)) for title, verbs in groups()]
    blocks.append(section(join("\n", [_known("Apps", one.apps), _known("Plans", one.plans)])))
    return message(join("\n", ["Deploy from Slack.", _examples(one.apps)]), blocks)


def groups() -> list[tuple[str, tuple[str, ...]]]:
    """Every verb in a group; one that nobody sorted stands under More."""
    sorted_ = {name for _, names in _GROUPS for name in names}
    rest = tuple(name for name in VERBS if name not in sorted_)
    known = [(title, tuple(name for name in names if name in VERBS)) for title, names in _GROUPS]
    return [*known, ("More", rest)] if rest else known


def _group(title: str, names: tuple[str, ...]) -> Mrkdwn:
    return join("\n", [md("*{}*", title), *(_verb(VERBS[name]) for name in names)])


def _verb(verb: Verb) -> Mrkdwn:
    who = md("") if verb.right == "anyone" else md(" ({})", verb.right)
    return md("{} {}{}", code(usage(verb)), clip(verb.text, 300), who)


def _examples(apps: tuple[str, ...]) -> Mrkdwn:
    app = apps[0].partition("/")[0] if apps else "my-app"
    return join("\n", (code(example.replace("my-app", app)) for example in _EXAMPLES))


def _known(what: str, names: tuple[str, ...]) -> Mrkdwn:
    shown = join(", ", (clip(name, 40) for name in names[:_NAMES])) or "none yet"
    more = md(" and {} more", len(names) - _NAMES) if len(names) > _NAMES else md("")
    return md("{}: {}{}", what, shown, more)
