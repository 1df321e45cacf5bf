"""The sentence that greets who comes back from the portal."""

import pytest

from app.account.back_from_portal import Standing, describe_return

MONTHLY, YEARLY = ("month", 1), ("year", 1)
BASIC = Standing("Basic", MONTHLY, last_payment=1, charged="$9")
PRO = Standing("Pro", MONTHLY, last_payment=2, charged="$20")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (BASIC, PRO, "You're on Pro now. $20 was charged today."),
        (PRO, Standing("Pro", YEARLY, last_payment=2), "You're on Pro, paid yearly now."),
        (PRO, Standing("Pro", MONTHLY, None, True, 2), "Pro is cancelled. It stays on for the time you have paid for."),
        (Standing("Pro", MONTHLY, None, True, 2), PRO, "Pro goes on. It renews as before."),
        (PRO, Standing(last_payment=2), "Pro has ended. Nothing more is charged."),
        (PRO, Standing("Pro", MONTHLY, last_payment=3, charged="$29"), "Thank you. $29 was charged today."),
        (PRO, PRO, None),
        (Standing(), Standing(), None),
    ],
)
def test_what_was_done_is_told(before: Standing, after: Standing, told: str | None) -> None:
    assert describe_return(before, after) == told
