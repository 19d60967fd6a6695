import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.comparison
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organisations', '__first__'),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first_event_id', models.BigIntegerField(verbose_name='首事件')),
                ('last_event_id', models.BigIntegerField(verbose_name='末事件')),
                ('events', models.PositiveIntegerField(verbose_name='事件数')),
                ('horizon', models.BigIntegerField(help_text='封存时所有小于此号的事务均已结束', verbose_name='事务边界')),
                ('previous_digest', models.CharField(max_length=64, verbose_name='上一摘要')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='摘要')),
                ('at', models.DateTimeField(verbose_name='封存时间')),
            ],
            options={
                'verbose_name': '审计封存',
                'verbose_name_plural': '审计封存',
            },
        ),
        migrations.CreateModel(
            name='CalendarException',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField(unique=True, verbose_name='日期')),
                ('is_working', models.BooleanField(verbose_name='是否上班')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
            ],
            options={
                'verbose_name': '节假日与调休',
                'verbose_name_plural': '节假日与调休',
            },
        ),
        migrations.CreateModel(
            name='Deadline',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('subject', models.CharField(max_length=60, verbose_name='对象类型')),
                ('subject_id', models.BigIntegerField(verbose_name='对象编号')),
                ('kind', models.CharField(max_length=40, verbose_name='时限类型')),
                ('organisation_id', models.BigIntegerField(verbose_name='责任机构编号')),
                ('starts_at', models.DateTimeField(verbose_name='起算')),
                ('due_at', models.DateTimeField(verbose_name='到期')),
                ('paused_at', models.DateTimeField(blank=True, null=True, verbose_name='暂停于')),
                ('reminded_at_50', models.DateTimeField(blank=True, null=True, verbose_name='过半提醒')),
                ('reminded_at_80', models.DateTimeField(blank=True, null=True, verbose_name='临期提醒')),
                ('overdue_noticed_at', models.DateTimeField(blank=True, null=True, verbose_name='督办')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='办结')),
            ],
            options={
                'verbose_name': '时限',
                'verbose_name_plural': '时限',
                'indexes': [models.Index(condition=models.Q(('closed_at', None)), fields=['due_at'], name='deadline_open_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('closed_at', None)), fields=('subject', 'subject_id', 'kind'), name='one_open_deadline_of_a_kind')],
            },
        ),
        migrations.CreateModel(
            name='IdempotencyKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('organisation_id', models.BigIntegerField(verbose_name='机构编号')),
                ('route', models.CharField(max_length=200, verbose_name='接口')),
                ('key', models.CharField(max_length=100, verbose_name='幂等键')),
                ('body_sha256', models.CharField(max_length=64, verbose_name='请求摘要')),
                ('status', models.PositiveSmallIntegerField(default=0, verbose_name='状态码')),
                ('answer', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, null=True, verbose_name='应答')),
                ('at', models.DateTimeField(verbose_name='时间')),
            ],
            options={
                'verbose_name': '幂等键',
                'verbose_name_plural': '幂等键',
                'constraints': [models.UniqueConstraint(fields=('organisation_id', 'route', 'key'), name='idempotency_key_once')],
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('subject', models.CharField(max_length=60, verbose_name='对象类型')),
                ('subject_id', models.BigIntegerField(verbose_name='对象编号')),
                ('verb', models.CharField(max_length=60, verbose_name='步骤')),
                ('source', models.CharField(blank=True, max_length=40, verbose_name='原状态')),
                ('target', models.CharField(blank=True, max_length=40, verbose_name='新状态')),
                ('seen_version', models.PositiveIntegerField(default=0, verbose_name='依据版本')),
                ('by_organisation_id', models.BigIntegerField(null=True, verbose_name='经办机构编号')),
                ('by_label', models.CharField(max_length=200, verbose_name='经办人（显示）')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('note', models.TextField(blank=True, verbose_name='意见')),
                ('changes', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='变更')),
                ('transaction_id', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(models.Func(function='pg_current_xact_id'), models.TextField()), models.BigIntegerField()), editable=False, verbose_name='事务号')),
                ('by_user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='经办人')),
            ],
            options={
                'verbose_name': '审计事件',
                'verbose_name_plural': '审计事件',
                'indexes': [models.Index(fields=['subject', 'subject_id', 'id'], name='audit_subject'), models.Index(fields=['verb', 'id'], name='audit_verb'), models.Index(fields=['transaction_id', 'id'], name='audit_transaction')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditseal',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='6cbba9229067da91659f90fe59313ec51f37c185', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_05ed4', table='common_auditseal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='auditevent',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b5a3c33c3f86936f65b44fdb57985ac87a6e4c20', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_085fa', table='common_auditevent', when='BEFORE')),
        ),
    ]
