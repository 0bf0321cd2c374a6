"""Templates: placeholders in, text out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.template import fill, placeholders

VALUES = st.text(alphabet="a{}", max_size=8) | st.sampled_from(["{topic}", "{site}"])


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("all", ()),
        ("{topic}", ("topic",)),
        ("{topic}, {provider}: {site}", ("topic", "provider", "site")),
        ("{topic} and {topic}", ("topic",)),
        ("{nonsense}", ("nonsense",)),
    ],
)
def test_placeholders_are_named_in_order_each_once(template, names):
    assert placeholders(template) == names


@pytest.mark.parametrize(
    "template", ["{", "}", "{topic", "topic}", "{}", "{{topic}}", "{Topic}"]
)
def test_a_lone_brace_is_no_template(template):
    with pytest.raises(ValueError, match="is no placeholder"):
        placeholders(template)


def test_values_are_put_in_wherever_they_are_asked_for():
    filled = fill("{topic}: {site} ({topic})", {"topic": "AI", "site": "Watch"})
    assert filled == "AI: Watch (AI)"


@given(VALUES, VALUES)
def test_a_brace_in_a_value_stays_a_brace(topic, site):
    filled = fill("{topic} | {site}", {"topic": topic, "site": site})
    assert filled == f"{topic} | {site}"
