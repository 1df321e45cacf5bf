"""Texts in templates: `{% trans %}` and `_()`, which cost nothing where a site speaks one language."""

import gettext as catalogues
import re
from typing import Any

from flask import Flask, Response, has_request_context, request
from jinja2 import nodes
from jinja2.ext import InternationalizationExtension
from jinja2.visitor import NodeTransformer

from app.languages import ENGLISH_ROOMS, NAMES, Languages, current_language, current_languages, gettext, plural

PLACEHOLDER = re.compile(r"%(?:\((\w+)\)s|(%))")


def init_languages(app: Flask) -> None:
    """Give templates their texts, and tell caches of pages that there is more than one language."""
    languages = app.extensions["languages"] = Languages(app.extensions["settings"].language_codes)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    app.jinja_env.add_extension(InternationalizationExtension)
    app.jinja_env.install_gettext_callables(gettext, plural, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.globals.update(current_language=current_language, language_choices=language_choices)
    if languages.is_one:
        app.jinja_env.written_texts = languages.texts(languages.default)  # type: ignore[attr-defined]
    else:
        app.after_request(_vary_by_language)


def language_choices() -> list[tuple[str, str]]:
    """The codes and names of the languages to choose from; empty where there is one, or English alone is spoken."""
    languages = current_languages()
    speaks_one = languages.is_one or request.blueprint in ENGLISH_ROOMS
    return [] if speaks_one else [(code, NAMES.get(code, code)) for code in languages.codes]


def _vary_by_language(response: Response) -> Response:
    if has_request_context() and request.endpoint != "static" and response.mimetype == "text/html":
        response.vary.add("Accept-Language")
        response.content_language.add(current_language())
    return response


class WrittenTexts(NodeTransformer):
    """Writes the texts of the one language into a template while it is compiled, as if it had none to look up."""

    def __init__(self, texts: catalogues.NullTranslations) -> None:
        self._texts = texts

    def visit_Call(  # noqa: N802  # Jinja calls it by the name of the node.
        self, node: nodes.Call
    ) -> nodes.Expr:
        """Put the text in the place of the call that would look it up."""
        self.generic_visit(node)
        is_text = isinstance(node.node, nodes.Name) and node.node.name in ("_", "gettext")
        if not is_text or not node.args or not isinstance(node.args[0], nodes.Const) or node.dyn_kwargs:
            return node
        values = {keyword.key: keyword.value for keyword in node.kwargs}
        return _written(self._texts.gettext(node.args[0].value), values)


def _written(text: str, values: dict[str, Any]) -> nodes.Expr:
    parts: list[nodes.Expr] = []
    end = 0
    for found in PLACEHOLDER.finditer(text):
        parts.append(_markup(text[end : found.start()]))
        parts.append(_markup("%") if found[2] else values[found[1]])
        end = found.end()
    parts.append(_markup(text[end:]))
    kept = [part for part in parts if not _is_empty(part)] or [_markup("")]
    return kept[0] if len(kept) == 1 else nodes.Concat(kept)


def _markup(text: str) -> nodes.Expr:
    return nodes.MarkSafeIfAutoescape(nodes.Const(text))


def _is_empty(part: nodes.Expr) -> bool:
    return isinstance(part, nodes.MarkSafeIfAutoescape) and part.expr == nodes.Const("")
