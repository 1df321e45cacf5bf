"""Form decoding: brackets into trees."""

import pytest

from stripe_emulator.api.errors import ApiError
from stripe_emulator.api.forms import decode

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("form", "tree"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2", {"a": "2"}),
        ("a[b][c]=1&a[b][d]=2", {"a": {"b": {"c": "1", "d": "2"}}}),
        ("a[0][x]=1&a[1][x]=2", {"a": {"0": {"x": "1"}, "1": {"x": "2"}}}),
        ("a[]=1&a[]=2", {"a": {"0": "1", "1": "2"}}),
        ("a[][x]=1&a[][y]=2&a[][x]=3", {"a": {"0": {"x": "1", "y": "2"}, "1": {"x": "3"}}}),
        ("a%5Bb%5D=c+d%26", {"a": {"b": "c d&"}}),
        ("a", {"a": ""}),
        ("&&a=1&", {"a": "1"}),
        ("a[b=1", {"a[b": "1"}),
    ],
)
def test_form_becomes_a_tree(form: str, tree: dict[str, object]) -> None:
    assert decode("", form.encode(), FORM) == tree
    assert decode(form, b"", "") == tree


@pytest.mark.parametrize("form", ["a=1&a[b]=2", "a[b]=1&a=2", "a[b]=1&a[b][c]=2", "a[]=1&a[][x]=2"])
def test_value_and_hash_of_one_name_clash(form: str) -> None:
    with pytest.raises(ApiError):
        decode("", form.encode(), FORM)
