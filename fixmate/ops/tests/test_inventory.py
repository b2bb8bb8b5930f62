import json
from importlib.metadata import version
from io import StringIO

from django.core.management import call_command
from packaging.requirements import Requirement

from fixmate.ops.inventory import libraries, requirements_in


def test_comments_and_empty_lines_are_no_requirements():
    lines = ["# a comment", "", "Django==5.2.19  # the framework"]

    assert [str(one) for one in requirements_in(lines)] == ["Django==5.2.19"]


def test_libraries_of_libraries_are_found_and_those_of_other_extras_and_systems_are_not():
    found = libraries([Requirement("celery"), Requirement("not-installed-anywhere"), Requirement("redis")])

    assert {"celery", "kombu", "vine", "redis"} <= found.keys()
    assert "not-installed-anywhere" not in found
    assert "boto3" not in found
    assert list(found) == sorted(found)


def test_libraries_of_an_extra_are_found_where_it_is_asked_for():
    assert "psycopg-pool" in libraries([Requirement("psycopg[pool]")])
    assert "psycopg-pool" not in libraries([Requirement("psycopg")])


def test_sbom_names_every_library_with_its_version():
    out = StringIO()

    call_command("sbom", stdout=out)

    bill = json.loads(out.getvalue())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    django = {"name": "django", "version": version("django"), "purl": f"pkg:pypi/django@{version('django')}"}
    assert {**django, "type": "library", "bom-ref": django["purl"]} in bill["components"]
    assert {"pyjwt", "asgiref", "sqlparse"} <= {one["name"] for one in bill["components"]}
