"""What must fit together: used roles exist, plans can be run, names do not clash, nothing is locked twice."""

from collections.abc import Iterator
from datetime import timedelta

from bot.config.explain import toml
from bot.config.flaws import Findings, Place, shown, spell, suggest
from bot.config.model import App, Rules, Settings
from bot.config.names import NAME, is_group, name_problem
from bot.config.plans import Shelf, known
from bot.config.targets import ReadTarget
from rollout.errors import BadPlan
from rollout.plan import Approve, Plan
from rollout.ports import Driver

LEAST_LOOK_MS = 100
MOST_LOOK = timedelta(minutes=5)
ACCESS_KEYS = frozenset({"iam_role"})
"""Say as whom AWS is asked, not what is deployed."""


def check_meaning(settings: Settings, targets: list[ReadTarget], findings: Findings) -> None:
    """Note every mistake that shows only when the whole file is seen."""
    if not settings.apps and not findings.any_under(("apps",)):
        findings.add(("apps",), "no app is configured", 'add one:\n[apps.my-app.env.prod]\nkind = "lambda"\n…')
    if settings.slack.mode == "http" and settings.http.port == 0:
        findings.add(
            ("http", "port"),
            "port 0 is off, and Slack posts to us in http mode",
            'write port = 8080, or [slack] mode = "socket"',
        )
    _timing(settings, findings)
    envs = frozenset(str(read.at[-1]) for read in targets)
    for name, text in settings.plans.items():
        _readable(("plans", name), text, envs, findings)
    _aliases(settings, findings)
    for name, app in settings.apps.items():
        own = [str(read.at[-1]) for read in targets if read.at[1] == name]
        _app(name, app, own, findings)
        _order(name, {str(read.at[-1]): read.rules.after for read in targets if read.at[1] == name}, findings)
    for read in targets:
        _Whole(settings, read, envs, findings).check()
    _same_thing(settings, findings)


def _timing(settings: Settings, findings: Findings) -> None:
    for key in type(settings.timing).model_fields:
        value = getattr(settings.timing, key)
        if key.startswith("look_") and value.total_seconds() * 1000 < LEAST_LOOK_MS:
            findings.add(("timing", key), "looking that often would be throttled by AWS", 'write "1s" or more')
        elif key.startswith("look_") and value > MOST_LOOK:
            findings.add(
                ("timing", key), "looking that seldom would see a red alarm too late", 'write "5m" or less'
            )
        elif not value and key != "alarm_slack":
            findings.add(("timing", key), "0s would end this at once", "write a longer time, or none")


def _readable(at: Place, text: str, envs: frozenset[str], findings: Findings) -> Plan | None:
    name = str(at[-1])
    if problem := name_problem("a plan", name, envs=envs):
        findings.add(at, *problem)
    try:
        return Plan.parse(name, text)
    except BadPlan as bad:
        findings.add(at, bad.fact, bad.hint)
        return None


def _aliases(settings: Settings, findings: Findings) -> None:
    owners: dict[str, str] = {}
    for name, app in settings.apps.items():
        for index, alias in enumerate(app.aliases):
            at: Place = ("apps", name, "aliases", index)
            if problem := name_problem("an alias of an app", alias):
                findings.add(at, *problem)
            elif alias in settings.apps:
                fact = f"{alias} is the app's own name" if alias == name else f"{alias} is an app already"
                findings.add(at, fact, "remove the alias, or choose another")
            elif alias in owners:
                findings.add(at, f"{alias} is an alias of {owners[alias]} already", "remove one of the two")
            else:
                owners[alias] = name


def _app(name: str, app: App, envs: list[str], findings: Findings) -> None:
    at: Place = ("apps", name)
    if not envs and not findings.any_under(at):
        findings.add(at, f"{name} has no environment", f"add [{spell(at)}.env.prod] with its kind")
    if app.default and app.default not in envs:
        findings.add(
            (*at, "default"),
            f"{shown(app.default)} is not an environment of {name}",
            suggest(app.default, envs, "environments"),
        )


def _order(name: str, after: dict[str, str], findings: Findings) -> None:
    """`after` names another environment of the app, and following it comes to an end."""
    for env, before in after.items():
        at: Place = ("apps", name, "env", env, "after")
        if before and before not in after:
            fact = f"{shown(before)} is not an environment of {name}"
            findings.add(at, fact, suggest(before, [other for other in after if other != env], "environments"))
            continue
        way = [env]
        while (before := after.get(way[-1], "")) and before not in way:
            way.append(before)
        if before == env:
            findings.add(at, f"{' after '.join([*way, env])}: none of them could ever be first", "remove one of them")


