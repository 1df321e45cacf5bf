"""Applications as the tests run them: the product's, without work that only lasting data or a first start needs."""

from functools import cache
from typing import Any, ClassVar

import sqlalchemy as sa
from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import event
from werkzeug.routing import Rule

from app import create_app
from app.billing.catalog.plans import Catalog
from app.config.settings import Settings
from app.database import db
from tests.catalogue import CATALOG


class CompiledOnce(BytecodeCache):
    """What the templates compile to, for every application of this process."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


TEMPLATES = CompiledOnce()


class RouteOnce(Rule):
    """A route as another application of this process has compiled it, which is most of what building one costs."""

    kept: ClassVar[dict[Any, dict[str, Any]]] = {}

    def compile(self) -> None:
        """Take over what Werkzeug made of the same route before."""
        same = (self.rule, self.endpoint, self.subdomain, self.host, self.merge_slashes, repr(self.defaults))
        if same not in self.kept:
            before = dict(vars(self))
            super().compile()
            made = {name: value for name, value in vars(self).items() if value is not before.get(name)}
            self.kept[same] = {**made, "arguments": self.arguments}
        vars(self).update(self.kept[same])


Flask.url_rule_class = RouteOnce


def build_app(settings: Settings, catalog: Catalog = CATALOG) -> Flask:
    """The site with these settings, selling the tests' catalogue unless another is given."""
    app = create_app(settings, catalog)
    if app.jinja_env.written_texts is None:
        # A site of one language has its texts written into what it compiles.
        app.jinja_env.bytecode_cache = TEMPLATES
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            # A file that is deleted at the end need not outlive a power cut.
            event.listen(db.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    return app


def empty_tables() -> None:
    """Empty every table, inside an application context: one question tells the few that hold something."""
    filled = set(db.session.scalars(_filled_tables()))
    for table in reversed(db.metadata.sorted_tables):
        if table.name in filled:
            db.session.execute(table.delete())
    db.session.commit()


@cache
def _filled_tables() -> "sa.CompoundSelect[tuple[str]]":
    """The names of the tables that hold a row."""
    names = [
        sa.select(sa.literal(table.name)).where(sa.exists().select_from(table)) for table in db.metadata.sorted_tables
    ]
    return sa.union_all(*names)
