"""Which site Django's admin is. Loaded before any model, so it stands apart from the site itself."""

from django.contrib.admin.apps import AdminConfig


class OrganizerAdminConfig(AdminConfig):
    """Django's admin with the organizers' site as its default."""

    default_site = "cashback.accounts.sites.OrganizerSite"
