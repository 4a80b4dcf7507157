"""An AWS to try Tidegate in: moto's server, extended where moto stands still, with traffic of its own.

`with Cloud(CloudConfig()) as cloud: seed_demo(cloud)`; or `python -m demo.cloud` as a process of its own.

Importing this package imports moto, and moto hangs a handler into botocore at import. The handler sleeps
unless somebody starts `mock_aws`, which nobody does here: clients made in the same process still go over HTTP
(tests/demo/cloud/test_process.py proves it). The bot never imports this package: in the demo it is a child
process, in the fault tests the cloud is.
"""

from demo.cloud.clock import ManualClock
from demo.cloud.cloud import Cloud, CloudConfig
from demo.cloud.seed import seed_demo
from demo.cloud.seed_billing import seed_billing
from demo.cloud.seed_catalog import seed_catalog
from demo.cloud.seed_edge import seed_edge
from demo.cloud.seed_search import seed_search
from demo.cloud.seed_shop import seed_shop
from demo.cloud.seed_thumbs import seed_thumbs

__all__ = [
    "Cloud", "CloudConfig", "ManualClock", "seed_billing", "seed_catalog", "seed_demo", "seed_edge",
    "seed_search", "seed_shop", "seed_thumbs",
]
