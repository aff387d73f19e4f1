"""The pages as a browser without JavaScript uses them: every form is sent with exactly the fields it shows."""

from html.parser import HTMLParser
from typing import Any

from django.test import Client

ACCOUNT_NUMBER = "6222020000000000000"
DETAILS = {
    "account_kind": "cn_card",
    "account_number": ACCOUNT_NUMBER,
    "account_bank": "ICBC",
    "name": "张三",
    "phone": "+8613800138000",
    "email": "zhang@example.com",
    "product_name": "Rice cooker",
    "product_specification": "5 l",
    "accept": "on",
}


class _Form(HTMLParser):
    """The fields of the form with the id `entry`, and what stands at each."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.names: set[str] = set()
        self.errors: dict[str, list[str]] = {}
        self._inside = False
        self._at = ""
        self._wrong = False
        self._last = ""
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("id") == "entry":
            self._inside = True
        if not self._inside:
            return
        if tag == "input":
            self._input(given)
        elif tag in {"select", "textarea"}:
            self._last = self._open = given["name"]
            self.names.add(self._last)
            self.fields[self._last] = ""
        elif tag == "option" and "selected" in given:
            self.fields[self._last] = given.get("value", "")
        if "wrong" in given.get("class", "").split():
            self._wrong = True

    def _input(self, given: dict[str, str]) -> None:
        name, kind = given["name"], given.get("type", "text")
        self.names.add(name)
        self._last = name
        if kind in {"radio", "checkbox"} and "checked" not in given:
            return
        self.fields[name] = given.get("value", "on" if kind == "checkbox" else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
        if tag == "p":
            self._wrong = False
        if tag in {"select", "textarea"}:
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open and self.lasttag == "textarea":
            # A line feed right behind the tag is none of the text.
            self.fields[self._open] += data.removeprefix("\n")
        if self._wrong and data.strip():
            self.errors.setdefault(self._last, []).append(data.strip())


class Page:
    """A page that was answered, and its form."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status: int = response.status_code
        self.text: str = response.content.decode()
        form = _Form()
        form.feed(self.text)
        self.fields, self.names, self.errors = form.fields, form.names, form.errors


class Holder:
    """Somebody with a browser that keeps cookies and checks CSRF."""

    def __init__(self, language: str = "en") -> None:
        self.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
        self.headers = {"Accept-Language": language}

    def get(self, path: str) -> Page:
        """Open a page."""
        return Page(self.client.get(path, headers=self.headers))

    def send(self, path: str, page: Page, go: str = "next", **typed: str) -> Page:
        """Fill in the page's form and press the button `go`. A value of "" empties a field."""
        return Page(self.client.post(path, {**page.fields, "go": go, **typed}, headers=self.headers))

    def to_details(self, card: tuple[str, str]) -> Page:
        """The second page of registering."""
        page = self.get("/register/")
        return self.send("/register/", page, serial=card[0], pin=card[1])

    def to_review(self, card: tuple[str, str], **typed: str) -> Page:
        """The third page of registering."""
        return self.send("/register/", self.to_details(card), **{**DETAILS, **typed})

    def register(self, card: tuple[str, str]) -> str:
        """Register and return the receipt's code."""
        page = self.send("/register/", self.to_review(card), go="confirm")
        assert page.status == 200, page.text
        return receipt_on(page)


def receipt_on(page: Page) -> str:
    """The receipt code that a page links to."""
    return page.text.partition('href="/s/')[2][:26]
