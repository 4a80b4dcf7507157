"""CodeDeploy's platform `ecs`: one service with the controller CODE_DEPLOY, two task sets while it deploys.

What ships is found as the driver `ecs` finds it: an image, or a task definition by name. Task definitions tell the two
sides apart, whatever CodeDeploy's labels say; the weights are CodeDeploy's own.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from aws import ecs_preflight
from aws.alb_facts import Sides as Groups
from aws.calls import Calls
from aws.codedeploy_appspec import appspec
from aws.codedeploy_ecs_look import TaskSet, seen_of, serving
from aws.codedeploy_ground import Asked, Sides
from aws.codedeploy_reads import calls_of
from aws.codedeploy_replies import Group
from aws.codedeploy_target import OPERATIONS, CodeDeployTarget
from aws.ecs_images import Registries
from aws.ecs_reads import Desk, Marks, read_services
from aws.ecs_release import Shipment, Shipping, Where
from aws.ecs_replies import Fleet, ServiceBalancer
from aws.ecs_revisions import revision_of
from aws.sessions import Sessions
from rollout.errors import Refused, TargetError
from rollout.model import Rollout
from rollout.release import Check, Prepared, Release


class EcsGround:
    """A look is a call for ten services; a launch may register a task definition."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._marks = Marks()

    def prepare(self, rollout: Rollout, target: CodeDeployTarget, group: Group) -> Prepared:
        """Both releases by their task definitions, what differs, whether the service can take it."""
        fleet = self._fleet(target)
        shipment = self._shipping(target).plan(
            rollout.wanted, back=rollout.back, home=rollout.home, serving=serving(fleet)
        )
        checks = [*_service(target, fleet, group), *_of(shipment, fleet)]
        return Prepared(
            stable=_pinned(shipment.stable), candidate=_pinned(shipment.candidate), diff=shipment.diff,
            checks=tuple(checks), snapshot={"taskDefinition": serving(fleet)},
        )  # fmt: skip

    def examine(self, target: CodeDeployTarget, group: Group) -> Sequence[Check]:
        """Whether the service exists and fits, and what the newest image would meet."""
        fleet = self._fleet(target)
        checks = _service(target, fleet, group)
        try:
            shipment = self._shipping(target).plan("latest", serving=serving(fleet))
        except Refused as error:
            tells = error.fact
        else:
            checks += _of(shipment, fleet)
            tells = f"{shipment.stable.id} serves, {shipment.candidate.id} would come next"
        text = f"cluster {target.cluster}, service {target.service}: {tells}"
        return (Check(name="names", state="ok", text=text), *checks)

    def revision(self, target: CodeDeployTarget, release: Release, other: Release) -> dict[str, Any]:
        """An AppSpec of the release's task definition, behind the live service's own port."""
        found = balancer_of(target, self._fleet(target))
        if isinstance(found, str):
            raise TargetError("config", found, "name it as container_port")
        ecs = calls_of(self._sessions, target, "ecs")
        # A revision that nobody deploys changes nothing, and the next launch finds it by its content: nothing to note.
        properties = {
            "TaskDefinition": revision_of(ecs, self._marks, release, lambda _told, _request: None),
            "LoadBalancerInfo": {"ContainerName": found.container_name, "ContainerPort": found.container_port},
        }
        resource = {"Type": "AWS::ECS::Service", "Properties": properties}
        return appspec({"TargetService": resource}, target.hooks)

    def see(self, asked: Sequence[Asked]) -> dict[int, Sides | TargetError]:
        """Task sets by their task definitions, weights as CodeDeploy shows them."""
        fleets = self._fleets(one.target for one in asked)
        seen: dict[int, Sides | TargetError] = {}
        for one in asked:
            fleet = fleets[_key(one.target)]
            try:
                seen[one.rollout.id] = fleet if isinstance(fleet, TargetError) else self._seen(one, fleet)
            except TargetError as error:
                seen[one.rollout.id] = error
        return seen

    def _seen(self, one: Asked, fleet: Fleet) -> Sides:
        calls = calls_of(self._sessions, one.target, "ecs")
        return seen_of(one, fleet, lambda arn, release: self._runs(calls, arn, release))

    def _fleets(self, targets: Iterable[CodeDeployTarget]) -> dict[tuple[str, ...], Fleet | TargetError]:
        clusters: dict[tuple[str, ...], list[CodeDeployTarget]] = defaultdict(list)
        for target in targets:
            clusters[_key(target)[:-1]].append(target)
        found: dict[tuple[str, ...], Fleet | TargetError] = {}
        for key, group in clusters.items():
            calls = calls_of(self._sessions, group[0], "ecs")
            read = read_services(calls, group[0].cluster, [target.service for target in group])
            found |= {(*key, service): fleet for service, fleet in read.items()}
        return found

    def _fleet(self, target: CodeDeployTarget) -> Fleet:
        fleet = self._fleets([target])[_key(target)]
        if isinstance(fleet, TargetError):
            raise fleet
        return fleet

    def _shipping(self, target: CodeDeployTarget) -> Shipping:
        registries = Registries(self._sessions, target.iam_role, OPERATIONS)
        ecs = calls_of(self._sessions, target, "ecs")
        # Only ECS is asked there: this target has neither rules nor sizes of its own.
        return Shipping(Desk(ecs, ecs, ecs), self._marks, registries, Where(_Shipped(target), Groups("", "", {})))

    def _runs(self, calls: Calls, arn: str, release: Release) -> bool:
        """Whether that task definition is the release's; one not registered yet is known by its content."""
        known = release.pinned.get("task_definition")
        if known or not release.pinned.get("from"):
            return arn == known
        base, container, image = (release.pinned[name] for name in ("from", "container", "image"))
        return self._marks.of(calls, arn) == self._marks.of(calls, base).with_image(container, image)


