"""What the cloud takes for granted of moto: a new release that breaks one of these says so here."""

import inspect
from typing import Any

import pytest
from moto.awslambda.models import LambdaAlias, LambdaBackend, LambdaFunction, lambda_backends
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.serialize import SERIALIZERS
from moto.core.utils import get_service_model
from moto.iam.models import IAMBackend, get_account_id_from
from moto.moto_api._internal.models import moto_api_backend
from moto.sns.models import SNSBackend
from moto.sts.models import STSBackend

from demo.cloud import Cloud
from demo.cloud.calls import ACCOUNT, REGION
from demo.cloud.cloud import ACCESS_KEY


def names(function: Any) -> list[str]:
    """Parameter names without self."""
    return [name for name in inspect.signature(function).parameters if name != "self"]


@pytest.mark.parametrize(
    ("function", "leading"),
    [
        (LambdaBackend.get_function, ["function_name_or_arn", "qualifier"]),
        (LambdaBackend.list_versions_by_function, ["function_name"]),
        (LambdaBackend.publish_version, ["function_name", "description"]),
        (LambdaBackend.create_function, ["spec"]),
        (LambdaBackend.create_alias,
         ["name", "function_name", "function_version", "description", "routing_config"]),
        (LambdaBackend.get_alias, ["name", "function_name"]),
        (LambdaBackend.delete_alias, ["name", "function_name"]),
        (LambdaBackend.list_aliases, ["function_name"]),
        (LambdaFunction.update_function_code, ["updated_spec"]),
        (LambdaFunction.update_configuration, ["config_updates"]),
        (LambdaFunction.get_configuration, ["on_create"]),
        (LambdaAlias.to_json, []),
        (IAMBackend.create_role, ["role_name", "assume_role_policy_document", "path", "permissions_boundary",
                                  "description", "tags", "max_session_duration"]),
        (SNSBackend.create_topic, ["name"]),
        (STSBackend.get_caller_identity, ["access_key_id", "region"]),
    ],
)
def test_signatures_we_call(function: Any, leading: list[str]) -> None:
    """Every method of moto's backends that we call still takes these parameters in this order."""
    assert names(function)[: len(leading)] == leading


def test_fields_we_write(cloud: Cloud) -> None:
    """The attributes we set on moto's functions and aliases are the ones moto reads."""
    backend = lambda_backends[ACCOUNT][REGION]
    function, alias = backend.get_function("my-app", "1"), backend.get_alias("live", "my-app")
    assert {"last_modified", "code_or_config_updated", "code_sha_256"} <= vars(function).keys()
    assert {"revision_id", "routing_config", "function_version", "description"} <= vars(alias).keys()
    function.last_modified = "then"
    alias.revision_id = "r"
    assert function.get_configuration()["LastModified"] == "then"
    assert alias.to_json()["RevisionId"] == "r"
    assert next(iter(backend.list_versions_by_function("my-app"))).version == "$LATEST"


def test_moto_still_needs_us(cloud: Cloud) -> None:
    """Moto's own alias update keeps the RevisionId and takes any weight: the day it does not, ours can go."""
    backend = lambda_backends[ACCOUNT][REGION]
    before = backend.get_alias("live", "my-app").revision_id
    wild: Any = {"AdditionalVersionWeights": {"99": 7.0}}
    backend.update_alias("live", "my-app", "1", "", wild)
    assert backend.get_alias("live", "my-app").revision_id == before
    cloud.reset()


def test_protocols_we_speak() -> None:
    """Parsers and serialisers exist for every protocol boto3 uses with the services of the demo."""
    for protocol in ("json", "query", "rest-json", "rest-xml"):
        assert protocol in PROTOCOL_PARSERS
        assert protocol in SERIALIZERS
    assert get_service_model("cloudwatch").is_query_compatible


def test_the_demo_key_belongs_to_the_demo_account(cloud: Cloud) -> None:
    """Moto maps our made-up key to its default account, and a reset empties its backends."""
    assert get_account_id_from(ACCESS_KEY) == ACCOUNT
    moto_api_backend.reset()
    with pytest.raises(Exception, match=r"Function not found|Not Found"):
        lambda_backends[ACCOUNT][REGION].get_function("my-app")
