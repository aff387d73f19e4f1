"""Who may do what in the organizers' admin: by role, once for all apps. Nobody deletes."""

from typing import Any, ClassVar

from django.http import HttpRequest

from cashback.accounts.models import Role

# The two people of every decision: both see everything and act through the verbs.
OFFICE = frozenset({Role.ORGANIZER.value, Role.CHECKER.value})
ORGANIZERS = frozenset({Role.ORGANIZER.value})
NOBODY: frozenset[str] = frozenset()


def role_of(request: HttpRequest) -> str:
    """The role of whoever is signed in and active; empty for everybody else."""
    user = request.user
    return getattr(user, "role", "") if user.is_active else ""


class RoleAdmin:
    """Mixin for model admins and inlines: permissions by role. Facts are read-only unless a subclass says otherwise.

    Stands before the Django class in the list of bases. Actions are the app's verbs and need no permission of their
    own: whoever sees the list may choose them, and the verb decides.
    """

    may_view: ClassVar[frozenset[str]] = OFFICE
    may_add: ClassVar[frozenset[str]] = NOBODY
    may_change: ClassVar[frozenset[str]] = NOBODY

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Show the app to whoever sees the model."""
        return role_of(request) in self.may_view

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """See the rows."""
        return role_of(request) in self.may_view

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Write a new row by hand."""
        return role_of(request) in self.may_add

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Change a row by hand."""
        return role_of(request) in self.may_change

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes: rows end, are cancelled or are erased by their verbs."""
        return False
