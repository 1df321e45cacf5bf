"""E-mail addresses, written one way: so that one mailbox is one account."""

from functools import lru_cache

# RFC 5321, 4.5.3.1: 64 before the @ and 255 after it. What is longer is refused before any work is spent on it.
LONGEST_ADDRESS = 320


class InvalidAddress(ValueError):
    """What was typed is not an e-mail address."""


@lru_cache(maxsize=256)
def normalize_address(text: str) -> str:
    """The one spelling of this address; raises `InvalidAddress` for anything else.

    Whether mail arrives there is for the verification mail to show: no name is looked up here. Remembered for a while,
    because the limits and the form of one request all ask.
    """
    if len(text) > LONGEST_ADDRESS:
        raise InvalidAddress("That is longer than any address.")
    # Imported with the first address: its tables of characters take a while, and most pages have no address.
    from email_validator import EmailNotValidError, validate_email

    try:
        # `test_environment` lets `.test` pass, which people use who try this out; no mail can go astray to it.
        checked = validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except (EmailNotValidError, UnicodeError) as error:
        raise InvalidAddress(text) from error
    return checked.normalized.lower()


def can_get_mail(address: str) -> bool:
    """Whether our mail can be addressed to it: before the @, mail servers and libraries take ASCII's letters alone."""
    from email.headerregistry import Address

    try:
        Address(addr_spec=mailable_address(address))
    except ValueError:
        return False
    return True


def mailable_address(address: str) -> str:
    """The same address for a mail server: few take a domain in other letters than ASCII's."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    from email_validator import validate_email

    return f"{local}@{validate_email(address, check_deliverability=False, test_environment=True).ascii_domain}"
