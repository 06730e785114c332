"""When two answers mean the same, form forgiven: numbers by value, text without case, spacing and quotes."""

from __future__ import annotations

import re
from decimal import Decimal

from evalkit.forms.parsing.alike import alike

# Decoration that models put around an answer. "+", "#", "%" at the end can carry meaning ("C++", "C#").
_QUOTES = "\"'`´‘’‚“”„«»‹›"
_BEFORE = _QUOTES + "*_~([{<>#•¿¡ \t\r\n"
_AFTER = _QUOTES + "*_~)]}>.,;:!?。 \t\r\n"
_LONGEST_NUMBER = 64

_NUMBER = re.compile(
    r"""(?P<sign>[-+−–]?)\s*(?:[$€£¥₹]|USD|EUR|GBP)?\s*(?P<inner>[-−]?)
        (?P<digits>\d{1,3}(?:[,_'’\u00a0\u202f ]\d{3})+(?:\.\d*)?|\d+(?:\.\d*)?|\.\d+)
        (?P<exponent>[eE][-+]?\d{1,3})?
        \s*(?:[%$€£¥₹]|USD|EUR|GBP)?\.?""",
    re.VERBOSE | re.ASCII,
)
_DIGIT = re.compile(r"\d", re.ASCII)
_SEPARATORS = re.compile(r"[,_'’\u00a0\u202f ]")


def undecorated(text: str) -> str:
    """`text` without quotes, brackets, Markdown and final punctuation around it; itself if that is all."""
    bare = text.lstrip(_BEFORE).rstrip(_AFTER)
    return bare or text.strip()


def normal_text(text: str) -> str:
    """Case folded, white space collapsed, decoration taken off, Unicode in its composed form (NFC)."""
    return " ".join(undecorated(alike(text)).casefold().split())


def number_key(text: str) -> str | None:
    """The number that a text consists of, as plain decimal digits; None where it is no number.

    Thousands separators, one currency sign or a percent sign, and a final period are taken off: "$1,250.00"
    and "1250" give "1250". Digits with a leading zero ("0041", a code) are no number.
    """
    bare = text.strip().strip(_QUOTES + "*")
    if len(bare) > _LONGEST_NUMBER or _DIGIT.search(bare) is None:
        return None
    match = _NUMBER.fullmatch(bare)
    if match is None:
        return None
    digits = _SEPARATORS.sub("", match["digits"])
    if len(digits) > 1 and digits[0] == "0" and digits[1] != ".":
        return None
    plain = format(Decimal(digits + (match["exponent"] or "")), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    if not plain.strip("0."):
        return "0"
    negative = (match["sign"] in "-−–" and match["sign"] != "") != (match["inner"] != "")
    return f"-{plain}" if negative else plain


def answer_key(text: str) -> str:
    """Two texts with the same key are the same answer, leniently read."""
    return number_key(text) or normal_text(text)


def same_answer(a: str, b: str) -> bool:
    """Whether two answers are the same number, or else the same normalised text."""
    return a == b or answer_key(a) == answer_key(b)
