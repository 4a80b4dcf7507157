"""Blobs of images: an address for whoever may ask ECR, and the blob for whoever has the address."""

import json
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError

from demo.cloud import Cloud
from demo.cloud.building import add_image
from demo.cloud.seed_shop import COMMITS, REVISION, seed_shop


@pytest.fixture
def ecr(served: Cloud):
    """ECR with the demo's shop, as any client sees it."""
    served.reset()
    seed_shop(served)
    return boto3.client("ecr", region_name="eu-central-1", endpoint_url=served.endpoint_url,
                        aws_access_key_id="AKIATIDEGATEDEMO0000", aws_secret_access_key="made-up")  # fmt: skip


def configuration(ecr, repository="shop", tag="v2"):
    """The digest of an image's configuration."""
    found = ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageTag": tag}])["images"][0]
    return json.loads(found["imageManifest"])["config"]["digest"]


def test_the_labels_of_an_image_lie_behind_its_address(ecr):
    """Manifest, address, blob: as a client of ECR has to go."""
    url = ecr.get_download_url_for_layer(repositoryName="shop", layerDigest=configuration(ecr))["downloadUrl"]
    with urlopen(url, timeout=5) as answer:
        assert json.load(answer)["config"]["Labels"] == {REVISION: COMMITS["v2"]}


def test_an_address_is_good_for_one_blob_only(ecr):
    """Another blob's signature, and none at all, open nothing."""
    first, second = (
        ecr.get_download_url_for_layer(repositoryName="shop", layerDigest=configuration(ecr, tag=tag))["downloadUrl"]
        for tag in ("v1", "v2")
    )
    for url in (first.split("?")[0], f"{first.split('?')[0]}?{second.split('?')[1]}"):
        with pytest.raises(HTTPError) as caught:
            urlopen(url, timeout=5)
        assert caught.value.code == 403
        caught.value.close()


def test_a_layer_belongs_to_its_repository(ecr, served):
    """ECR gives no address for what is in no image of that repository."""
    add_image(served.world, "other", "v1")
    for digest in (configuration(ecr), f"sha256:{'0' * 64}"):
        with pytest.raises(ClientError, match="LayersNotFoundException"):
            ecr.get_download_url_for_layer(repositoryName="other", layerDigest=digest)
