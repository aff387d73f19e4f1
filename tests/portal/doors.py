"""Whoever signs in, as the tests of the faces need them."""

from django.test import Client

from cards.models import Dealer
from cashback.accounts.models import User


def signed_in(user: User) -> Client:
    """A browser in which this person has signed in."""
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def member_of(dealer: Dealer) -> Client:
    """A browser in which the dealer's member has signed in."""
    return signed_in(dealer.members.get().user)
