"""Knobs over deployments that ECS runs by itself: stages that stand still, failing rollbacks, pauses that run out."""

from __future__ import annotations

from typing import Any

from demo.cloud.metrics import epoch
from demo.cloud.native_api import essence
from demo.cloud.native_words import STAGES
from demo.cloud.server_knobs import ServerKnobs

SOON_SECONDS, LONGEST = 30, 86_400


class NativeKnobs(ServerKnobs):
    """What a person may do to service deployments."""

    def native_stuck(self, service: str, stage: str = "") -> str:
        """The stage that deployments of a service do not get out of; no stage lets them go on."""
        if stage and stage not in STAGES:
            raise ValueError(f"no stage {stage!r}; known: {', '.join(STAGES)}")
        with self._world.lock:
            self._world.tick()
            self._fleet(service)
            stuck = self._world.servers.native.life.stuck
            stuck.pop(service, None)
            if stage:
                stuck[service] = stage
        return f"{service} stands still in {stage}." if stage else f"{service} goes through every stage again."

    def native_rollback_fails(self, service: str, on: bool = True) -> str:  # noqa: FBT001, FBT002 - an argument in JSON
        """Whether ECS fails to roll a service back: the requests stay where they are."""
        with self._world.lock:
            self._world.tick()
            self._fleet(service)
            failing = self._world.servers.native.life.failing
            (failing.add if on else failing.discard)(service)
        return f"Rollbacks of {service} {'fail' if on else 'succeed again'}."

    def native_hook_expires(self, service: str, seconds: int = SOON_SECONDS) -> str:
        """Pauses that await an answer run out in so many seconds."""
        if not 0 <= seconds <= LONGEST:
            raise ValueError(f"seconds is 0 to {LONGEST}, not {seconds}")
        with self._world.lock:
            self._world.tick()
            newest = self._world.servers.native.newest(self._fleet(service).key)
            waiting = [hook for hook in newest.hooks if hook.is_open] if newest else []
            for hook in waiting:
                hook.expires = epoch(self._world.now()) + seconds
        if not waiting:
            raise LookupError(f"no deployment of {service} waits for anybody")
        return f"{', '.join(hook.id for hook in waiting)} runs out in {seconds} s: then it is {waiting[0].action}."

    def native_by_hand(self, service: str) -> str:
        """What a colleague does in the console: the same task definition, deployed once more."""
        fleet = self._fleet(service)
        self._perform("ecs", "UpdateService", {
            "cluster": fleet.key[2], "service": service, "forceNewDeployment": True,
        })
        return f"{service} is being deployed by hand."

    def native(self) -> dict[str, Any]:
        """The last deployment of every service: what it is, and where it stands."""
        with self._world.lock:
            self._world.tick()
            native = self._world.servers.native
            found = {key[3]: native.newest(key) for key in native.books}
            return {name: {"arn": one.arn, "reason": one.reason} | essence(one) for name, one in found.items() if one}
