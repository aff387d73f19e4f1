"""Applications: published with the centre's signed word, handed out, withdrawn."""

import hashlib
import io
import zipfile
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from cashback.control.centre.authority import centre_signer, require_operator
from cashback.control.centre.instructing import instruct, reachable_ids
from cashback.control.centre.models import Application, Verb, Version, Withdrawal
from cashback.control.protocol.messages import BundleWord
from cashback.control.protocol.naming import APPLICATION, BUNDLE_BYTES_MAX, VERSION, version_order
from cashback.lib.errors import DomainError, InvalidDetails

DROP_WITHIN = timedelta(days=7)
REASON_MAX = 200
LATEST = "latest"


class VersionTaken(DomainError):
    """%(application)s %(version)s is published already, with another content; a version never changes."""

    code = "version_taken"


class NotABundle(DomainError):
    """The file is not a zip application of at most 16 MB: %(reason)s."""

    code = "not_a_bundle"


class ApplicationUnknown(DomainError):
    """There is no such application or version."""

    code = "application_unknown"


class VersionWithdrawn(DomainError):
    """This version was withdrawn."""

    code = "version_withdrawn"


class AlreadyWithdrawn(DomainError):
    """This version was withdrawn before."""

    code = "already_withdrawn"


@transaction.atomic
def publish(
    *,
    application: str,
    version: str,
    bundle: bytes,
    by_id: int | None,
    now: datetime,
    name: str = "",
    name_zh: str = "",
    is_public: bool = False,
) -> Version:
    """Sign and publish a version; the application is made with its first. The same bundle again changes nothing.

    Raises NotAnOperator, InvalidDetails, NotABundle, VersionTaken.
    """
    require_operator(by_id)
    wrong = [
        field
        for field, form, text in (("application", APPLICATION, application), ("version", VERSION, version))
        if not form.fullmatch(text)
    ]
    if wrong:
        raise InvalidDetails({field: ["Small letters, digits and dashes."] for field in wrong})
    _check_bundle(bundle)
    row, _ = Application.objects.get_or_create(
        code=application, defaults={"name": name or application, "name_zh": name_zh, "is_public": is_public}
    )
    sha256 = hashlib.sha256(bundle).hexdigest()
    word = BundleWord(application=application, version=version, sha256=sha256, size=len(bundle))
    try:
        with transaction.atomic():
            return Version.objects.create(
                application=row,
                version=version,
                bundle=bundle,
                sha256=sha256,
                size_bytes=len(bundle),
                word=centre_signer().seal("bundle", word.to_body()),
                published_at=now,
                published_by_id=by_id,
            )
    except IntegrityError:
        there = Version.objects.filter(application=row, version=version, sha256=sha256).first()
        if there is None:
            raise VersionTaken(application=application, version=version) from None
        return there


@transaction.atomic
def withdraw(*, version_id: int, reason: str, by_id: int | None, now: datetime) -> None:
    """Hand a version out no more, and tell every station to drop its copy.

    Raises NotAnOperator, InvalidDetails, ApplicationUnknown, AlreadyWithdrawn.
    """
    require_operator(by_id)
    reason = reason.strip()
    if not 1 <= len(reason) <= REASON_MAX:
        raise InvalidDetails({"reason": ["One sentence, at most 200 characters."]})
    version = Version.objects.select_related("application").defer("bundle").filter(pk=version_id).first()
    if version is None:
        raise ApplicationUnknown
    try:
        with transaction.atomic():
            Withdrawal.objects.create(version=version, at=now, by_id=by_id, reason=reason)
    except IntegrityError:
        raise AlreadyWithdrawn from None
    stations = reachable_ids()
    if stations:
        arguments = {"application": version.application.code, "version": version.version}
        instruct(
            verb=Verb.DROP_COPY,
            arguments=arguments,
            station_ids=stations,
            by_id=by_id,
            valid_for=DROP_WITHIN,
            now=now,
        )


def find_version(*, application: str, version: str | None) -> Version:
    """A version that may be run, without its bundle; none or `latest` is the newest that was not withdrawn.

    Raises ApplicationUnknown, VersionWithdrawn.
    """
    rows = Version.objects.filter(application__code=application).select_related("application").defer("bundle")
    if version is None or version == LATEST:
        standing = sorted(rows.filter(withdrawal=None), key=lambda row: version_order(row.version))
        if not standing:
            raise ApplicationUnknown
        return standing[-1]
    found = rows.filter(version=version).first()
    if found is None:
        raise ApplicationUnknown
    if Withdrawal.objects.filter(version=found).exists():
        raise VersionWithdrawn
    return found


def bundle_of(*, application: str, version: str) -> tuple[bytes, str]:
    """The bundle and the centre's signed word about it. Raises ApplicationUnknown, VersionWithdrawn."""
    found = find_version(application=application, version=version)
    return bytes(found.bundle), found.word


def _check_bundle(bundle: bytes) -> None:
    if not 1 <= len(bundle) <= BUNDLE_BYTES_MAX:
        raise NotABundle(reason=f"{len(bundle)} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
            names = archive.namelist()
            broken = archive.testzip()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as problem:
        raise NotABundle(reason=str(problem)) from None
    if broken is not None:
        raise NotABundle(reason=f"{broken} is damaged")
    if "__main__.py" not in names:
        raise NotABundle(reason="it has no __main__.py")
