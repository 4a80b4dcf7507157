"""How a deployment says whose it is: one line in its description. No calls.

CreateDeployment has no token, so this is what a lost answer is found again by. It names rollout, release and key for
people, and ends in a token for us: numbers of rollouts begin anew with a new database, moments do not.
"""

import hashlib
import re
from typing import Final

from aws.codedeploy_replies import Deployment
from aws.codedeploy_target import CodeDeployTarget
from aws.faults import clip
from rollout.model import Rollout

LONGEST: Final = 256
"""Characters of a description."""
_WAY_BACK: Final = re.compile(r"tidegate #\d+ way back (.+) key=.* token=[0-9a-f]{16}")


def token(rollout: Rollout, release: str) -> str:
    """The same for the same release of the same rollout, and for nothing else."""
    text = f"{rollout.id}\n{rollout.target}\n{rollout.created_at.isoformat()}\n{release}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark(rollout: Rollout, release: str, key: str) -> str:
    """The description of a deployment that we start."""
    end = f" token={token(rollout, release)}"
    back = rollout.stable is not None and release == rollout.stable.id
    verb = "way back" if back else "launch"
    return clip(f"tidegate #{rollout.id} {verb} {release} key={key}", LONGEST - len(end)) + end


def is_for(deployment: Deployment, rollout: Rollout, target: CodeDeployTarget, release: str) -> bool:
    """Whether we started it, for this rollout, with this release, in this very group (A16)."""
    here = (deployment.application_name, deployment.deployment_group_name) == (target.application, target.group)
    return here and deployment.description.endswith(f" token={token(rollout, release)}")


def only_keeps(deployment: Deployment, serving: str) -> bool:
    """Whether it is a way back of ours, perhaps of a rollout that is over, which has brought that release home.

    All its traffic has moved, and what it waits for is only to remove the side that it took back: to end that wait
    changes nothing of what anybody gets. A forward deployment is none: its old side is the way back of its rollout.
    """
    found = _WAY_BACK.fullmatch(deployment.description)
    return deployment.keeps_old_side and found is not None and found[1] == serving


def words(deployment: Deployment) -> str:
    """Somebody's deployment, for people: `d-ABC (InProgress, started by user: nightly build)`."""
    said = f": {clip(deployment.description, 80)}" if deployment.description else ""
    by = deployment.creator or "somebody"
    return f"{deployment.deployment_id} ({deployment.status}, started by {by}{said})"
