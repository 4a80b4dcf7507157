"""The one table of verbs: help, docs, manifest, grammar and CLI derive from it or are tested against it."""

from typing import Literal

from rollout.values import Frozen

Right = Literal["deploy", "approve", "deploy or approve", "admin", "anyone"]


class Verb(Frozen):
    """One verb: what it takes, what it means, who may."""

    name: str
    takes: Literal["start", "rollout", "target", "app?", "whole app?", "nothing", "ref?"]
    """start: `app[/env][@release] [plan] [to env]`; rollout: target or #id; target: `app[/env]`; ref?: any or none;
    whole app?: an app without an environment, or none."""
    right: Right
    text: str
    upward: bool = False
    """Bound to (rollout, step, plan hash): stale ones change nothing (S9)."""
    reason: Literal["no", "may", "must"] = "may"
    reads: bool = False
    cli: bool = True
    card: bool = False
    """True for verbs that only make sense as a button, e.g. answers to a question on the card."""


_ALL = (
    Verb(name="start", takes="start", right="deploy", text="start a rollout; the word itself may be left out"),
    Verb(name="promote", takes="rollout", right="deploy", upward=True,
         text="end the present bake early, if everything is healthy (`--full`: to 100 %, admins)"),
    Verb(name="pause", takes="rollout", right="deploy or approve", text="hold the weight where it is"),
    Verb(name="resume", takes="rollout", right="deploy", upward=True, text="go on after a pause"),
    Verb(name="approve", takes="rollout", right="approve", upward=True, text="answer an approve step with yes"),
    Verb(name="reject", takes="rollout", right="approve", reason="must",
         text="answer an approve step with no: goes back"),
    Verb(name="go-on", takes="rollout", right="approve", upward=True, reason="must", cli=False,
         text="go on without evidence, for this one step"),
    Verb(name="ship", takes="rollout", right="admin", upward=True, reason="must", cli=False,
         text="emergency: all traffic to the new release at once, where the old one is known to be sick"),
    Verb(name="rollback", takes="rollout", right="deploy or approve",
         text="all traffic back to the old release, now; after success: to the previous one or `to @1`"),
    Verb(name="cancel", takes="rollout", right="deploy", text="stop before any traffic moved"),
    Verb(name="retry", takes="rollout", right="deploy", upward=True,
         text="try the last change again; after the end: the same release and plan anew"),
    Verb(name="adopt", takes="rollout", right="deploy", upward=True, reason="must", cli=False,
         text="accept what AWS shows now, and end"),
    Verb(name="restore", takes="rollout", right="deploy", upward=True, cli=False,
         text="put back what somebody else changed, and go on"),
    Verb(name="override", takes="rollout", right="approve", upward=True, reason="must",
         text="start what a red alarm refused to somebody else; that alarm counts when it turns red anew"),
    Verb(name="unlock", takes="target", right="deploy", reason="must",
         text="release the hold that a rollback left, and its veto"),
    Verb(name="status", takes="ref?", right="anyone", reads=True, reason="no",
         text="the live rollout, or the last one with its outcome"),
    Verb(name="list", takes="nothing", right="anyone", reads=True, reason="no", text="every live rollout"),
    Verb(name="history", takes="app?", right="anyone", reads=True, reason="no", text="past rollouts"),
    Verb(name="show", takes="ref?", right="anyone", reads=True, reason="no",
         text="one rollout in full: steps, changes made, who did what"),
    Verb(name="alarms", takes="whole app?", right="anyone", reads=True, reason="no",
         text="alarms by state, who muted them, what changed since yesterday"),
    Verb(name="whoami", takes="nothing", right="anyone", reads=True, reason="no", cli=False,
         text="what you may do here"),
    Verb(name="help", takes="nothing", right="anyone", reads=True, reason="no", cli=False, text="this text"),
)  # fmt: skip

VERBS: dict[str, Verb] = {verb.name: verb for verb in _ALL}
FILLERS = ("to", "in", "on")
