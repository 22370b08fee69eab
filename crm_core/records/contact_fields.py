"""What may stand in each field of a customer: cleaned where that loses nothing, refused in words otherwise."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import get_locale_identifier, parse_locale
from email_validator import EmailNotValidError, validate_email

from crm_core.errors import FieldError

KINDS = ("person", "organisation")
MAX_TAGS = 50
MAX_TAG = 40
MAX_CUSTOM = 100
MAX_NOTES = 20_000
LIMITS = {"ref": 64, "name": 200, "region": 100, "city": 100, "address": 300, "postcode": 20, "source": 64}
"""The most characters each single line of text may have."""

_NOT_TERRITORIES = frozenset(
    {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
)  # groups and test codes among CLDR's two letters
_OLDEST = timedelta(days=130 * 366)


class Refused(Exception):
    """A value that cannot be saved, and why."""

    def __init__(self, error: FieldError) -> None:
        super().__init__(str(error))
        self.error = error


def clean(name: str, value: Any, others: Mapping[str, Any]) -> Any:
    """The value as it is saved; `others` are the record's other values, such as the country a phone number is in.

    Raises:
        Refused: the value cannot be saved; `error` says why.
    """
    cleaner = CLEANERS.get(name)
    if cleaner is None:
        raise Refused(FieldError("There is no field '{name}' that can be changed", {"name": name}))
    return cleaner(name, value, others)


@cache
def countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes of all countries and territories."""
    codes = [str(code) for code in Locale("en").territories]
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NOT_TERRITORIES


def plain_text(value: str, *, is_long: bool = False) -> str:
    """The text without control characters and without blanks around it, otherwise as typed.

    Line breaks and tabs stay in a long text and become blanks in a line.
    """
    kept = []
    for character in value.replace("\r\n", "\n").replace("\r", "\n") if is_long else value:
        if character in "\n\t" and is_long:
            kept.append(character)
        elif character in "\n\r\t\v\f\x85\u2028\u2029":
            kept.append(" ")
        elif unicodedata.category(character) not in {"Cc", "Cs"}:
            kept.append(character)
    return "".join(kept).strip()


