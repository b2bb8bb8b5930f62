"""`.env.example` is read by people who deploy: it names what the settings read and tells its true defaults."""

import json
import os
import re
import subprocess
import sys

from django.conf import settings

SETTINGS = settings.BASE_DIR / "fixmate" / "settings"
EXAMPLE = settings.BASE_DIR / ".env.example"
DUMP = """
import json, fixmate.settings as s
print(json.dumps({k: repr(v) for k, v in vars(s).items() if k.isupper()}, sort_keys=True))
"""


def documented() -> dict[str, str]:
    lines = re.findall(r"^# ([A-Z0-9_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE)
    return {name: value.strip('"') for name, value in lines}


def settings_under(environment: dict[str, str], var_dir: str) -> dict[str, str]:
    base = {"PATH": os.environ["PATH"], "VAR_DIR": var_dir}
    run = subprocess.run(
        [sys.executable, "-c", DUMP],
        env=base | environment,
        cwd=settings.BASE_DIR,
        check=True,
        capture_output=True,
        text=True,
    )
    return {name: re.sub(r"test_\d+| at 0x\w+", "", value) for name, value in json.loads(run.stdout).items()}


def test_env_example_names_exactly_what_the_settings_read():
    source = "".join(module.read_text() for module in SETTINGS.glob("*.py"))
    read = re.findall(r'\benv(?:_[a-z]+)?\(\s*"([A-Z0-9_]+)"', source)

    names = set(documented())

    assert names == set(read)


def test_env_example_states_the_true_defaults(tmp_path):
    stated = {name: value for name, value in documented().items() if value and name != "VAR_DIR"}

    with_example = settings_under(stated, str(tmp_path))

    assert with_example == settings_under({}, str(tmp_path))
