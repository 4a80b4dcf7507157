"""The configuration as the inside sees it: targets by the words people use, terms of a new rollout, what is watched.

Never here: who may do what (rollout/policy.py), reading the file (bot/config).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from bot.config.flaws import nearest, suggest
from bot.config.load import installed_drivers
from bot.config.model import Config, Rules, rules_of
from bot.config.plans import Shelf
from bot.config.targets import Drivers
from rollout.alarms.model import Place, Scope
from rollout.errors import NotFound
from rollout.people import Roles
from rollout.plan import Plan, SetWeight, Watch
from rollout.ports import TargetModel
from rollout.terms import Approval, Terms

BACK = Plan.parse("rollback", "100%")
"""Going back is one step."""


class ConfigPolicy:
    """Implements rollout.ports.Policy and rollout.alarms.ports.WatchPolicy over one configuration.

    A reload makes a new one.
    """

    def __init__(self, config: Config, drivers: Drivers | None = None) -> None:
        self.config = config
        self._drivers = installed_drivers() if drivers is None else drivers
        self._hash = config.hash
        self._kept: dict[tuple[str, str, str, bool], tuple[str, Terms]] = {}
        self._scopes = tuple(scope for name in config.apps for scope in self._watched(name))
        self._aliases = {alias: name for name, app in config.apps.items() for alias in app.aliases}

    def targets(self) -> Sequence[tuple[str, str]]:
        """Every (app, env), in the order of the file."""
        return tuple((name, env) for name, app in self.config.apps.items() for env in app.env)

    def find(self, app: str, env: str) -> tuple[str, str]:
        """The target people mean: aliases count, an env left out is the app's default or its only one."""
        name = self._aliases.get(app, app)
        known = self.config.apps.get(name)
        if known is None:
            owner = _nearest_app(app, self.config.apps, self._aliases)
            guess = f"Did you mean {owner}? " if owner else ""
            raise NotFound(f'"{app[:40]}" is not an app here', f"{guess}Apps: {', '.join(sorted(self.config.apps))}")
        env = env or known.default or (next(iter(known.env)) if len(known.env) == 1 else "")
        if not env:
            places = ", ".join(f"{name}/{env}" for env in known.env)
            raise NotFound(f"{name} has several environments and no default", f"say which: {places}")
        if env not in known.env:
            raise NotFound(
                f'"{env[:40]}" is not an environment of {name}',
                _sentence(suggest(env, known.env, "environments")),
            )
        return name, env

    def terms(self, app: str, env: str, plan: str, *, back: bool = False) -> tuple[str, Terms]:
        """Driver kind and terms of a new rollout; `back` is the one step to a release that served before."""
        app, env = self.find(app, env)
        found = self._kept.get((app, env, plan, back))
        if found is None:
            # At most one entry per target and plan that exists: a name that does not was refused before it got here.
            found = self._kept[app, env, plan, back] = self._terms(app, env, plan, back=back)
        return found

    def _terms(self, app: str, env: str, plan: str, *, back: bool) -> tuple[str, Terms]:
        target = self.config.apps[app].env[env]
        can, rules = self._drivers[target.kind].capabilities, rules_of(target)
        asked = BACK if back else self._plan(app, env, plan or rules.plan)
        watched = can.weights == "watch"
        return target.kind, Terms(
            plan=Plan(name=asked.name, steps=(Watch(),)) if watched else asked,
            schedule=asked if watched and not isinstance(asked.steps[0], Watch) else None,
            alarms=rules.alarms,
            gates=rules.gates,
            bake=rules.bake,
            approval=None if back else _approval(rules),
            no_data_policy=rules.no_data,
            timing=self.config.timing,
            roles=self._roles(rules),
            settings=target.model_dump(mode="json"),
            lane=lane(target),
            after="" if back else rules.after,
            settle=self.config.timing.settle if can.servers else timedelta(0),
            channel=self.config.apps[app].channel,
            config_hash=self._hash,
        )

    def scopes(self) -> Sequence[Scope]:
        """What is watched: one per app and place, in the order of the file; places with nothing to watch left out."""
        return self._scopes

    def _watched(self, app: str) -> list[Scope]:
        by_place: dict[Place, dict[str, Rules]] = {}
        for env, target in self.config.apps[app].env.items():
            rules = rules_of(target)
            if rules.alarms or rules.alarm_prefix or rules.alarm_tag:
                place = Place(lane=lane(target), role=target.iam_role, region=target.region)
                by_place.setdefault(place, {})[env] = rules
        return [self._scope(app, place, envs) for place, envs in by_place.items()]

    def _scope(self, app: str, place: Place, envs: Mapping[str, Rules]) -> Scope:
        bakes: dict[str, timedelta] = {}
        for env, rules in envs.items():
            shortest = self._shortest_bake(app, env, rules)
            for alarm in rules.alarms:
                bakes[alarm.name] = min(bakes.get(alarm.name, shortest), shortest)
        return Scope(
            app=app, envs=tuple(envs), channel=self.config.apps[app].channel, place=place,
            gates=tuple(bakes), bakes=bakes, slack=self.config.timing.alarm_slack,
            prefixes=_together(rules.alarm_prefix for rules in envs.values()),
            tags=_together(rules.alarm_tag for rules in envs.values()),
        )  # fmt: skip

    def _shortest_bake(self, app: str, env: str, rules: Rules) -> timedelta:
        """An alarm that needs longer than this to fire would come too late on the target's default plan."""
        plan = self._plan(app, env, rules.plan)
        bakes = [step.bake for step in plan.steps if isinstance(step, SetWeight) and step.bake]
        return min([*bakes, rules.bake])

    def plans(self, app: str, env: str) -> tuple[str, ...]:
        """The names of the plans that can be run on a target, its own first."""
        app, env = self.find(app, env)
        return tuple(self._shelf(app, env).fitting())

    def _shelf(self, app: str, env: str) -> Shelf:
        target = self.config.apps[app].env[env]
        return Shelf(rules_of(target).plans, self.config.plans, self._drivers[target.kind], target)

    def _plan(self, app: str, env: str, name: str) -> Plan:
        shelf, where = self._shelf(app, env), f"{app}/{env}"
        plan = shelf.find(name)
        if plan is None:
            raise NotFound(
                f'"{name[:40]}" is not a plan of {where}', _sentence(suggest(name, shelf.fitting(), "plans"))
            )
        if reason := shelf.misfit(plan):
            raise NotFound(f"{where} cannot run {name}: {reason}", f"Plans: {', '.join(shelf.fitting())}")
        return plan

    def _roles(self, rules: Rules) -> Roles:
        approvers = rules.approve.from_ if rules.approve is not None else "approvers"
        return Roles(
            deploy=self._members(rules.deploy),
            approve=self._members(approvers),
            admin=self._members("admins"),
        )

    def _members(self, grant: str | tuple[str, ...]) -> tuple[str, ...]:
        return self.config.roles.get(grant, ()) if isinstance(grant, str) else grant


def lane(target: TargetModel) -> str:
    """`<account of the role, or default>/<region>`: what one sick region may delay."""
    parts = target.iam_role.split(":")
    return f"{parts[4] if len(parts) > 5 else 'default'}/{target.region}"


def _together(words: Iterable[str | tuple[str, ...]]) -> tuple[str, ...]:
    """Each word once, in the order of the file."""
    return tuple(dict.fromkeys(word for some in words for word in ((some,) if isinstance(some, str) else some)))


def _approval(rules: Rules) -> Approval | None:
    if rules.approve is None:
        return None
    return Approval(by=rules.approve.by, before_start=rules.approve.before_start)


def _nearest_app(word: str, apps: Mapping[str, object], aliases: Mapping[str, str]) -> str:
    guess = nearest(word, [*apps, *aliases])
    return aliases.get(guess, guess)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