def _text(name: str, value: Any, _others: Mapping[str, Any]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise Refused(FieldError("This must be text, not {kind}", {"kind": type(value).__name__}))
    text = plain_text(value)
    limit = LIMITS[name]
    if len(text) > limit:
        raise Refused(
            FieldError("This has {length} characters; at most {limit} fit", {"length": len(text), "limit": limit})
        )
    return text or None


def _name(name: str, value: Any, others: Mapping[str, Any]) -> str:
    text = _text(name, value, others)
    if text is None:
        raise Refused(FieldError("A name is needed"))
    return text


def _ref(name: str, value: Any, others: Mapping[str, Any]) -> str:
    text = _text(name, value, others)
    if text is None:
        raise Refused(FieldError("A reference is needed"))
    return text


def _kind(_name: str, value: Any, _others: Mapping[str, Any]) -> str:
    if value not in KINDS:
        raise Refused(
            FieldError("'{value}' is not a kind of customer; choose person or organisation", {"value": value})
        )
    return str(value)


def _email(_name: str, value: Any, _others: Mapping[str, Any]) -> str | None:
    text = plain_text(str(value)) if value is not None else ""
    if not text:
        return None
    try:
        address = validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise Refused(
            FieldError("'{value}' is not an e-mail address; it should look like name@example.com", {"value": text})
        ) from error
    return address


def _phone(_name: str, value: Any, others: Mapping[str, Any]) -> str | None:
    text = plain_text(str(value)) if value is not None else ""
    if not text:
        return None
    country = others.get("country")
    region = country if country in phonenumbers.SUPPORTED_REGIONS else None
    if region is None and text.startswith("00"):
        text = "+" + text[2:]  # how most of the world dials abroad
    try:
        number = phonenumbers.parse(text, region)
        is_valid = phonenumbers.is_valid_number(number)
    except phonenumbers.NumberParseException:
        number, is_valid = None, False
    if number is None or not is_valid:
        raise Refused(_not_a_phone(text, region))
    if number.extension:
        raise Refused(
            FieldError("'{value}' has an extension; write it into the notes and leave the number here", {"value": text})
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _not_a_phone(text: str, region: str | None) -> FieldError:
    example = phonenumbers.example_number(region) if region else None
    if example is None:
        return FieldError(
            "'{value}' is not a phone number; without a country, write it with + and the country's code, "
            "such as +44 121 234 5678",
            {"value": text},
        )
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return FieldError(
        "'{value}' is not a phone number in {country}; it should look like {national} or {international}",
        {"value": text, "country": region, "national": national, "international": international},
    )


def _country(_name: str, value: Any, _others: Mapping[str, Any]) -> str | None:
    text = plain_text(str(value)).upper() if value is not None else ""
    if text and text not in countries():
        raise Refused(
            FieldError("'{value}' is not a country; give its two-letter code, such as DE or CN", {"value": value})
        )
    return text or None


def _birthday(_name: str, value: Any, _others: Mapping[str, Any]) -> date | None:
    if value is None or value == "":
        return None
    day = value
    if isinstance(value, str):
        try:
            day = date.fromisoformat(value.strip())
        except ValueError:
            day = None
    if isinstance(day, datetime) or not isinstance(day, date):
        raise Refused(FieldError("'{value}' is not a date; write it as 1990-12-31", {"value": value}))
    latest = (datetime.now(UTC) + timedelta(hours=14)).date()  # today where the day begins first
    if day > latest:
        raise Refused(FieldError("A birthday cannot be in the future; {value} is", {"value": day.isoformat()}))
    if day < latest - _OLDEST:
        raise Refused(
            FieldError("Nobody was born that long ago; check the year of {value}", {"value": day.isoformat()})
        )
    return day


def _language(_name: str, value: Any, _others: Mapping[str, Any]) -> str | None:
    text = plain_text(str(value)).replace("-", "_") if value is not None else ""
    if not text:
        return None
    try:
        Locale.parse(text)  # refuses what CLDR does not know
        code = get_locale_identifier(parse_locale(text))
    except (UnknownLocaleError, ValueError) as error:
        raise Refused(
            FieldError("'{value}' is not a language; give its code, such as en or zh_CN", {"value": value})
        ) from error
    return code


def _owner(_name: str, value: Any, _others: Mapping[str, Any]) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise Refused(FieldError("'{value}' is not the number of an account", {"value": value}))


def _consent(_name: str, value: Any, _others: Mapping[str, Any]) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise Refused(FieldError("Marketing consent is yes, no or not asked, not '{value}'", {"value": value}))


def _tags(_name: str, value: Any, _others: Mapping[str, Any]) -> list[str]:
    if value is None:
        return []
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(tag, str) for tag in value):
        raise Refused(FieldError("Tags are a list of words, not '{value}'", {"value": value}))
    kept = {tag.casefold(): tag for tag in reversed([plain_text(tag) for tag in value]) if tag}
    tags = list(reversed(kept.values()))
    if len(tags) > MAX_TAGS:
        raise Refused(
            FieldError("There are {count} tags; at most {limit} fit", {"count": len(tags), "limit": MAX_TAGS})
        )
    if too_long := next((tag for tag in tags if len(tag) > MAX_TAG), None):
        raise Refused(
            FieldError(
                "The tag '{tag}' is too long; at most {limit} characters fit", {"tag": too_long, "limit": MAX_TAG}
            )
        )
    return tags


def _notes(_name: str, value: Any, _others: Mapping[str, Any]) -> str | None:
    if value is None:
        return None
    text = plain_text(str(value), is_long=True)
    if len(text) > MAX_NOTES:
        raise Refused(
            FieldError("This has {length} characters; at most {limit} fit", {"length": len(text), "limit": MAX_NOTES})
        )
    return text or None


def _custom(_name: str, value: Any, _others: Mapping[str, Any]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > MAX_CUSTOM:
        raise Refused(FieldError("Custom fields are at most {limit} names with a value each", {"limit": MAX_CUSTOM}))
    for key, content in value.items():
        if not isinstance(key, str) or not key.strip() or len(key) > 64 or not _is_plain(content):
            raise Refused(FieldError("The custom field '{name}' must hold a text, a number, yes or no", {"name": key}))
    return {
        plain_text(key): plain_text(content, is_long=True) if isinstance(content, str) else content
        for key, content in value.items()
    }


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_NOTES
    return value is None or (isinstance(value, (bool, int, float)) and abs(value) < 2**53)  # also no NaN, no infinity


CLEANERS: dict[str, Callable[[str, Any, Mapping[str, Any]], Any]] = {
    "ref": _ref, "name": _name, "kind": _kind, "email": _email, "phone": _phone, "country": _country, "region": _text,
    "city": _text, "address": _text, "postcode": _text, "birthday_on": _birthday, "language": _language,
    "source": _text, "owner_id": _owner, "has_marketing_consent": _consent, "tags": _tags, "notes": _notes,
    "custom": _custom,
}  # fmt: skip
"""The fields of a customer that can be changed, and what each goes through."""
