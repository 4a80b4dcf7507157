"""Prints docs/verbs.md from the table of verbs and the table of phases: `python -m scripts.verbs_page > docs/verbs.md`.

Wording of its own is only what no table holds; tests/rollout/test_table.py compares the page with what this prints.
"""

from collections.abc import Iterable

from rollout.table import AFTER_END, WORDS, matrix
from rollout.verbs import VERBS, Verb

FORMS = {
    "start": "[start] my-app[/env][@release] [plan] [to env]",
    "rollout": "{} my-app[/env] | #42",
    "target": "{} my-app[/env]",
    "ref?": "{} [my-app[/env] | #42]",
    "app?": "{} [my-app[/env]]",
    "whole app?": "{} [my-app]",
    "nothing": "{}",
}
"""How a verb is written, by what it takes."""

WHO = {
    "deploy": "deployers",
    "approve": "approvers",
    "deploy or approve": "deployers and approvers",
    "admin": "admins",
    "anyone": "everybody in the workspace",
}

HEAD = """\
# Verbs

<!-- Written by scripts/verbs_page.py from rollout/verbs.py and rollout/table.py. Change those, then run
     `python -m scripts.verbs_page > docs/verbs.md`. -->

In Slack every verb follows `/deploy`; on the command line it follows `tidegate`, and `start` is then written out.
Square brackets mark what may be left out, `|` is "or", `#42` is a rollout's number. `to`, `in` and `on` may stand
before an environment. The roles are those of the target (`docs/configuration.md`); admins hold every right.
"""

MATRIX = """\
## What fits when

`yes`: the verb is taken in that phase. `new`: the rollout has ended and stays as it is; the verb begins another one.
`·`: refused, saying what fits instead. A `yes` may still be refused for what the rollout shows, e.g. promote while an
alarm is red. The buttons on a card are the `yes` cells that would be taken at that moment.
"""


def page() -> str:
    """The whole page."""
    changing = [verb for verb in VERBS.values() if not verb.reads]
    reading = [verb for verb in VERBS.values() if verb.reads]
    parts = [
        HEAD,
        "## Verbs that change something\n\n" + _table(changing),
        _afterwards([verb.name for verb in changing if verb.upward]),
        "## Verbs that read\n\n" + _table(reading),
        MATRIX,
        matrix() + "\n",
        "## What the phases mean\n\n" + "".join(f"- `{phase}`: {words}\n" for phase, words in WORDS.items()),
    ]
    return "\n".join(parts)


def _afterwards(upward: list[str]) -> str:
    return (
        f"The buttons {_names(upward)}\ncount only for the step that their card showed; an older one changes nothing "
        f"and says so. The others count on\nevery card of their rollout. After the end {_names(AFTER_END)} begin a "
        "new rollout.\n"
    )


def _table(verbs: list[Verb]) -> str:
    rows = ["| verb | what it does | who may |", "|---|---|---|"]
    rows += [f"| `{_form(verb)}` | {_does(verb)} | {WHO[verb.right]} |" for verb in verbs]
    return "\n".join(rows) + "\n"


def _form(verb: Verb) -> str:
    reason = {"no": "", "may": " [--reason ...]", "must": " --reason ..."}[verb.reason]
    return (FORMS[verb.takes].format(verb.name) + reason).replace("|", "\\|")


def _does(verb: Verb) -> str:
    return verb.text + ("" if verb.cli else " (Slack only)")


def _names(verbs: Iterable[str]) -> str:
    *others, last = [f"`{verb}`" for verb in verbs]
    return f"{', '.join(others)} and {last}"


if __name__ == "__main__":
    print(page(), end="")
