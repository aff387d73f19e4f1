"""Who may operate the cloud, and the key that the centre speaks with."""

from cashback.accounts.models import Role, User
from cashback.control.protocol.envelopes import Signer
from cashback.lib.errors import DomainError
from queueing import keys


class NotAnOperator(DomainError):
    """Only an operator or an organizer may do this."""

    code = "not_an_operator"


def require_operator(user_id: int | None) -> None:
    """Raise NotAnOperator unless the user is an active operator or organizer. None is the command line."""
    if user_id is None:
        return
    if not User.objects.filter(pk=user_id, is_active=True, role__in=[Role.OPERATOR, Role.ORGANIZER]).exists():
        raise NotAnOperator


def centre_signer() -> Signer:
    """The site's signing key, as the wire protocol uses it."""
    return Signer.from_pem(keys.signing_key().to_pem())
