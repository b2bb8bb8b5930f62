import pytest
from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from fixmate.core.api.serializers import InputSerializer


class Inner(InputSerializer):
    name = serializers.CharField()


class Body(InputSerializer):
    text = serializers.CharField(required=False, allow_null=True)
    whole = serializers.IntegerField(required=False)
    number = serializers.FloatField(required=False)
    truth = serializers.BooleanField(required=False)
    choice = serializers.ChoiceField(["A", "B"], required=False)
    moment = serializers.DateTimeField(required=False)
    id = serializers.UUIDField(required=False)
    texts = serializers.ListField(child=serializers.CharField(), required=False)
    inner = serializers.ListField(child=Inner(), required=False)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ({"text": "3"}, {"text": "3"}),
        ({"text": None}, {"text": None}),
        ({"whole": 3}, {"whole": 3}),
        ({"whole": 3.0}, {"whole": 3}),
        ({"number": 3}, {"number": 3.0}),
        ({"number": 3.5}, {"number": 3.5}),
        ({"truth": False}, {"truth": False}),
        ({"choice": "A"}, {"choice": "A"}),
        ({"texts": ["a", "b"]}, {"texts": ["a", "b"]}),
        ({"texts": []}, {"texts": []}),
        ({"inner": [{"name": "a"}]}, {"inner": [{"name": "a"}]}),
    ],
    ids=str,
)
def test_a_value_of_its_type_is_read(given, read):
    assert Body.parse(given) == read


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"text": 3}, "This must be a text."),
        ({"text": True}, "This must be a text."),
        ({"whole": "3"}, "This must be a whole number."),
        ({"whole": 3.5}, "This must be a whole number."),
        ({"whole": True}, "This must be a whole number."),
        ({"number": "3.5"}, "This must be a number."),
        ({"number": False}, "This must be a number."),
        ({"truth": "yes"}, "This must be true or false."),
        ({"truth": 1}, "This must be true or false."),
        ({"choice": 1}, "This must be a text."),
        ({"moment": 1700000000}, "This must be a text."),
        ({"id": 12}, "This must be a text."),
        ({"texts": "abc"}, "This must be a list."),
        ({"texts": ["a", 3]}, "This must be a text."),
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused(given, text):
    with pytest.raises(ValidationError) as refused:
        Body.parse(given)

    assert refused.value.detail == {next(iter(given)): [text]}


def test_types_hold_inside_a_list_of_objects():
    with pytest.raises(ValidationError) as refused:
        Body.parse({"inner": [{"name": 3}]})

    assert refused.value.detail == {"inner": {0: {"name": ["This must be a text."]}}}


def test_in_a_form_everything_is_text():
    assert Body.parse(QueryDict("whole=3&number=3.5&truth=true")) == {"whole": 3, "number": 3.5, "truth": True}
