"""The languages of Stripe's own pages and mails: https://docs.stripe.com/js/appendix/supported_locales"""

PAGES = frozenset([
    "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr",
    "vi", "zh", "zh-HK", "zh-TW",
])  # fmt: skip


def locale_of(language: str | None) -> dict[str, str]:
    """What to say to a page of Stripe's; nothing where nobody has chosen, or Stripe cannot: it asks the browser."""
    return {"locale": language} if language and language in PAGES else {}


def locales_of(language: str | None) -> list[str]:
    """What a customer's mails and invoices are written in, best first; empty for the account's own language."""
    return [language] if language else []