def balancer_of(target: CodeDeployTarget, fleet: Fleet) -> ServiceBalancer | str:
    """The container and port that get the traffic, or why that is not clear."""
    held = [one for one in fleet.load_balancers or _of_primary(fleet) if one.container_name]
    fits = [one for one in held if target.container_port in (0, one.container_port)]
    ports = sorted({(one.container_name, one.container_port) for one in fits})
    if len(ports) == 1:
        return fits[0]
    known = ", ".join(f"{one.container_name}:{one.container_port}" for one in held) or "none"
    wanted = f"port {target.container_port}" if target.container_port else "one port"
    return f"{target.service} has not {wanted} behind a load balancer: {known}"


def _of_primary(fleet: Fleet) -> tuple[ServiceBalancer, ...]:
    sets = [TaskSet.model_validate(row) for row in fleet.task_sets]
    return next((one.load_balancers for one in sets if one.status == "PRIMARY"), ())


class _Shipped:
    """The same as finding a release asks it: both sides are one service."""

    def __init__(self, target: CodeDeployTarget) -> None:
        self.cluster, self.container, self.links = target.cluster, target.container, target.links
        self._service = target.service

    def crew(self, group: str) -> str:
        """Its service, whatever the group."""
        return self._service


def _pinned(release: Release) -> Release:
    return release.model_copy(update={"pinned": {name: value for name, value in release.pinned.items() if value}})


def _of(shipment: Shipment, fleet: Fleet) -> list[Check]:
    return [
        *ecs_preflight.live(shipment.live, shipment.served_by),
        *ecs_preflight.definition(shipment.new, shipment.container, fleet),
        *shipment.checks,
    ]


def _service(target: CodeDeployTarget, fleet: Fleet, group: Group) -> list[Check]:
    """Whether CodeDeploy may deploy to this service from this group."""
    checks = []
    if fleet.status != "ACTIVE":
        checks.append(_fail("service", f"the service {target.service} is {fleet.status}", "it must be ACTIVE"))
    if fleet.deployment_controller.type != "CODE_DEPLOY":
        text = f"the service {target.service} has the deployment controller {fleet.deployment_controller.type}"
        hint = 'CodeDeploy needs CODE_DEPLOY: make the service anew with it, or use kind = "ecs" or "ecs-native"'
        checks.append(_fail("controller", text, hint))
    pairs = [(one.cluster_name.rsplit("/", 1)[-1], one.service_name) for one in group.ecs_services]
    if (target.cluster, target.service) not in pairs:
        known = ", ".join("/".join(pair) for pair in pairs) or "no service"
        text = f"the deployment group {target.group} deploys to {known}, not to {target.cluster}/{target.service}"
        checks.append(_fail("group", text, "correct cluster and service, or name the group of this service"))
    found = balancer_of(target, fleet)
    if isinstance(found, str):
        checks.append(_fail("port", found, "name it as container_port"))
    return checks


def _key(target: CodeDeployTarget) -> tuple[str, ...]:
    return target.iam_role, target.region, target.cluster, target.service


def _fail(name: str, text: str, hint: str) -> Check:
    return Check(name=name, state="fail", text=text, hint=hint)


