"""Every text is there in both languages, and says the same values."""

import re
from collections import Counter
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils import translation

from cashback.web.management.commands.makemessages import refusals
from queueing.intake import CardNotAccepted

CATALOG = Path(settings.LOCALE_PATHS[0]) / "zh_Hans" / "LC_MESSAGES" / "django.po"
# A value in a text, in Python's form and in the templates'.
VALUE = re.compile(r"%\(\w+\)[sd]|%[sd]|%%")


def catalog() -> Catalog:
    with CATALOG.open("rb") as file:
        return read_po(file, locale="zh_Hans", abort_invalid=True)


def messages() -> list[Message]:
    return [message for message in catalog() if message.id]


def forms(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text] if isinstance(text, str) else list(text or ())


def test_no_text_is_untranslated_or_guessed() -> None:
    untranslated = [message.id for message in messages() if not all(forms(message.string)) or message.fuzzy]
    assert untranslated == []


def test_chinese_has_one_form_for_every_number() -> None:
    assert catalog().num_plurals == 1
    assert all(len(forms(message.string)) == 1 for message in messages())


def test_translations_name_the_same_values() -> None:
    wrong = []
    for message in messages():
        original = Counter(VALUE.findall(forms(message.id)[-1]))
        for translated in forms(message.string):
            if Counter(VALUE.findall(translated)) != original:
                wrong.append(message.id)
    assert wrong == []


@pytest.mark.parametrize("text", refusals())
def test_every_refusal_is_collected(text: str) -> None:
    assert catalog().get(text) is not None


def test_a_refusal_is_said_in_chinese() -> None:
    with translation.override("zh-hans"):
        assert CardNotAccepted().message == "此卡未被接受。请将序列号和 PIN 与卡片核对后再试。"
