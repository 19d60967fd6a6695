import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('kind', models.CharField(choices=[('appetite', '银行意向额度'), ('budget', '贴息预算')], max_length=20, verbose_name='类型')),
                ('code', models.CharField(max_length=100, unique=True, verbose_name='账户代码')),
                ('name', models.CharField(max_length=200, verbose_name='名称')),
                ('limit', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='额度（元）')),
                ('held', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='预留（元）')),
                ('posted', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='已用（元）')),
                ('last_seq', models.PositiveIntegerField(default=0, verbose_name='末笔序号')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='ledger.ledgeraccount', verbose_name='上级账户')),
            ],
            options={
                'verbose_name': '账户',
                'verbose_name_plural': '账户',
                'constraints': [models.CheckConstraint(condition=models.Q(('held__gte', 0)), name='held_not_negative'), models.CheckConstraint(condition=models.Q(('posted__gte', 0)), name='posted_not_negative'), models.CheckConstraint(condition=models.Q(('limit', None), ('limit__gte', django.db.models.expressions.CombinedExpression(models.F('held'), '+', models.F('posted'))), _connector='OR'), name='within_limit')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('seq', models.PositiveIntegerField(verbose_name='序号')),
                ('kind', models.CharField(choices=[('limit', '调整额度'), ('hold', '预留'), ('post', '记账'), ('release', '释放'), ('reverse', '冲回')], max_length=10, verbose_name='类型')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='金额（元）')),
                ('limit_after', models.DecimalField(decimal_places=2, max_digits=18, null=True, verbose_name='额度余额后')),
                ('held_after', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='预留余额后')),
                ('posted_after', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='已用余额后')),
                ('business_key', models.CharField(max_length=160, verbose_name='业务键')),
                ('from_hold', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='其中冲抵预留（元）')),
                ('expires_at', models.DateTimeField(null=True, verbose_name='预留到期')),
                ('flag', models.CharField(blank=True, help_text='over_appetite：事实超出意向额度，同时补记银行追加', max_length=40, verbose_name='标记')),
                ('at', models.DateTimeField(verbose_name='时间')),
                ('by_label', models.CharField(max_length=200, verbose_name='经办人')),
                ('note', models.CharField(blank=True, max_length=300, verbose_name='说明')),
                ('transaction_id', models.BigIntegerField(db_default=django.db.models.functions.comparison.Cast(django.db.models.functions.comparison.Cast(models.Func(function='pg_current_xact_id'), models.TextField()), models.BigIntegerField()), editable=False, verbose_name='事务号')),
                ('hold', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='movements', to='ledger.entry', verbose_name='对应预留')),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='ledger.ledgeraccount', verbose_name='账户')),
            ],
            options={
                'verbose_name': '账目',
                'verbose_name_plural': '账目',
                'indexes': [models.Index(fields=['account', 'at', 'seq'], name='entry_statement'), models.Index(condition=models.Q(('hold', None), _negated=True), fields=['hold'], name='entry_hold')],
                'constraints': [models.UniqueConstraint(fields=('account', 'business_key'), name='entry_once'), models.UniqueConstraint(fields=('account', 'seq'), name='entry_sequence'), models.CheckConstraint(condition=models.Q(('kind', 'limit'), ('amount__gt', 0), _connector='OR'), name='entry_amount_positive')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='entry',
            trigger=pgtrigger.compiler.Trigger(name='append_only', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='bd80cdea55986d8dc4a873a0796f1dd071e72f1d', operation='UPDATE OR DELETE', pgid='pgtrigger_append_only_af900', table='ledger_entry', when='BEFORE')),
        ),
    ]
