"""Who released the hold that a rollout left, out of its audit records: the row of an ended rollout never changes."""

import json
from collections.abc import Sequence

from rollout.audit import Link
from rollout.people import Actor
from rollout.reports import Released


def released(links: Sequence[Link]) -> Released | None:
    """The newest release of a hold among a rollout's records; None where nobody released one."""
    for link in reversed(links):
        body = json.loads(link.body)
        facts = body["facts"]
        if body["kind"] == "ask" and str(facts.get("words", "")).split(" ")[0] == "unlock":
            team, slash, id = body["actor"].rpartition("/")
            name = facts.get("name", "")
            person = Actor(id=id, team=team, name=name)
            by = person if slash else Actor(kind="principal", id=id, name=name)
            return Released(by=by, at=body["at"], reason=facts.get("reason", ""))
    return None
