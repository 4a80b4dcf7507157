"""How a deployment says whose it is: one line in its description. No calls.

CreateDeployment has no token, so this is what a lost answer is found again by. It names rollout, release and key for
people, and ends in a token for us: numbers of rollouts begin anew with a new database, moments do not.
"""

import hashlib
from typing import Final

from aws.codedeploy_replies import Deployment
from aws.codedeploy_target import CodeDeployTarget
from aws.faults import clip
from rollout.model import Rollout

LONGEST: Final = 256
"""Characters of a description."""


def token(rollout: Rollout, release: str) -> str:
    """The same for the same release of the same rollout, and for nothing else."""
    text = f"{rollout.id}\n{rollout.target}\n{rollout.created_at.isoformat()}\n{release}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark(rollout: Rollout, release: str, key: str) -> str:
    """The description of a deployment that we start."""
    end = f" token={token(rollout, release)}"
    return clip(f"tidegate #{rollout.id} launch {release} key={key}", LONGEST - len(end)) + end


def is_for(deployment: Deployment, rollout: Rollout, target: CodeDeployTarget, release: str) -> bool:
    """Whether we started it, for this rollout, with this release, in this very group (A16)."""
    here = (deployment.application_name, deployment.deployment_group_name) == (target.application, target.group)
    return here and deployment.description.endswith(f" token={token(rollout, release)}")


def words(deployment: Deployment) -> str:
    """Somebody's deployment, for people: `d-ABC (InProgress, started by user: nightly build)`."""
    said = f": {clip(deployment.description, 80)}" if deployment.description else ""
    by = deployment.creator or "somebody"
    return f"{deployment.deployment_id} ({deployment.status}, started by {by}{said})"