class _Whole:
    """One target against the rest of the file."""

    def __init__(self, settings: Settings, read: ReadTarget, envs: frozenset[str], findings: Findings) -> None:
        self._settings = settings
        self._read = read
        self._rules = read.rules
        self._at = read.at
        self._envs = envs
        self._findings = findings

    def check(self) -> None:
        """Roles, alarms, plans, the bake."""
        if not self._rules.bake:
            self._add(("bake",), "0s would end the rollout unwatched at 100%", 'write "1m" or more, or leave it out')
        self._role(self._rules.deploy, ("deploy",))
        if self._rules.approve is not None:
            self._role(self._rules.approve.from_, ("approve", "from"))
            self._enough(self._rules.approve.by, self._rules.approve.from_, ("approve", "by"))
        self._alarms()
        if self._read.driver is not None:
            self._plans(self._read.driver)

    def _add(self, at: Place, fact: str, hint: str) -> None:
        self._findings.add((*self._at, *at), fact, hint)

    def _role(self, grant: str | tuple[str, ...], at: Place) -> None:
        roles = self._settings.roles
        if not isinstance(grant, str):
            return
        if grant not in roles:
            near = suggest(grant, roles, "roles") + "; or add" if roles else "add"
            self._add(at, f"no role {_word(grant)} is defined", f'{near}\n[roles]\n{_word(grant)} = ["U0123ABCD"]')
        elif not roles[grant] and not self._findings.any_under(("roles", grant)):
            self._findings.add(
                ("roles", grant),
                f"{grant} is empty, and {spell((*self._at, *at))} needs it",
                f'write {grant} = ["U0123ABCD"]',
            )

    def _enough(self, wanted: int, grant: str | tuple[str, ...], at: Place) -> None:
        members = self._settings.roles.get(grant, ()) if isinstance(grant, str) else grant
        if members and len(members) < wanted and not any(is_group(member) for member in members):
            self._add(
                at,
                f"{wanted} must approve, and {len(members)} can",
                f"add people to {grant if isinstance(grant, str) else 'approve.from'}, or ask for fewer",
            )

    def _alarms(self) -> None:
        seen: set[str] = set()
        for index, alarm in enumerate(self._rules.alarms):
            if alarm.name in seen:
                self._add(("alarms", index), f"{shown(alarm.name)} stands here twice", "keep one of them")
            seen.add(alarm.name)
        if self._rules.gates == "none" and seen:
            self._add(("gates",), f"none would ignore {len(seen)} alarms", "remove the line, or the alarms")

    def _plans(self, driver: type[Driver]) -> None:
        kind = driver.kind
        shelf = Shelf(self._rules.plans, self._settings.plans, driver, self._read.target)
        for name, plan in self._own_plans():
            if reason := shelf.misfit(plan):
                self._add(
                    ("plans", name),
                    f"a target of kind {kind} cannot run this: {reason}",
                    "change or remove the plan",
                )
            self._answerable(plan, ("plans", name))
        name = self._rules.plan
        try:
            chosen = shelf.find(name)
            names = shelf.fitting()
        except BadPlan:
            return
        if chosen is None:
            self._add(("plan",), f"{shown(name)} is not a plan", suggest(name, names, "plans"))
        elif (reason := shelf.misfit(chosen)) and name not in self._rules.plans:
            self._add(
                ("plan",),
                f"a target of kind {kind} cannot run {name}: {reason}",
                f"choose another; {known(names)}",
            )
        else:
            self._answerable(chosen, ("plan",))

    def _own_plans(self) -> Iterator[tuple[str, Plan]]:
        for name, text in self._rules.plans.items():
            plan = _readable((*self._at, "plans", name), text, self._envs, self._findings)
            if plan is not None:
                yield name, plan

    def _answerable(self, plan: Plan, at: Place) -> None:
        if self._rules.approve is None:
            return
        for step in plan.steps:
            if isinstance(step, Approve):
                self._enough(step.by, self._rules.approve.from_, at)


def _same_thing(settings: Settings, findings: Findings) -> None:
    """Two targets that deploy one thing would have two locks on it."""
    seen: dict[str, Place] = {}
    for name, app in settings.apps.items():
        for env, target in app.env.items():
            at: Place = ("apps", name, "env", env)
            own = target.model_dump(mode="json", exclude=set(Rules.model_fields) | ACCESS_KEYS)
            first = seen.setdefault(toml(dict(sorted(own.items()))), at)
            if first != at:
                findings.add(
                    at,
                    f"it deploys the same thing as {spell(first)}",
                    "one thing is one target: remove one, or correct its names",
                )


def _word(name: str) -> str:
    """A name as it stands when it is one, else in quotes."""
    return name if NAME.fullmatch(name) else shown(name)
