"""A catalogue with an error stops the start with a line that names the plan and the field."""

import dataclasses
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import app
from app.billing.catalog.checks import LONGEST_NAME, problems_with_catalog
from app.billing.catalog.plans import Catalog, Plan, Role, monthly, once, yearly
from app.config.load import CatalogError
from app.config.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
ROLES = (Role("guest", name="Guest", rank=0), Role("member", name="Member", rank=1))
AMOUNT = "amount: must be a whole number of the smallest unit, from 1 to 99999999"
KEY = "must be lower-case letters, digits and _, at most 30, the first a letter"
NAME = f"name: must be from 1 to {LONGEST_NAME} letters long"
RANK = "rank: must be a whole number from 0 to 1000000"


def catalog_of(*plans: Plan, **fields: Any) -> Catalog:
    return dataclasses.replace(Catalog(slug="shop", currency="eur", roles=ROLES, plans=plans), **fields)


def plan(key: str = "club", *prices: Any, **fields: Any) -> Plan:
    """A plan without a fault, but for what a test puts into it."""
    return Plan(**{"key": key, "name": "Club", "role": "member", "prices": prices or (monthly(900),), **fields})


def role(key: str = "member", name: str = "Member", rank: Any = 1) -> dict[str, Any]:
    return {"roles": (ROLES[0], Role(key, name, rank))}


@pytest.mark.parametrize(
    ("catalog", "line"),
    [
        (catalog_of(plan(role="gold")), "plan club: role: the catalogue has no role 'gold'"),
        (
            catalog_of(plan(role="guest")),
            "plan club: role: 'guest' is the lowest role, which everybody has; "
            "a plan that is paid for gives a higher one",
        ),
        (
            catalog_of(Plan("club", "Club", "member")),
            "plan club: role: a plan without prices gives the lowest role, 'guest'; or prices are missing",
        ),
        (catalog_of(plan(), plan()), "plan club: key: club is also that of plan club"),
        (catalog_of(plan("Club")), f"plan 'Club': key: {KEY}"),
        (catalog_of(plan("a-b")), f"plan 'a-b': key: {KEY}"),
        (catalog_of(plan("c" * 31)), f"plan '{'c' * 31}': key: {KEY}"),
        (catalog_of(plan(7)), f"plan 7: key: {KEY}"),  # type: ignore[arg-type]
        (catalog_of(plan(), slug="My shop"), f"slug: {KEY}"),
        (catalog_of(plan(), roles=(*ROLES, ROLES[1])), "role member: key: member is also that of role member"),
        (catalog_of(roles=()), "roles: there must be at least one, which everybody has"),
        (catalog_of(plan(), **role("Member")), f"role 'Member': key: {KEY}"),
        (catalog_of(plan(), **role(rank=0)), "role member: rank: 0 is also that of role guest"),
        (catalog_of(plan(), **role(rank=1.5)), f"role member: {RANK}"),
        (catalog_of(plan(), **role(rank=1_000_001)), f"role member: {RANK}"),
        (catalog_of(plan(), **role(name=" ")), f"role member: {NAME}"),
        (catalog_of(plan(name="")), f"plan club: {NAME}"),
        (catalog_of(plan(name="n" * 101)), f"plan club: {NAME}"),
        (catalog_of(plan("club", monthly(-900))), f"plan club: prices: month: {AMOUNT}"),
        (catalog_of(plan("club", monthly(0))), f"plan club: prices: month: {AMOUNT}"),
        (catalog_of(plan("club", yearly(9.99))), f"plan club: prices: year: {AMOUNT}"),  # type: ignore[arg-type]
        (catalog_of(plan("club", once(100_000_000))), f"plan club: prices: once: {AMOUNT}"),
        (catalog_of(plan("club", once(True))), f"plan club: prices: once: {AMOUNT}"),
        (catalog_of(plan("club", monthly("900"))), f"plan club: prices: month: {AMOUNT}"),  # type: ignore[arg-type]
        (
            catalog_of(plan("club", monthly(900, currency="EUR"))),
            "plan club: prices: month: currency: 'EUR' must be three lower-case letters, such as 'eur'",
        ),
        (catalog_of(currency="euro"), "currency: 'euro' must be three lower-case letters, such as 'eur'"),
        (
            catalog_of(plan("club", monthly(900, currency_options={"USD": 900}))),
            "plan club: prices: month: currency_options: 'USD' must be three lower-case letters, such as 'eur'",
        ),
        (
            catalog_of(plan("club", monthly(900, currency_options={"eur": 900}))),
            "plan club: prices: month: currency_options: 'eur' is the currency of the price itself",
        ),
        (
            catalog_of(plan("club", monthly(900, currency_options={"usd": 9.5}))),  # type: ignore[dict-item]
            f"plan club: prices: month: currency_options: 'usd': {AMOUNT.removeprefix('amount: ')}",
        ),
        (
            catalog_of(plan("club", monthly(900, currency_options={"usd": 950}), yearly(9000))),
            "plan club: prices: year: currency_options: usd is missing, which other prices have",
        ),
        (
            catalog_of(plan("club", monthly(900), monthly(800))),
            "plan club: prices: month: there is another price for the same interval",
        ),
        (
            catalog_of(plan("club", monthly(900, per_seat=True), yearly(9000))),
            "plan club: prices: year: per_seat: all prices of a plan are by the seat, or none: the portal asks for "
            "seats by plan",
        ),
        (
            catalog_of(plan("club", monthly(900), once(9000))),
            "plan club: prices: a plan paid once has that one price alone; make the other a plan of its own",
        ),
        (
            catalog_of(plan(features=("exports",))),
            "plan club: features: 'exports' is not among the catalogue's features",
        ),
        (
            catalog_of(plan(limits={"projects": 3})),
            "plan club: limits: 'projects' is not among the catalogue's limits",
        ),
        (
            catalog_of(plan(limits={"projects": -1}), limits={"projects": "projects"}),
            "plan club: limits: 'projects' must be a whole number from 0 up, or None for no limit",
        ),
        (
            catalog_of(Plan("free", "Free", "guest"), Plan("gratis", "Gratis", "guest")),
            "plan gratis: prices: are missing; one plan alone can be without, and plan free is",
        ),
        (catalog_of(plan(trial_days=-1)), "plan club: trial_days: must be a whole number from 0 to 730, or None"),
        (catalog_of(plan(trial_days=1.5)), "plan club: trial_days: must be a whole number from 0 to 730, or None"),
        (
            catalog_of(plan("club", once(900), trial_days=14)),
            "plan club: trial_days: only a subscription has a trial",
        ),
        (
            catalog_of(plan("pro", yearly(9000)), plan("pro_yearly", monthly(800))),
            "plan pro_yearly: prices: month: STRIPE_PRICE_PRO_YEARLY is also that of plan pro",
        ),
        (
            catalog_of(plan("pro"), plan("pro_month", once(800))),
            "plan pro_month: prices: once: shop_pro_month is also that of plan pro",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_plan_and_the_field(catalog: Catalog, line: str) -> None:
    assert problems_with_catalog(catalog) == [line]


def test_every_problem_is_listed_at_once(settings: Settings) -> None:
    with pytest.raises(CatalogError) as refused:
        app.create_app(settings, catalog_of(plan(role="gold"), plan("shop", monthly(0))))

    assert str(refused.value).splitlines() == [
        "app/catalog.py: plan club: role: the catalogue has no role 'gold'",
        f"app/catalog.py: plan shop: prices: month: {AMOUNT}",
    ]


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"prices": monthly(900)}, "plan club: prices: must be a tuple of Price, with a comma after a single one too"),
        ({"prices": (900,)}, "plan club: prices: must be a tuple of Price, with a comma after a single one too"),
        ({"features": "exports"}, "plan club: features: must be a tuple of str, with a comma after a single one too"),
        ({"limits": ("projects", 3)}, "plan club: limits: must be a dictionary"),
    ],
)
def test_a_field_of_another_kind_is_named(fields: dict[str, Any], line: str) -> None:
    with pytest.raises(TypeError, match=re.escape(line)):
        plan(**fields)


