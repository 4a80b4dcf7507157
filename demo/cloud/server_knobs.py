"""Knobs over servers behind load balancers: late and foreign weights, slow, crashing and sick tasks, the autoscaler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.elbv2.models import elbv2_backends

from demo.cloud.building import add_image, forward
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.fleet import Fleet
from demo.cloud.fleet_shown import essence
from demo.cloud.flow import dimension_of
from demo.cloud.pool import Pool
from demo.cloud.pool_shown import essence as pool_essence
from demo.cloud.task import Behaviour
from demo.cloud.traffic import FAILING, leaking
from demo.cloud.turning import Turning

LONGEST_DELAY = 600


class ServerKnobs(Turning):
    """What a person may do to services, rules and their requests."""

    def push_image(self, repository: str, tag: str, kind: str = "good") -> str:
        """A new image in ECR: good, errors (8 % of its requests), leak (slower and slower), crash (exits at once)."""
        kinds = {"good": Behaviour(), "errors": Behaviour(FAILING), "leak": Behaviour(leaking(self.period)),
                 "crash": Behaviour(exit_code=1)}
        if kind not in kinds:
            raise ValueError(f"no kind of image {kind!r}; known: {', '.join(kinds)}")
        with self._world.lock:
            self._world.tick()
            digest = add_image(self._world, repository, tag, {"org.opencontainers.image.version": tag})
            self._world.servers.images.put(digest, kinds[kind])
        return f"{repository}:{tag} is pushed as {digest[:19]}: {kind}."

    def propagation(self, seconds: int) -> str:
        """How long after ModifyRule and ModifyListener the requests follow."""
        if not 0 <= seconds <= LONGEST_DELAY:
            raise ValueError(f"seconds is 0 to {LONGEST_DELAY}, not {seconds}")
        with self._world.lock:
            self._world.tick()
            self._world.servers.routing.delay = seconds
        return f"Requests follow new weights after {seconds} s."

    def slow_start(self, service: str, seconds: int) -> str:
        """How long a service's new tasks, or a group's new instances, need until they run."""
        if not 1 <= seconds <= LONGEST_DELAY:
            raise ValueError(f"seconds is 1 to {LONGEST_DELAY}, not {seconds}")
        with self._world.lock:
            self._world.tick()
            self._side(service).start_seconds = seconds
        return f"New servers of {service} need {seconds} s to start."

    def crash_loop(self, service: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether every task of a service exits soon after its start, whatever its image."""
        with self._world.lock:
            self._world.tick()
            self._fleet(service).crashing = on
        return f"The tasks of {service} {'exit soon after their start' if on else 'stay up again'}."

    def sicken(self, service: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether every task of a service, or instance of a group, fails its health checks and its requests."""
        with self._world.lock:
            self._world.tick()
            self._side(service).sick = on
        return f"The servers of {service} are {'sick' if on else 'well again'}."

    def autoscaler(self, on: bool) -> str:  # noqa: FBT001 - an argument in JSON
        """Whether services with a scaling policy follow their load."""
        with self._world.lock:
            self._world.tick()
            self._world.servers.scaling.on = on
        return f"The autoscaler is {'on' if on else 'off'}."

    def edit_rule(self, weights: Mapping[str, int], app: str = "shop") -> str:
        """What a colleague does in the console: other weights by name of target group, of an app's rule."""
        arns = {group.name: group.arn for group in elbv2_backends[ACCOUNT][REGION].target_groups.values()}
        for name in weights:
            if name not in arns:
                raise LookupError(f"no target group {name}; known: {', '.join(sorted(arns)) or 'none'}")
        action = forward({arns[name]: weight for name, weight in weights.items()})
        self._perform("elbv2", "ModifyRule", {"RuleArn": self._rule(app), "Actions": [action]})
        return f"The rule was edited by hand: {', '.join(f'{name} {weight}' for name, weight in weights.items())}."

    def test_answers(self, app: str = "shop", status: int | None = 503) -> str:
        """What an app's test address answers, whatever release is behind it; None: as that release does."""
        tryouts = self._world.servers.tryouts
        with self._world.lock:
            self._world.tick()
            if app not in (known := tryouts.known()):
                raise LookupError(f"no load balancer {app} has a test rule; known: {', '.join(known) or 'none'}")
            if status is not None and not 200 <= status <= 599:
                raise ValueError(f"status is 200 to 599, not {status}")
            tryouts.broken.pop(app, None)
            if status is not None:
                tryouts.broken[app] = status
        return f"The test address of {app} answers {'as its release does' if status is None else status}."

    def rule_rps(self, rps: float, app: str = "shop") -> str:
        """Requests per second of an app's rule; 0 stops them."""
        with self._world.lock:
            self._world.tick()
            self._world.servers.flow.begin(self._rule(app), rps)
        return f"{app} gets {rps:g} requests per second."

    # --- looking

    def servers(self) -> dict[str, Any]:
        """Services and groups, weights as written and as followed, and what became of the requests so far."""
        with self._world.lock:
            self._world.tick()
            servers = self._world.servers
            return {
                "groups": {
                    pool.name: pool_essence(pool) | {"sick": pool.sick} for pool in servers.pools.pools.values()
                },
                "services": {
                    fleet.name: essence(fleet) | {"sick": fleet.sick, "crashing": fleet.crashing}
                    for fleet in servers.services.fleets.values()
                },
                "rules": {
                    rule: {"rps": rps, "written": servers.routing.written(rule),
                           "effective": servers.routing.effective(rule), **servers.flow.ledgers[rule].__dict__}
                    for rule, rps in servers.flow.rates().items()
                },
                "propagation": servers.routing.delay, "autoscaler": servers.scaling.on,
            }

    # --- inside

    def _fleet(self, service: str) -> Fleet:
        side = self._side(service)
        if not isinstance(side, Fleet):
            raise TypeError(f"{service} is an Auto Scaling group: its instances run, whatever their program does")
        return side

    def _side(self, name: str) -> Fleet | Pool:
        servers = self._world.servers
        sides: dict[str, Fleet | Pool] = {fleet.name: fleet for fleet in servers.services.fleets.values()}
        sides |= {pool.name: pool for pool in servers.pools.pools.values()}
        if name not in sides:
            raise LookupError(f"no service or group {name}; known: {', '.join(sorted(sides)) or 'none'}")
        return sides[name]

    def _rule(self, app: str) -> str:
        """The rule that gets the requests of an app: of the load balancer of that name."""
        rules = {dimension_of(rule).split("/")[1]: rule for rule in self._world.servers.flow.rates()}
        if app not in rules:
            raise LookupError(f"no load balancer {app} gets requests; known: {', '.join(sorted(rules)) or 'none'}")
        return rules[app]
