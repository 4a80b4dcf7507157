"""The import contracts of .importlinter: each sees the breach it is there for."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests import house

ROOT = Path(__file__).resolve().parent.parent

PLANTED = {
    "rollout/values.py": "import bot\nimport os",
    "rollout/errors.py": "import rollout.machine",
    "handlers/__init__.py": "import aws\nimport boto3\nimport demo\nimport sqlite3",
    "store/__init__.py": "import slack_sdk\nimport apscheduler\nimport moto\nimport matplotlib",
    "demo/__init__.py": "import rollout",
}


def test_every_contract_is_broken_by_its_breach(tmp_path):
    """With one breach of each kind planted in a copy of the tree, no contract holds."""
    shutil.copy(ROOT / ".importlinter", tmp_path)
    for path in house.files(ROOT, house.CODE):
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(f"{path.read_text()}\n{PLANTED.get(str(path.relative_to(ROOT)), '')}\n")
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", lint, "--no-cache"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100)
    assert run.returncode == 1, run.stdout + run.stderr
    assert re.search(r"Contracts: 0 kept, \d+ broken", run.stdout), run.stdout