# By what the file says: the line that the start stops with.
FILES = {
    "CATALOG = (": "app/catalog.py: line 1: '(' was never closed",
    "": "app/catalog.py: CATALOG: must be a Catalog, and is missing or something else",
    "CATALOG = {}": "app/catalog.py: CATALOG: must be a Catalog, and is missing or something else",
    "from app.billing.catalog.plans import Plan\n\nPlan('club', name='Club', role='member', featres=())": (
        "app/catalog.py: line 3: Plan.__init__() got an unexpected keyword argument 'featres'"
    ),
    "from app.billing.catalog.plans import weekly": "app/catalog.py: line 1: cannot import name 'weekly' from",
    "\nCATALOG = Catalog()": "app/catalog.py: line 2: name 'Catalog' is not defined",
}
STARTS = {
    "flask": ["flask", "routes"],
    "the development server": ["python", "app.py"],
    "gunicorn": ["gunicorn", "app:create_app()", "--bind", "127.0.0.1:0", "--no-control-socket"],
}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application in a folder of its own, where its catalogue can be spoilt."""
    root = tmp_path_factory.mktemp("copy")
    shutil.copy(ROOT / "app.py", root)
    for folder in ("app", "templates"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return root


def test_a_file_that_cannot_be_read_is_told_of_by_its_line(copy: Path) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom app.config.load import CatalogError, load_catalog\n"
        f"for content in {list(FILES)}:\n"
        "    Path('app/catalog.py').write_text(content)\n"
        "    sys.modules.pop('app.catalog', None)\n"
        "    try:\n        load_catalog()\n    except CatalogError as error:\n        print(error)"
    )

    lines = run(copy, ["python", "-c", code]).stdout.splitlines()

    assert [line[: len(begin)] for line, begin in zip(lines, FILES.values(), strict=True)] == [*FILES.values()]


@pytest.mark.slow
@pytest.mark.parametrize("server", STARTS)
def test_every_way_to_start_says_the_line_without_a_traceback(copy: Path, server: str) -> None:
    (copy / "app/catalog.py").write_text("CATALOG = {}")

    answer = run(copy, STARTS[server])

    assert answer.returncode != 0
    assert [line for line in answer.stderr.splitlines() if FILES["CATALOG = {}"] in line]
    assert "Traceback" not in answer.stdout + answer.stderr


def run(root: Path, command: list[str]) -> "subprocess.CompletedProcess[str]":
    """Run one of the environment's commands in the copy."""
    environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "FLASK_SKIP_DOTENV": "1"}
    command = [str(Path(sys.executable).parent / command[0]), *command[1:]]
    return subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL
    )
