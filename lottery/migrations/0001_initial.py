"""Draws, their prizes, figures, pools and results."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """See the module."""

    initial = True

    dependencies = [
        ('cards', '0002_rules'),
        ('queueing', '0004_withdrawn_found'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(help_text='Capital letters, digits and dashes.', max_length=32, unique=True, verbose_name='id')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_zh', models.CharField(blank=True, max_length=120, verbose_name='name in Chinese')),
                ('about', models.TextField(blank=True, max_length=2000, verbose_name='announcement')),
                ('about_zh', models.TextField(blank=True, max_length=2000, verbose_name='announcement in Chinese')),
                ('state', models.CharField(choices=[('draft', 'draft'), ('announced', 'announced'), ('frozen', 'frozen'), ('revealed', 'revealed'), ('drawn', 'drawn'), ('verified', 'verified'), ('certified', 'certified'), ('not_completed', 'not completed'), ('void', 'void')], default='draft', editable=False, max_length=13, verbose_name='state')),
                ('registered_from', models.DateTimeField(blank=True, null=True, verbose_name='registered from')),
                ('registered_until', models.DateTimeField(verbose_name='registered until')),
                ('paid_included', models.BooleanField(default=True, help_text='Whether registrations with a cash award of a cycle enter.', verbose_name='paid ones included')),
                ('freezes_at', models.DateTimeField(verbose_name='pool frozen at')),
                ('reveals_at', models.DateTimeField(verbose_name='secret revealed at')),
                ('reserves', models.PositiveIntegerField(default=0, verbose_name='reserves')),
                ('fund_minor', models.BigIntegerField(default=0, editable=False, verbose_name='prize fund')),
                ('commitment', models.CharField(blank=True, editable=False, max_length=64, verbose_name='commitment')),
                ('sealed_secret', models.BinaryField(null=True, verbose_name='sealed secret')),
                ('sealed_secret_key', models.BinaryField(null=True, verbose_name='wrapped key of the secret')),
                ('secret', models.BinaryField(max_length=32, null=True, verbose_name='secret')),
                ('entries', models.BigIntegerField(editable=False, null=True, verbose_name='entries')),
                ('pool_hash', models.CharField(blank=True, editable=False, max_length=64, verbose_name='hash of the pool')),
                ('announced_at', models.DateTimeField(editable=False, null=True, verbose_name='announced at')),
                ('frozen_at', models.DateTimeField(editable=False, null=True, verbose_name='frozen at')),
                ('revealed_at', models.DateTimeField(editable=False, null=True, verbose_name='revealed at')),
                ('drawn_at', models.DateTimeField(editable=False, null=True, verbose_name='drawn at')),
                ('verified_at', models.DateTimeField(editable=False, null=True, verbose_name='verified at')),
                ('certified_at', models.DateTimeField(editable=False, null=True, verbose_name='certified at')),
                ('ended_at', models.DateTimeField(editable=False, null=True, verbose_name='ended at')),
                ('end_reason', models.CharField(blank=True, editable=False, max_length=200, verbose_name='reason')),
                ('announced_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('certified_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('fund_approved_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('program', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cards.program', verbose_name='program')),
                ('sealed_epoch', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='queueing.keyepoch')),
                ('takes_fund_of', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.draw', verbose_name='takes the fund of')),
            ],
            options={
                'verbose_name': 'draw',
                'verbose_name_plural': 'draws',
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('index', models.BigIntegerField(verbose_name='index')),
                ('leaf', models.CharField(max_length=64, verbose_name='leaf')),
                ('draw', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.draw', verbose_name='draw')),
                ('registration', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='queueing.registration', verbose_name='registration')),
            ],
            options={
                'verbose_name': 'entry',
                'verbose_name_plural': 'entries',
            },
        ),
        migrations.CreateModel(
            name='Excluded',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('leaf', models.CharField(max_length=64, verbose_name='leaf')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.draw', verbose_name='draw')),
                ('registration', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='queueing.registration', verbose_name='registration')),
            ],
            options={
                'verbose_name': 'kept out',
                'verbose_name_plural': 'kept out',
            },
        ),
        migrations.CreateModel(
            name='Figure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('name', models.CharField(max_length=64, verbose_name='name')),
                ('source', models.CharField(blank=True, max_length=200, verbose_name='where it is published')),
                ('published_at', models.DateTimeField(verbose_name='published at')),
                ('beacon_round', models.BigIntegerField(blank=True, null=True, verbose_name='round of the beacon')),
                ('value', models.CharField(blank=True, editable=False, max_length=64, verbose_name='value')),
                ('beacon_signature', models.CharField(blank=True, editable=False, max_length=96, verbose_name='signature of the beacon')),
                ('entered_at', models.DateTimeField(editable=False, null=True, verbose_name='entered at')),
                ('confirmed_at', models.DateTimeField(editable=False, null=True, verbose_name='confirmed at')),
                ('confirmed_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='figures', to='lottery.draw', verbose_name='draw')),
                ('entered_by', models.ForeignKey(db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'public figure',
                'verbose_name_plural': 'public figures',
            },
        ),
        migrations.CreateModel(
            name='Piece',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.CharField(choices=[('pool', 'pool'), ('bundle', 'bundle')], max_length=6, verbose_name='file')),
                ('number', models.PositiveIntegerField(verbose_name='number')),
                ('content', models.BinaryField(verbose_name='content')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.draw', verbose_name='draw')),
            ],
            options={
                'verbose_name': 'piece of a file',
                'verbose_name_plural': 'pieces of files',
            },
        ),
        migrations.CreateModel(
            name='Prize',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(verbose_name='position')),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('name_zh', models.CharField(blank=True, max_length=80, verbose_name='name in Chinese')),
                ('amount_minor', models.BigIntegerField(help_text='In minor units (cents, fen).', verbose_name='amount')),
                ('count', models.PositiveIntegerField(default=1, verbose_name='how many')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='prizes', to='lottery.draw', verbose_name='draw')),
            ],
            options={
                'verbose_name': 'prize',
                'verbose_name_plural': 'prizes',
            },
        ),
        migrations.CreateModel(
            name='PrizeCap',
            fields=[
                ('currency', models.CharField(max_length=3, primary_key=True, serialize=False, verbose_name='currency')),
                ('amount_minor', models.BigIntegerField(help_text='In minor units (cents, fen).', verbose_name='most of one prize')),
            ],
            options={
                'verbose_name': 'prize cap',
                'verbose_name_plural': 'prize caps',
                'constraints': [models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='lottery_prizecap_currency_iso'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='lottery_prizecap_positive')],
            },
        ),
        migrations.CreateModel(
            name='Result',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rank', models.PositiveIntegerField(verbose_name='rank')),
                ('index', models.BigIntegerField(verbose_name='index')),
                ('leaf', models.CharField(max_length=64, verbose_name='leaf')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.draw', verbose_name='draw')),
                ('registration', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='queueing.registration', verbose_name='registration')),
            ],
            options={
                'verbose_name': 'result',
                'verbose_name_plural': 'results',
            },
        ),
        migrations.CreateModel(
            name='Allotment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(verbose_name='prize')),
                ('allotted_at', models.DateTimeField(verbose_name='allotted at')),
                ('ended_at', models.DateTimeField(null=True, verbose_name='ended at')),
                ('end_reason', models.CharField(blank=True, max_length=40, verbose_name='why it passed on')),
                ('award', models.OneToOneField(db_constraint=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='queueing.award', verbose_name='award')),
                ('draw', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.draw', verbose_name='draw')),
                ('prize', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.prize', verbose_name='prize')),
                ('result', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lottery.result', verbose_name='result')),
            ],
            options={
                'verbose_name': 'allotment',
                'verbose_name_plural': 'allotments',
            },
        ),
        migrations.CreateModel(
            name='Declaration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('staff', 'of staff'), ('dealer', "a dealer's own"), ('not_handed_over', 'not handed over')], max_length=15, verbose_name='kind')),
                ('first_number', models.BigIntegerField(verbose_name='first number')),
                ('last_number', models.BigIntegerField(verbose_name='last number')),
                ('declared_at', models.DateTimeField(verbose_name='declared at')),
                ('ended_at', models.DateTimeField(blank=True, null=True, verbose_name='ended at')),
                ('dealer', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cards.dealer', verbose_name='dealer')),
                ('declared_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='declared by')),
                ('ended_by', models.ForeignKey(blank=True, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('program', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='cards.program', verbose_name='program')),
            ],
            options={
                'verbose_name': 'declaration',
                'verbose_name_plural': 'declarations',
                'indexes': [models.Index(fields=['program', 'first_number'], name='lottery_declaration_program')],
                'constraints': [models.CheckConstraint(condition=models.Q(('first_number__gte', 1), ('last_number__gte', models.F('first_number'))), name='lottery_declaration_range'), models.CheckConstraint(condition=models.Q(models.Q(('dealer', None), ('kind', 'staff')), models.Q(('dealer__isnull', False), ('kind__in', ['dealer', 'not_handed_over'])), _connector='OR'), name='lottery_declaration_kind'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('ended_by', None)), models.Q(('ended_at__isnull', False), ('ended_by__isnull', False), ('kind', 'not_handed_over')), _connector='OR'), name='lottery_declaration_ends_with_the_hand_over')],
            },
        ),
        migrations.AddIndex(
            model_name='draw',
            index=models.Index(condition=models.Q(('state__in', ['announced', 'frozen', 'revealed', 'drawn', 'verified'])), fields=['id'], name='lottery_draw_under_way'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('code__regex', '^[A-Z0-9-]+$')), name='lottery_draw_code_form'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'announced', 'frozen', 'revealed', 'drawn', 'verified', 'certified', 'not_completed', 'void'])), name='lottery_draw_state_known'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('registered_from', None), ('registered_from__lt', models.F('registered_until')), _connector='OR'), name='lottery_draw_period'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('freezes_at__lt', models.F('reveals_at')), ('registered_until__lte', models.F('freezes_at'))), name='lottery_draw_times_in_order'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('fund_minor__gte', 0), ('reserves__lte', 100000)), name='lottery_draw_figures_in_range'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('announced_at', None), ('announced_by', None), ('commitment', ''), ('state', 'draft')), models.Q(models.Q(('state', 'draft'), _negated=True), ('announced_at__isnull', False), ('announced_by__isnull', False), ('commitment__regex', '^[0-9a-f]{64}$'), ('fund_minor__gt', 0)), _connector='OR'), name='lottery_draw_announced_whole'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sealed_epoch', None), ('sealed_secret', None), ('sealed_secret_key', None)), models.Q(('sealed_epoch__isnull', False), ('sealed_secret__isnull', False), ('sealed_secret_key__isnull', False)), _connector='OR'), name='lottery_draw_secret_sealed_whole'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entries', None), ('frozen_at', None), ('pool_hash', '')), models.Q(('entries__gte', 0), ('frozen_at__isnull', False), ('pool_hash__regex', '^[0-9a-f]{64}$')), _connector='OR'), name='lottery_draw_frozen_whole'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'announced', 'void', 'not_completed']), ('frozen_at__isnull', False), _connector='OR'), name='lottery_draw_frozen_first'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'announced', 'frozen', 'void', 'not_completed']), models.Q(('revealed_at__isnull', False), ('secret__isnull', False)), _connector='OR'), name='lottery_draw_revealed_first'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('revealed_at', None), ('secret', None)), models.Q(('frozen_at__isnull', False), ('revealed_at__isnull', False), ('secret__isnull', False)), _connector='OR'), name='lottery_draw_secret_after_the_freeze'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['drawn', 'verified', 'certified']), _negated=True), ('drawn_at__isnull', False), _connector='OR'), name='lottery_draw_drawn_first'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('state__in', ['verified', 'certified']), _negated=True), ('verified_at__isnull', False), _connector='OR'), name='lottery_draw_verified_first'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('state', 'certified'), _negated=True), ('certified_at', None), ('certified_by', None)), models.Q(('certified_at__isnull', False), ('certified_by__isnull', False), ('state', 'certified'), models.Q(('certified_by', models.F('announced_by')), _negated=True)), _connector='OR'), name='lottery_draw_certified_by_a_second_person'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', False), ('ended_by__isnull', False), ('frozen_at', None), ('state', 'void'), models.Q(('end_reason', ''), _negated=True)), models.Q(('ended_at__isnull', False), ('state', 'not_completed')), models.Q(models.Q(('state__in', ['void', 'not_completed']), _negated=True), ('end_reason', ''), ('ended_at', None), ('ended_by', None)), _connector='OR'), name='lottery_draw_ended_with_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='draw',
            constraint=models.CheckConstraint(condition=models.Q(('takes_fund_of', None), ('state', 'draft'), models.Q(('fund_approved_by__isnull', False), models.Q(('fund_approved_by', models.F('announced_by')), _negated=True)), _connector='OR'), name='lottery_draw_fund_taken_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('draw', 'index'), name='lottery_entry_index_once'),
        ),
        migrations.AddConstraint(
            model_name='entry',
            constraint=models.UniqueConstraint(fields=('registration', 'draw'), name='lottery_entry_registration_once'),
        ),
        migrations.AddConstraint(
            model_name='excluded',
            constraint=models.UniqueConstraint(fields=('draw', 'registration'), name='lottery_excluded_once'),
        ),
        migrations.AddConstraint(
            model_name='figure',
            constraint=models.UniqueConstraint(fields=('draw', 'position'), name='lottery_figure_position_once'),
        ),
        migrations.AddConstraint(
            model_name='figure',
            constraint=models.UniqueConstraint(fields=('draw', 'name'), name='lottery_figure_name_once'),
        ),
        migrations.AddConstraint(
            model_name='figure',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entered_at', None), ('entered_by', None), ('value', '')), models.Q(('entered_at__isnull', False), ('entered_by__isnull', False), models.Q(('value', ''), _negated=True)), _connector='OR'), name='lottery_figure_entered_by_somebody'),
        ),
        migrations.AddConstraint(
            model_name='figure',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at', None), ('confirmed_by', None)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False), ('entered_by__isnull', False), models.Q(('confirmed_by', models.F('entered_by')), _negated=True)), models.Q(('beacon_round__isnull', False), ('confirmed_at__isnull', False), ('confirmed_by', None), models.Q(('beacon_signature', ''), _negated=True)), _connector='OR'), name='lottery_figure_two_people'),
        ),
        migrations.AddConstraint(
            model_name='figure',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('beacon_round', None), ('beacon_signature', '')), ('beacon_round__gt', 0), _connector='OR'), name='lottery_figure_beacon'),
        ),
        migrations.AddConstraint(
            model_name='piece',
            constraint=models.UniqueConstraint(fields=('draw', 'file', 'number'), name='lottery_piece_once'),
        ),
        migrations.AddConstraint(
            model_name='piece',
            constraint=models.CheckConstraint(condition=models.Q(('file__in', ['pool', 'bundle'])), name='lottery_piece_file_known'),
        ),
        migrations.AddConstraint(
            model_name='prize',
            constraint=models.UniqueConstraint(fields=('draw', 'position'), name='lottery_prize_position_once'),
        ),
        migrations.AddConstraint(
            model_name='prize',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('count__range', (1, 100000))), name='lottery_prize_in_range'),
        ),
        migrations.AddConstraint(
            model_name='result',
            constraint=models.UniqueConstraint(fields=('draw', 'rank'), name='lottery_result_rank_once'),
        ),
        migrations.AddConstraint(
            model_name='result',
            constraint=models.UniqueConstraint(fields=('draw', 'index'), name='lottery_result_index_once'),
        ),
        migrations.AddConstraint(
            model_name='allotment',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('draw', 'number'), name='lottery_allotment_one_living'),
        ),
        migrations.AddConstraint(
            model_name='allotment',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('award__isnull', False), ('end_reason', ''), ('ended_at', None)), models.Q(('ended_at__isnull', False), models.Q(('end_reason', ''), _negated=True)), _connector='OR'), name='lottery_allotment_ended_with_a_reason'),
        ),
    ]
