"""Plain tables into sections, every mistake gathered on the way. What must fit together is meaning.py's."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel
from pydantic_core import PydanticCustomError

from bot.config.explain import keys_at, salvage
from bot.config.flaws import Findings, Place, nearest, spell, suggest
from bot.config.model import App, Aws, Digest, Http, Page, Settings, Slack, Store, length
from bot.config.names import member_problem, name_problem
from bot.config.targets import Drivers, ReadTarget, read_target
from rollout.alarms.model import Timing as AlarmTiming
from rollout.terms import Timing

Model = TypeVar("Model", bound=BaseModel)

_ELSEWHERE = {
    **dict.fromkeys(("channel", "default", "aliases"), "[apps.<app>]"),
    **dict.fromkeys(
        ("kind", "region", "iam_role", "deploy", "alarms", "gates", "plan", "bake", "approve", "function",
         "links", "alarm_prefix", "alarm_tag"),
        "[apps.<app>.env.<env>]",
    ),
    **dict.fromkeys(Timing.model_fields, "[timing]"),
    **dict.fromkeys(AlarmTiming.model_fields, "[alarms]"),
    **dict.fromkeys(("cron", "at", "timezone"), "[[digests]]"),
    **dict.fromkeys(("host", "port"), "[http]"),
    **dict.fromkeys(("mode", "home"), "[slack]"),
    "path": "[store]",
    **dict.fromkeys(("mention", "sns_topic_arn"), "[page]"),
    **dict.fromkeys(("allow_endpoint_override", "endpoint_url"), "[aws]"),
}


class Reading:
    """One pass over the file."""

    def __init__(self, drivers: Drivers, findings: Findings) -> None:
        self._drivers = drivers
        self.findings = findings
        self.targets: list[ReadTarget] = []
        """Every environment of the file, also those that are too broken for `settings`."""
        self.digests: dict[int, Digest] = {}
        """By their place in the file: those that could be read."""

    def settings(self, raw: Mapping[str, Any]) -> Settings:
        """What could be read; broken parts are left at their defaults and noted."""
        for key in sorted(raw.keys() - Settings.model_fields.keys()):
            self._unknown((key,), raw[key], sorted(Settings.model_fields))
        return Settings(
            slack=self._section(Slack, ("slack",), raw.get("slack", {})) or Slack(),
            http=self._section(Http, ("http",), raw.get("http", {})) or Http(),
            store=self._section(Store, ("store",), raw.get("store", {})) or Store(),
            aws=self._section(Aws, ("aws",), raw.get("aws", {})) or Aws(),
            page=self._section(Page, ("page",), raw["page"]) if "page" in raw else None,
            digests=self._digests(raw.get("digests", ())),
            roles=self._roles(raw.get("roles", {})),
            plans=self._texts(("plans",), raw.get("plans", {})),
            timing=Timing(**self._lengths("timing", Timing, raw.get("timing", {}))),
            alarms=AlarmTiming(**self._lengths("alarms", AlarmTiming, raw.get("alarms", {}))),
            apps=self._apps(raw.get("apps", {})),
        )

    def _unknown(self, at: Place, value: object, known: list[str]) -> None:
        name = str(at[-1])
        if isinstance(value, Mapping) and "kind" in value and len(at) == 3 and at[0] == "apps":
            hint = f"environments stand under env: [{spell((*at[:-1], 'env', name))}]"
        elif not nearest(name, known) and name in _ELSEWHERE:
            hint = f"it belongs under {_ELSEWHERE[name]}"
        else:
            hint = suggest(name, known, "keys here")
        self.findings.add(at, f"{spell((name,))} is not a key here", hint)

    def _table(self, at: Place, raw: object) -> Mapping[str, Any]:
        if isinstance(raw, Mapping):
            return raw
        header = f"[{spell(at)}.<name>]" if at == ("apps",) else f"[{spell(at)}]"
        hint = f"write a table: {header}, in single brackets"
        self.findings.add(at, f"{self.findings.shown(raw)} is not a table", hint)
        return {}

    def _section(self, model: type[Model], at: Place, raw: object) -> Model | None:
        table = self._table(at, raw)
        known = keys_at(model, ())
        for key in sorted(table.keys() - set(known)):
            self._unknown((*at, key), table[key], known)
        return salvage(model, table, at, self.findings, strict=True)

    def _digests(self, raw: object) -> tuple[Digest, ...]:
        if not isinstance(raw, tuple):
            self.findings.add(
                ("digests",),
                f"{self.findings.shown(raw)} is not a list of tables",
                "write [[digests]] with double brackets",
            )
            return ()
        for index, item in enumerate(raw):
            digest = self._section(Digest, ("digests", index), item)
            if digest is not None:
                self.digests[index] = digest
        return tuple(self.digests.values())

    def _roles(self, raw: object) -> dict[str, tuple[str, ...]]:
        roles: dict[str, tuple[str, ...]] = {}
        for name, members in self._table(("roles",), raw).items():
            at: Place = ("roles", name)
            if problem := name_problem("a role", name):
                self.findings.add(at, *problem)
            roles[name] = self._members(at, members)
        return roles

    def _members(self, at: Place, raw: object) -> tuple[str, ...]:
        if not isinstance(raw, tuple):
            self.findings.add(
                at, f"{self.findings.shown(raw)} is not a list of ids", 'write it like ["U0ANA", "U0BEN"]'
            )
            return ()
        seen: dict[str, None] = {}
        for index, member in enumerate(raw):
            if problem := member_problem(self.findings.clean(member)):
                self.findings.add((*at, index), *problem)
            elif member in seen:
                self.findings.add((*at, index), f"{member} stands here twice", "keep one")
            else:
                seen[member] = None
        return tuple(seen)

    def _texts(self, at: Place, raw: object) -> dict[str, str]:
        texts: dict[str, str] = {}
        for name, text in self._table(at, raw).items():
            if isinstance(text, str):
                texts[name] = text
            else:
                self.findings.add(
                    (*at, name),
                    f"{self.findings.shown(text)} is not a plan",
                    'write it as text: "10% 5m, 50% 10m, 100%"',
                )
        return texts

    def _lengths(self, section: str, model: type[BaseModel], raw: object) -> dict[str, Any]:
        """A table in which every key is a duration."""
        values: dict[str, Any] = {}
        for key, value in self._table((section,), raw).items():
            if key not in model.model_fields:
                self._unknown((section, key), value, sorted(model.model_fields))
                continue
            try:
                values[key] = length(self.findings.clean(value))
            except PydanticCustomError as error:
                told = error.context or {}
                self.findings.add((section, key), str(told.get("fact")), str(told.get("hint")))
        return values

    def _apps(self, raw: object) -> dict[str, App]:
        return {name: self._app(name, table) for name, table in self._table(("apps",), raw).items()}

    def _app(self, name: str, raw: object) -> App:
        at: Place = ("apps", name)
        if problem := name_problem("an app", name):
            self.findings.add(at, *problem)
        table = dict(self._table(at, raw))
        envs = self._table((*at, "env"), table.pop("env", {}))
        app = self._section(App, at, table) or App()
        targets = {}
        for env, inner in envs.items():
            here: Place = (*at, "env", env)
            if problem := name_problem("an environment", env):
                self.findings.add(here, *problem)
            read = read_target(self._table(here, inner), here, self._drivers, self.findings)
            self.targets.append(read)
            if read.target is not None:
                targets[env] = read.target
        return app.model_copy(update={"env": targets})
