import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ledger', '0001_initial'),
        ('organisations', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='Bank',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=20, unique=True, verbose_name='银行代码')),
                ('short_name', models.CharField(max_length=40, verbose_name='简称')),
                ('kind', models.CharField(choices=[('policy', '政策性银行'), ('state', '国有大型银行'), ('joint_stock', '股份制银行'), ('city', '城市商业银行'), ('rural', '农村金融机构')], max_length=20, verbose_name='类型')),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='bank', to='organisations.organisation', verbose_name='机构')),
            ],
            options={
                'verbose_name': '银行',
                'verbose_name_plural': '银行',
            },
        ),
        migrations.CreateModel(
            name='Appetite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('period', models.CharField(max_length=20, verbose_name='期间')),
                ('valid_from', models.DateField(verbose_name='自')),
                ('valid_to', models.DateField(verbose_name='至')),
                ('max_ticket', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='单户上限（元）')),
                ('case_load', models.PositiveIntegerField(blank=True, null=True, verbose_name='同时受理上限（件）')),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='appetite', to='ledger.ledgeraccount', verbose_name='账户')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.programme', verbose_name='政策项目')),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='appetites', to='lenders.bank', verbose_name='银行')),
            ],
            options={
                'verbose_name': '银行意向额度',
                'verbose_name_plural': '银行意向额度',
            },
        ),
        migrations.CreateModel(
            name='Branch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='机构代码')),
                ('level', models.CharField(choices=[('provincial', '省分行'), ('city', '市分行'), ('outlet', '支行')], max_length=20, verbose_name='层级')),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='branches', to='lenders.bank', verbose_name='银行')),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='branch', to='organisations.organisation', verbose_name='机构')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='lenders.branch', verbose_name='上级行')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='所在地')),
            ],
            options={
                'verbose_name': '银行机构',
                'verbose_name_plural': '银行机构',
            },
        ),
        migrations.CreateModel(
            name='AppetiteEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('period', models.CharField(max_length=20, verbose_name='期间')),
                ('valid_from', models.DateField(verbose_name='自')),
                ('valid_to', models.DateField(verbose_name='至')),
                ('max_ticket', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='单户上限（元）')),
                ('case_load', models.PositiveIntegerField(blank=True, null=True, verbose_name='同时受理上限（件）')),
                ('account', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='ledger.ledgeraccount', verbose_name='账户')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='lenders.appetite')),
                ('programme', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.programme', verbose_name='政策项目')),
                ('bank', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='lenders.bank', verbose_name='银行')),
                ('branch', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='lenders.branch', verbose_name='机构')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddField(
            model_name='appetite',
            name='branch',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appetites', to='lenders.branch', verbose_name='机构'),
        ),
        migrations.CreateModel(
            name='BranchServes',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='serves', to='lenders.branch', verbose_name='机构')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='服务区域')),
            ],
            options={
                'verbose_name': '服务区域',
                'verbose_name_plural': '服务区域',
                'constraints': [models.UniqueConstraint(fields=('branch', 'region'), name='branch_serves_region_once')],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='产品代码')),
                ('name', models.CharField(max_length=100, verbose_name='产品名称')),
                ('amount_min', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='最低金额（元）')),
                ('amount_max', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='最高金额（元）')),
                ('term_min_months', models.PositiveSmallIntegerField(verbose_name='最短期限（月）')),
                ('term_max_months', models.PositiveSmallIntegerField(verbose_name='最长期限（月）')),
                ('rate_min_bp', models.PositiveIntegerField(verbose_name='最低利率（基点）')),
                ('rate_max_bp', models.PositiveIntegerField(verbose_name='最高利率（基点）')),
                ('securities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('credit', '信用'), ('mortgage', '抵押'), ('pledge', '质押'), ('guarantee', '保证'), ('guarantor', '担保公司担保')], max_length=20), size=None, verbose_name='接受的担保方式')),
                ('barred_industries', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=5), blank=True, default=list, size=None, verbose_name='不进入的行业')),
                ('sizes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None, verbose_name='企业规模')),
                ('first_loan_ok', models.BooleanField(default=True, verbose_name='接受首贷户')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='lenders.bank', verbose_name='银行')),
            ],
            options={
                'verbose_name': '信贷产品',
                'verbose_name_plural': '信贷产品',
                'constraints': [models.CheckConstraint(condition=models.Q(('amount_min__lte', models.F('amount_max'))), name='product_amounts_ordered'), models.CheckConstraint(condition=models.Q(('term_min_months__lte', models.F('term_max_months'))), name='product_terms_ordered'), models.CheckConstraint(condition=models.Q(('rate_min_bp__lte', models.F('rate_max_bp'))), name='product_rates_ordered')],
            },
        ),
        migrations.CreateModel(
            name='ProductEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('code', models.CharField(max_length=40, verbose_name='产品代码')),
                ('name', models.CharField(max_length=100, verbose_name='产品名称')),
                ('amount_min', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='最低金额（元）')),
                ('amount_max', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='最高金额（元）')),
                ('term_min_months', models.PositiveSmallIntegerField(verbose_name='最短期限（月）')),
                ('term_max_months', models.PositiveSmallIntegerField(verbose_name='最长期限（月）')),
                ('rate_min_bp', models.PositiveIntegerField(verbose_name='最低利率（基点）')),
                ('rate_max_bp', models.PositiveIntegerField(verbose_name='最高利率（基点）')),
                ('securities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('credit', '信用'), ('mortgage', '抵押'), ('pledge', '质押'), ('guarantee', '保证'), ('guarantor', '担保公司担保')], max_length=20), size=None, verbose_name='接受的担保方式')),
                ('barred_industries', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=5), blank=True, default=list, size=None, verbose_name='不进入的行业')),
                ('sizes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None, verbose_name='企业规模')),
                ('first_loan_ok', models.BooleanField(default=True, verbose_name='接受首贷户')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('bank', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='lenders.bank', verbose_name='银行')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='lenders.product')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.AddConstraint(
            model_name='appetite',
            constraint=models.UniqueConstraint(fields=('programme', 'bank', 'branch', 'period'), name='appetite_once_a_period', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='appetite',
            constraint=models.CheckConstraint(condition=models.Q(('valid_from__lte', models.F('valid_to'))), name='appetite_dates_ordered'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='appetite',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "lenders_appetiteevent" ("account_id", "bank_id", "branch_id", "case_load", "id", "max_ticket", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "programme_id", "province", "valid_from", "valid_to", "version") VALUES (NEW."account_id", NEW."bank_id", NEW."branch_id", NEW."case_load", NEW."id", NEW."max_ticket", NEW."period", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."programme_id", NEW."province", NEW."valid_from", NEW."valid_to", NEW."version"); RETURN NULL;', hash='361c4e1c45a69b9457855f9b0a8a764766c84391', operation='INSERT', pgid='pgtrigger_insert_insert_45664', table='lenders_appetite', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='appetite',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "lenders_appetiteevent" ("account_id", "bank_id", "branch_id", "case_load", "id", "max_ticket", "period", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "programme_id", "province", "valid_from", "valid_to", "version") VALUES (NEW."account_id", NEW."bank_id", NEW."branch_id", NEW."case_load", NEW."id", NEW."max_ticket", NEW."period", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."programme_id", NEW."province", NEW."valid_from", NEW."valid_to", NEW."version"); RETURN NULL;', hash='de1de31123e9620669266c25d1457993d00cfcbe', operation='UPDATE', pgid='pgtrigger_update_update_74218', table='lenders_appetite', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='product',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "lenders_productevent" ("amount_max", "amount_min", "bank_id", "barred_industries", "code", "first_loan_ok", "id", "is_sample", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "province", "rate_max_bp", "rate_min_bp", "securities", "sizes", "term_max_months", "term_min_months", "valid_from", "valid_to", "version") VALUES (NEW."amount_max", NEW."amount_min", NEW."bank_id", NEW."barred_industries", NEW."code", NEW."first_loan_ok", NEW."id", NEW."is_sample", NEW."name", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."province", NEW."rate_max_bp", NEW."rate_min_bp", NEW."securities", NEW."sizes", NEW."term_max_months", NEW."term_min_months", NEW."valid_from", NEW."valid_to", NEW."version"); RETURN NULL;', hash='a01e96db09abaa88556f08e4340d027bed87e3fb', operation='INSERT', pgid='pgtrigger_insert_insert_dc78c', table='lenders_product', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='product',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "lenders_productevent" ("amount_max", "amount_min", "bank_id", "barred_industries", "code", "first_loan_ok", "id", "is_sample", "name", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "province", "rate_max_bp", "rate_min_bp", "securities", "sizes", "term_max_months", "term_min_months", "valid_from", "valid_to", "version") VALUES (NEW."amount_max", NEW."amount_min", NEW."bank_id", NEW."barred_industries", NEW."code", NEW."first_loan_ok", NEW."id", NEW."is_sample", NEW."name", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."province", NEW."rate_max_bp", NEW."rate_min_bp", NEW."securities", NEW."sizes", NEW."term_max_months", NEW."term_min_months", NEW."valid_from", NEW."valid_to", NEW."version"); RETURN NULL;', hash='7a811f668f91eec284be633209de459af5e48a52', operation='UPDATE', pgid='pgtrigger_update_update_1dd1a', table='lenders_product', when='AFTER')),
        ),
    ]
