"""Stations, applications, instructions, reports, roll-outs and runs."""

import django.contrib.postgres.fields
import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Application',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='id')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_zh', models.CharField(blank=True, max_length=120, verbose_name='name in Chinese')),
                ('is_public', models.BooleanField(default=False, verbose_name='open to everybody')),
            ],
            options={
                'verbose_name': 'application',
                'verbose_name_plural': 'applications',
                'constraints': [models.CheckConstraint(condition=models.Q(('code__regex', '^[a-z][a-z0-9-]{0,38}[a-z0-9]$')), name='centre_application_code_form')],
            },
        ),
        migrations.CreateModel(
            name='Lease',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('held_until', models.DateTimeField(verbose_name='held until')),
            ],
            options={
                'verbose_name': 'lease',
                'verbose_name_plural': 'leases',
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='centre_lease_is_one')],
            },
        ),
        migrations.CreateModel(
            name='Rollout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tolerance', models.PositiveIntegerField(default=0, verbose_name='failures that a wave may have')),
                ('wave', models.PositiveIntegerField(default=0, verbose_name='wave')),
                ('waves', models.PositiveIntegerField(verbose_name='waves')),
                ('wave_seconds', models.PositiveIntegerField(default=600, verbose_name='seconds that a wave may take')),
                ('state', models.CharField(choices=[('running', 'running'), ('done', 'done'), ('stopped', 'stopped by itself'), ('cancelled', 'cancelled')], default='running', max_length=9, verbose_name='state')),
                ('started_at', models.DateTimeField(verbose_name='started at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('started_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
            ],
            options={
                'verbose_name': 'roll-out',
                'verbose_name_plural': 'roll-outs',
            },
        ),
        migrations.CreateModel(
            name='Instruction',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('verb', models.CharField(choices=[('roll-call', 'answer the roll'), ('run', 'run an application'), ('fetch-copy', 'fetch a copy'), ('drop-copy', 'drop a copy'), ('pause', 'pause'), ('resume', 'resume'), ('drain', 'take no more runs'), ('set-limit', 'set the limit of runs'), ('upgrade', 'upgrade an application'), ('stop-run', 'stop a run')], max_length=10, verbose_name='verb')),
                ('arguments', models.JSONField(blank=True, default=dict, verbose_name='arguments')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('expires_at', models.DateTimeField(verbose_name='valid until')),
                ('wave', models.PositiveIntegerField(null=True, verbose_name='wave')),
                ('asked_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('retry_of', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centre.instruction', verbose_name='repeats what failed of')),
                ('rollout', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='instructions', to='centre.rollout', verbose_name='roll-out')),
            ],
            options={
                'verbose_name': 'instruction',
                'verbose_name_plural': 'instructions',
            },
        ),
        migrations.CreateModel(
            name='Station',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40, unique=True, verbose_name='name')),
                ('labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None, verbose_name='labels')),
                ('state', models.CharField(choices=[('invited', 'invited'), ('announced', 'announced'), ('accepted', 'accepted'), ('retired', 'retired')], default='invited', max_length=9, verbose_name='state')),
                ('token_digest', models.CharField(blank=True, editable=False, max_length=64, verbose_name='digest of the enrolment token')),
                ('token_until', models.DateTimeField(editable=False, verbose_name='token valid until')),
                ('broker_password_digest', models.CharField(blank=True, editable=False, max_length=64, verbose_name="digest of the broker's password")),
                ('public_key', models.CharField(blank=True, editable=False, max_length=64, verbose_name='public key')),
                ('invited_at', models.DateTimeField(editable=False, verbose_name='invited at')),
                ('announced_at', models.DateTimeField(editable=False, null=True, verbose_name='announced at')),
                ('accepted_at', models.DateTimeField(editable=False, null=True, verbose_name='accepted at')),
                ('retired_at', models.DateTimeField(editable=False, null=True, verbose_name='retired at')),
                ('roll_call', models.CharField(blank=True, editable=False, max_length=32, verbose_name='open roll-call')),
                ('roll_called_at', models.DateTimeField(editable=False, null=True, verbose_name='roll called at')),
                ('heard_at', models.DateTimeField(editable=False, null=True, verbose_name='heard at')),
                ('reported', models.JSONField(blank=True, default=dict, editable=False, verbose_name='as it says of itself')),
                ('reported_at', models.DateTimeField(editable=False, null=True, verbose_name='said at')),
                ('accepted_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='accepted by')),
                ('invited_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='invited by')),
                ('retired_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='retired by')),
            ],
            options={
                'verbose_name': 'station',
                'verbose_name_plural': 'stations',
            },
        ),
        migrations.CreateModel(
            name='Planned',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wave', models.PositiveIntegerField(verbose_name='wave')),
                ('rollout', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='planned', to='centre.rollout', verbose_name='roll-out')),
                ('station', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centre.station', verbose_name='station')),
            ],
            options={
                'verbose_name': 'planned station',
                'verbose_name_plural': 'planned stations',
            },
        ),
        migrations.CreateModel(
            name='Errand',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('state', models.CharField(choices=[('queued', 'queued'), ('sent', 'sent'), ('accepted', 'accepted'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('expired', 'expired'), ('cancelled', 'cancelled')], default='queued', max_length=9, verbose_name='state')),
                ('send_at', models.DateTimeField(null=True, verbose_name='sent next at')),
                ('sends', models.PositiveIntegerField(default=0, verbose_name='times sent')),
                ('sent_at', models.DateTimeField(null=True, verbose_name='first sent at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('result', models.JSONField(blank=True, default=dict, verbose_name='result')),
                ('error_code', models.CharField(blank=True, max_length=60, verbose_name='error')),
                ('error_message', models.CharField(blank=True, max_length=1000, verbose_name='what went wrong')),
                ('instruction', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='errands', to='centre.instruction', verbose_name='instruction')),
                ('station', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='errands', to='centre.station', verbose_name='station')),
            ],
            options={
                'verbose_name': 'errand',
                'verbose_name_plural': 'errands',
            },
        ),
        migrations.CreateModel(
            name='TurnedAway',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=60, verbose_name='reason')),
                ('count', models.PositiveBigIntegerField(verbose_name='messages')),
                ('last_at', models.DateTimeField(verbose_name='last at')),
                ('station', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='turned_away', to='centre.station')),
            ],
            options={
                'verbose_name': 'messages turned away',
                'verbose_name_plural': 'messages turned away',
            },
        ),
        migrations.CreateModel(
            name='Version',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.CharField(max_length=32, verbose_name='version')),
                ('bundle', models.BinaryField(verbose_name='bundle')),
                ('sha256', models.CharField(max_length=64, verbose_name='SHA-256')),
                ('size_bytes', models.PositiveIntegerField(verbose_name='size in bytes')),
                ('word', models.TextField(verbose_name='signed word')),
                ('published_at', models.DateTimeField(verbose_name='published at')),
                ('application', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='centre.application', verbose_name='application')),
                ('published_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='published by')),
            ],
            options={
                'verbose_name': 'version',
                'verbose_name_plural': 'versions',
            },
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('input', models.JSONField(null=True, verbose_name='input')),
                ('input_sha256', models.CharField(max_length=64, verbose_name='digest of the input')),
                ('files', models.JSONField(blank=True, default=dict, verbose_name='large inputs by hash')),
                ('wanted_labels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None, verbose_name='near to')),
                ('state', models.CharField(choices=[('queued', 'queued'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('expired', 'expired')], default='queued', max_length=7, verbose_name='state')),
                ('tried', django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), blank=True, default=list, size=None, verbose_name='stations that did not take it')),
                ('copy', models.CharField(blank=True, choices=[('local', 'it was there'), ('fetched', 'fetched from the centre')], max_length=7, verbose_name='copy')),
                ('output', models.JSONField(null=True, verbose_name='output')),
                ('error_code', models.CharField(blank=True, max_length=60, verbose_name='error')),
                ('error_message', models.CharField(blank=True, max_length=1000, verbose_name='what went wrong')),
                ('asked_at', models.DateTimeField(verbose_name='asked at')),
                ('expires_at', models.DateTimeField(verbose_name='wanted until')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('input_swept_at', models.DateTimeField(null=True, verbose_name='input forgotten at')),
                ('asked_by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='asked by')),
                ('errand', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='run', to='centre.errand', verbose_name='errand')),
                ('wanted_station', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centre.station', verbose_name='station asked for')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centre.version', verbose_name='version')),
            ],
            options={
                'verbose_name': 'run',
                'verbose_name_plural': 'runs',
            },
        ),
        migrations.AddField(
            model_name='rollout',
            name='version',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='centre.version', verbose_name='version'),
        ),
        migrations.CreateModel(
            name='Withdrawal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(verbose_name='withdrawn at')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('by', models.ForeignKey(blank=True, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='withdrawn by')),
                ('version', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='withdrawal', to='centre.version', verbose_name='version')),
            ],
            options={
                'verbose_name': 'withdrawal',
                'verbose_name_plural': 'withdrawals',
            },
        ),
        migrations.CreateModel(
            name='Report',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveSmallIntegerField(verbose_name='step')),
                ('state', models.CharField(choices=[('accepted', 'accepted'), ('running', 'running'), ('done', 'done'), ('failed', 'failed'), ('refused', 'refused')], max_length=8, verbose_name='state')),
                ('at', models.DateTimeField(verbose_name="at, by the station's clock")),
                ('received_at', models.DateTimeField(verbose_name='received at')),
                ('sha256', models.CharField(max_length=64, verbose_name='digest of the signed report')),
                ('errand', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reports', to='centre.errand', verbose_name='errand')),
            ],
            options={
                'verbose_name': 'report',
                'verbose_name_plural': 'reports',
                'constraints': [models.UniqueConstraint(fields=('errand', 'sequence'), name='centre_report_first_counts'), models.CheckConstraint(condition=models.Q(models.Q(('sequence', 1), ('state', 'accepted')), models.Q(('sequence', 2), ('state', 'running')), models.Q(('sequence', 3), ('state__in', ['done', 'failed', 'refused'])), _connector='OR'), name='centre_report_step_has_its_state')],
            },
        ),
        migrations.AddIndex(
            model_name='instruction',
            index=models.Index(fields=['-asked_at'], name='centre_instruction_history'),
        ),
        migrations.AddConstraint(
            model_name='instruction',
            constraint=models.CheckConstraint(condition=models.Q(('verb__in', ['roll-call', 'run', 'fetch-copy', 'drop-copy', 'pause', 'resume', 'drain', 'set-limit', 'upgrade', 'stop-run'])), name='centre_instruction_verb_known'),
        ),
        migrations.AddConstraint(
            model_name='instruction',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('asked_at'))), name='centre_instruction_expires_later'),
        ),
        migrations.AddConstraint(
            model_name='instruction',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('rollout', None), ('wave', None)), models.Q(('rollout__isnull', False), ('wave__gte', 1)), _connector='OR'), name='centre_instruction_wave_of_a_rollout'),
        ),
        migrations.AddConstraint(
            model_name='instruction',
            constraint=models.UniqueConstraint(condition=models.Q(('rollout', None), _negated=True), fields=('rollout', 'wave'), name='centre_instruction_one_per_wave'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$')), name='centre_station_name_form'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['invited', 'announced', 'accepted', 'retired'])), name='centre_station_state_known'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('announced_at', None), ('public_key', '')), models.Q(('announced_at__isnull', False), ('public_key__regex', '^[0-9a-f]{64}$')), _connector='OR'), name='centre_station_announced_whole'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('accepted_at', None), ('announced_at', None), ('retired_at', None), ('state', 'invited')), models.Q(('accepted_at', None), ('announced_at__isnull', False), ('retired_at', None), ('state', 'announced')), models.Q(('accepted_at__isnull', False), ('announced_at__isnull', False), ('retired_at', None), ('state', 'accepted')), models.Q(('retired_at__isnull', False), ('state', 'retired')), _connector='OR'), name='centre_station_state_dated'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state', 'invited'), ('token_digest__regex', '^[0-9a-f]{64}$')), models.Q(models.Q(('state', 'invited'), _negated=True), ('token_digest', '')), _connector='OR'), name='centre_station_token_once'),
        ),
        migrations.AddConstraint(
            model_name='station',
            constraint=models.UniqueConstraint(condition=models.Q(('public_key', ''), _negated=True), fields=('public_key',), name='centre_station_key_of_one'),
        ),
        migrations.AddConstraint(
            model_name='planned',
            constraint=models.UniqueConstraint(fields=('rollout', 'station'), name='centre_planned_once'),
        ),
        migrations.AddConstraint(
            model_name='planned',
            constraint=models.CheckConstraint(condition=models.Q(('wave__gte', 1)), name='centre_planned_wave_from_one'),
        ),
        migrations.AddIndex(
            model_name='errand',
            index=models.Index(condition=models.Q(('send_at__isnull', False)), fields=['send_at'], name='centre_errand_open'),
        ),
        migrations.AddConstraint(
            model_name='errand',
            constraint=models.UniqueConstraint(fields=('instruction', 'station'), name='centre_errand_one_per_station'),
        ),
        migrations.AddConstraint(
            model_name='errand',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'sent', 'accepted', 'running', 'done', 'failed', 'expired', 'cancelled'])), name='centre_errand_state_known'),
        ),
        migrations.AddConstraint(
            model_name='errand',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('send_at__isnull', False), ('state__in', ('queued', 'sent', 'accepted', 'running'))), models.Q(models.Q(('state__in', ('queued', 'sent', 'accepted', 'running')), _negated=True), ('ended_at__isnull', False), ('send_at', None)), _connector='OR'), name='centre_errand_ended_whole'),
        ),
        migrations.AddConstraint(
            model_name='errand',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'cancelled', 'expired']), ('sent_at__isnull', False), _connector='OR'), name='centre_errand_sent_first'),
        ),
        migrations.AddConstraint(
            model_name='errand',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['queued', 'cancelled']), _negated=True), ('sent_at', None), _connector='OR'), name='centre_errand_not_sent'),
        ),
        migrations.AddConstraint(
            model_name='turnedaway',
            constraint=models.UniqueConstraint(fields=('station', 'code'), name='centre_turnedaway_one_count', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.UniqueConstraint(fields=('application', 'version'), name='centre_version_published_once'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(('version__regex', '^[0-9a-z]([0-9a-z.-]{0,30}[0-9a-z])?$')), name='centre_version_form'),
        ),
        migrations.AddConstraint(
            model_name='version',
            constraint=models.CheckConstraint(condition=models.Q(('size_bytes__gte', 1), ('size_bytes__lte', 16777216)), name='centre_version_size'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['asked_at'], name='centre_run_open'),
        ),
        migrations.AddIndex(
            model_name='run',
            index=models.Index(condition=models.Q(('input_swept_at', None)), fields=['asked_at'], name='centre_run_unswept'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['queued', 'running', 'done', 'failed', 'expired'])), name='centre_run_state_known'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('copy__in', ['', 'local', 'fetched'])), name='centre_run_copy_known'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state__in', ['queued', 'running'])), models.Q(('ended_at__isnull', False), ('state__in', ['done', 'failed', 'expired'])), _connector='OR'), name='centre_run_ended_whole'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['running', 'done']), _negated=True), ('errand__isnull', False), _connector='OR'), name='centre_run_ran_somewhere'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('input_swept_at', None), ('input', None), _connector='OR'), name='centre_run_swept_whole'),
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('asked_at'))), name='centre_run_expires_later'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['running', 'done', 'stopped', 'cancelled'])), name='centre_rollout_state_known'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state', 'running')), models.Q(models.Q(('state', 'running'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='centre_rollout_ended_whole'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(('wave__lte', models.F('waves')), ('waves__gte', 1)), name='centre_rollout_wave_in_range'),
        ),
        migrations.AddConstraint(
            model_name='rollout',
            constraint=models.CheckConstraint(condition=models.Q(('wave_seconds__gte', 5), ('wave_seconds__lte', 86400)), name='centre_rollout_seconds_in_range'),
        ),
        migrations.AddConstraint(
            model_name='withdrawal',
            constraint=models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='centre_withdrawal_has_a_reason'),
        ),
    ]
