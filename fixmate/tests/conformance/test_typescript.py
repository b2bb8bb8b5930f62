"""The whole job as an app in TypeScript goes through it, typed by what is generated from the OpenAPI document alone."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from drf_spectacular.generators import SchemaGenerator

from fixmate.tests.live import PASSWORD, STAFF_EMAIL, System, running

pytestmark = [pytest.mark.live]
CLIENT = settings.BASE_DIR / "clients" / "typescript"


@pytest.fixture
def npm():
    """Return the call that runs a script of the client's; skip where its tools are not installed."""
    if not shutil.which("npm") or not (CLIENT / "node_modules").is_dir():
        pytest.skip("needs Node and `npm ci` in clients/typescript: make client")

    def run(script, **env):
        done = subprocess.run(
            ["npm", "run", "--silent", script],
            cwd=CLIENT,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def system(tmp_path, installed):
    with running(System(tmp_path), installed) as system:
        yield system


def test_an_app_written_against_the_types_goes_through_the_whole_job(npm, system):
    document = SchemaGenerator().get_schema(request=None, public=True)
    Path(CLIENT / "openapi.json").write_text(json.dumps(document), encoding="utf-8")
    npm("generate")
    npm("build")

    said = npm(
        "walk",
        FIXMATE_URL=system.url,
        FIXMATE_MAIL=str(system.folder / "mail"),
        FIXMATE_STAFF_EMAIL=STAFF_EMAIL,
        FIXMATE_STAFF_PASSWORD=PASSWORD,
    )

    assert said.strip() == "walked"
    system.manage("check_invariants")
