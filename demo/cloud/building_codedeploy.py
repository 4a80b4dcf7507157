"""Builders of CodeDeploy's applications and groups, one call each, for the seed and for tests."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any

from moto.s3.models import s3_backends

from demo.cloud.archives import archive
from demo.cloud.building import PORT, ids_of, perform
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.codedeploy_deployment import Group
from demo.cloud.metrics import epoch
from demo.cloud.task import Behaviour
from demo.cloud.world import World

ROLE = f"arn:aws:iam::{ACCOUNT}:role/codedeploy"
REMEMBERED = timedelta(days=3)
BILLING, BUCKET = "billing", "example-releases"
KMS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/releases"


def add_codedeploy(world: World, name: str, platform: str, settings: dict[str, Any]) -> Group:
    """An application with one group, both of that name."""
    perform(world, "codedeploy", "CreateApplication", {"applicationName": name, "computePlatform": platform})
    perform(world, "codedeploy", "CreateDeploymentGroup", {
        "applicationName": name, "deploymentGroupName": name, "serviceRoleArn": ROLE, **settings,
    })
    return world.codedeploy.groups.groups[(ACCOUNT, REGION, name), name]


def remember_deployment(world: World, group: Group, revision: dict[str, Any]) -> str:
    """A deployment of days ago that succeeded; gives its id."""
    config = world.codedeploy.groups.config((ACCOUNT, REGION), group.settings["deploymentConfigName"])
    asked = {"revision": revision, "description": "by the pipeline"}
    second = epoch(world.now() - REMEMBERED)
    return world.codedeploy.engine.remember(group, config, asked, second).id


def app_spec(resources: dict[str, Any]) -> dict[str, Any]:
    """A revision whose AppSpec is that data."""
    text = json.dumps(resources)
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return {"revisionType": "AppSpecContent", "appSpecContent": {"content": text, "sha256": checksum}}


def alias_spec(function: str, alias: str, current: str, target: str) -> dict[str, Any]:
    """The AppSpec that moves an alias, as data."""
    return {"version": 0.0, "Resources": [{function: {"Type": "AWS::Lambda::Function", "Properties": {
        "Name": function, "Alias": alias, "CurrentVersion": current, "TargetVersion": target,
    }}}]}


def service_spec(definition: str) -> dict[str, Any]:
    """The AppSpec that deploys a task definition, as data."""
    return {"version": 0.0, "Resources": [{"TargetService": {"Type": "AWS::ECS::Service", "Properties": {
        "TaskDefinition": definition, "LoadBalancerInfo": {"ContainerName": "app", "ContainerPort": PORT},
    }}}]}


def add_bundle(
    world: World, release: str, behaviour: Behaviour, ago: timedelta = timedelta(0), name: str = BILLING
) -> dict[str, Any]:
    """An archive in S3, encrypted, whose program behaves so; gives the revision, pinned by version and eTag."""
    s3: Any = s3_backends[ACCOUNT]["aws"]
    if BUCKET not in s3.buckets:
        s3.create_bucket(BUCKET, REGION)
        s3.put_bucket_versioning(BUCKET, "Enabled")
    key = f"{name}/{release}.zip"
    with ids_of("object", key):
        made = s3.put_object(BUCKET, key, archive(f"{name} {release}"), encryption="aws:kms", kms_key_id=KMS_KEY)
    made.last_modified = (world.now() - ago).replace(tzinfo=None)
    tag = made.etag.strip('"')
    world.servers.machines.programs[tag] = behaviour
    return {"revisionType": "S3", "s3Location": {
        "bucket": BUCKET, "key": key, "bundleType": "zip", "version": made.version_id, "eTag": tag,
    }}
