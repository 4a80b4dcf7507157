"""The Lambda functions that an AppSpec names for lifecycle events. They succeed where they exist: nobody runs them."""

from __future__ import annotations

from typing import Any

from moto.awslambda.models import lambda_backends

from demo.cloud.codedeploy_deployment import Fault
from demo.cloud.codedeploy_revisions import spec_in


class Hooks:
    """The hooks of one deployment. A way back runs none."""

    def __init__(self, place: tuple[str, str], revision: dict[str, Any], *, way_back: bool) -> None:
        self._place = place
        rows = () if way_back else spec_in(place[0], revision).get("Hooks") or ()
        self._functions = {str(event): str(name) for row in rows for event, name in row.items()}

    def run(self, event: str) -> None:
        """Fails where the event has a hook that is no function of this place."""
        name = self._functions.get(event, "").rsplit(":function:", 1)[-1].split(":", 1)[0]
        account, region = self._place
        backend: Any = lambda_backends[account][region]
        if name and name not in {one.function_name for one in backend.list_functions()}:
            raise Fault("HOOK_EXECUTION_FAILURE", f"{name} of {event}")
