"""The web process."""

import os

from django.core.wsgi import get_wsgi_application

from cashback.checks import refuse_to_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cashback.settings")

application = get_wsgi_application()
refuse_to_start()
