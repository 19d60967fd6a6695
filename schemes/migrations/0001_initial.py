import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ledger', '0001_initial'),
        ('lenders', '0001_initial'),
        ('organisations', '0001_initial'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='Scheme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='代码')),
                ('name', models.CharField(max_length=100, verbose_name='名称')),
                ('level', models.CharField(choices=[('central', '中央'), ('province', '省级'), ('city', '市级')], max_length=20, verbose_name='层级')),
                ('authority', models.CharField(choices=[('province', '省级审批'), ('city_finance', '市财政审核'), ('external', '系统外审批，仅登记')], max_length=20, verbose_name='审批权')),
                ('channel', models.CharField(choices=[('bank_net', '银行收息时扣除'), ('firm_reimburse', '企业付息后申领')], max_length=20, verbose_name='渠道')),
                ('is_discretionary', models.BooleanField(help_text='否：符合条件即享受，推荐轮次中不作为额度', verbose_name='受预算约束')),
                ('yield_rank', models.PositiveSmallIntegerField(help_text='合计超过实付利息时，数小者先让', verbose_name='让减顺序')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('region', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='适用地区')),
            ],
            options={
                'verbose_name': '贴息政策',
                'verbose_name_plural': '贴息政策',
            },
        ),
        migrations.CreateModel(
            name='Budget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('fiscal_year', models.PositiveSmallIntegerField(verbose_name='财政年度')),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='budget', to='ledger.ledgeraccount', verbose_name='账户')),
                ('scheme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='budgets', to='schemes.scheme', verbose_name='政策')),
            ],
            options={
                'verbose_name': '贴息预算',
                'verbose_name_plural': '贴息预算',
                'constraints': [models.UniqueConstraint(fields=('scheme', 'fiscal_year'), name='budget_once_a_year')],
            },
        ),
        migrations.CreateModel(
            name='SchemeVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='版本')),
                ('document_no', models.CharField(max_length=100, verbose_name='文号')),
                ('announced_on', models.DateField(verbose_name='印发日期')),
                ('contract_from', models.DateField(blank=True, null=True, verbose_name='合同自')),
                ('contract_to', models.DateField(blank=True, null=True, verbose_name='合同至')),
                ('drawdown_from', models.DateField(blank=True, null=True, verbose_name='提款自')),
                ('drawdown_to', models.DateField(blank=True, null=True, verbose_name='提款至')),
                ('payment_from', models.DateField(blank=True, null=True, verbose_name='付款自')),
                ('payment_to', models.DateField(blank=True, null=True, verbose_name='付款至')),
                ('rate_bp', models.PositiveIntegerField(verbose_name='贴息率（基点）')),
                ('start_rule', models.CharField(choices=[('paid_to_supplier', '划付供应商账户之日'), ('loan_issued', '固定资产贷款发放之日')], max_length=20, verbose_name='起算')),
                ('window_months', models.PositiveSmallIntegerField(verbose_name='贴息期（月）')),
                ('window_anchor', models.CharField(choices=[('each_drawdown', '逐笔提款'), ('first_drawdown', '首笔提款')], default='each_drawdown', max_length=20, verbose_name='期限起点')),
                ('day_count', models.PositiveSmallIntegerField(default=360, verbose_name='计息天数基数')),
                ('convention', models.CharField(choices=[('days_360', '积数计息'), ('plain_years', '按年简算')], default='days_360', max_length=20, verbose_name='计算方式')),
                ('interest_months', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None, verbose_name='结息月')),
                ('interest_day', models.PositiveSmallIntegerField(default=20, verbose_name='结息日')),
                ('requires_listed', models.BooleanField(verbose_name='须在备选项目清单')),
                ('requires_relending', models.BooleanField(verbose_name='须获再贷款支持')),
                ('firm_sizes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None, verbose_name='限企业规模')),
                ('firm_ownerships', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None, verbose_name='限所有制')),
                ('per_loan_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='单笔贷款上限（元）')),
                ('project_year_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='项目年度上限（元）')),
                ('firm_year_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='企业年度上限（元）')),
                ('firm_loan_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='企业贴息贷款上限（元）')),
                ('prepay_share_bp', models.PositiveIntegerField(default=0, verbose_name='预拨比例（基点）')),
                ('shortfall_rule', models.CharField(choices=[('first_come', '先到先得'), ('pro_rata', '按比例'), ('priority_then_pro_rata', '优先后按比例'), ('carry_over', '结转')], max_length=30, verbose_name='预算不足时')),
                ('clawback_scope', models.CharField(choices=[('whole_loan', '整笔贷款'), ('affected_drawdown', '涉事提款'), ('diverted_part_from_day', '挪用部分自挪用日起')], max_length=30, verbose_name='追回范围')),
                ('source', models.CharField(blank=True, max_length=300, verbose_name='来源')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('scheme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='schemes.scheme', verbose_name='政策')),
                ('supersedes', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='superseded_by', to='schemes.schemeversion', verbose_name='取代')),
            ],
            options={
                'verbose_name': '政策版本',
                'verbose_name_plural': '政策版本',
            },
        ),
        migrations.CreateModel(
            name='BankEligibility',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('bank', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='eligibilities', to='lenders.bank', verbose_name='银行')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='banks', to='schemes.schemeversion', verbose_name='政策版本')),
            ],
            options={
                'verbose_name': '经办银行',
                'verbose_name_plural': '经办银行',
                'constraints': [models.UniqueConstraint(fields=('version', 'bank'), name='bank_eligible_once')],
            },
        ),
        migrations.CreateModel(
            name='SchemeVersionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, verbose_name='版本')),
                ('document_no', models.CharField(max_length=100, verbose_name='文号')),
                ('announced_on', models.DateField(verbose_name='印发日期')),
                ('contract_from', models.DateField(blank=True, null=True, verbose_name='合同自')),
                ('contract_to', models.DateField(blank=True, null=True, verbose_name='合同至')),
                ('drawdown_from', models.DateField(blank=True, null=True, verbose_name='提款自')),
                ('drawdown_to', models.DateField(blank=True, null=True, verbose_name='提款至')),
                ('payment_from', models.DateField(blank=True, null=True, verbose_name='付款自')),
                ('payment_to', models.DateField(blank=True, null=True, verbose_name='付款至')),
                ('rate_bp', models.PositiveIntegerField(verbose_name='贴息率（基点）')),
                ('start_rule', models.CharField(choices=[('paid_to_supplier', '划付供应商账户之日'), ('loan_issued', '固定资产贷款发放之日')], max_length=20, verbose_name='起算')),
                ('window_months', models.PositiveSmallIntegerField(verbose_name='贴息期（月）')),
                ('window_anchor', models.CharField(choices=[('each_drawdown', '逐笔提款'), ('first_drawdown', '首笔提款')], default='each_drawdown', max_length=20, verbose_name='期限起点')),
                ('day_count', models.PositiveSmallIntegerField(default=360, verbose_name='计息天数基数')),
                ('convention', models.CharField(choices=[('days_360', '积数计息'), ('plain_years', '按年简算')], default='days_360', max_length=20, verbose_name='计算方式')),
                ('interest_months', django.contrib.postgres.fields.ArrayField(base_field=models.PositiveSmallIntegerField(), size=None, verbose_name='结息月')),
                ('interest_day', models.PositiveSmallIntegerField(default=20, verbose_name='结息日')),
                ('requires_listed', models.BooleanField(verbose_name='须在备选项目清单')),
                ('requires_relending', models.BooleanField(verbose_name='须获再贷款支持')),
                ('firm_sizes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10), blank=True, default=list, size=None, verbose_name='限企业规模')),
                ('firm_ownerships', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), blank=True, default=list, size=None, verbose_name='限所有制')),
                ('per_loan_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='单笔贷款上限（元）')),
                ('project_year_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='项目年度上限（元）')),
                ('firm_year_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='企业年度上限（元）')),
                ('firm_loan_cap', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='企业贴息贷款上限（元）')),
                ('prepay_share_bp', models.PositiveIntegerField(default=0, verbose_name='预拨比例（基点）')),
                ('shortfall_rule', models.CharField(choices=[('first_come', '先到先得'), ('pro_rata', '按比例'), ('priority_then_pro_rata', '优先后按比例'), ('carry_over', '结转')], max_length=30, verbose_name='预算不足时')),
                ('clawback_scope', models.CharField(choices=[('whole_loan', '整笔贷款'), ('affected_drawdown', '涉事提款'), ('diverted_part_from_day', '挪用部分自挪用日起')], max_length=30, verbose_name='追回范围')),
                ('source', models.CharField(blank=True, max_length=300, verbose_name='来源')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='schemes.schemeversion')),
                ('scheme', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='schemes.scheme', verbose_name='政策')),
                ('supersedes', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='schemes.schemeversion', verbose_name='取代')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Stacking',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rule', models.CharField(choices=[('additive', '可叠加'), ('only_higher', '取高'), ('forbidden', '不得兼享')], max_length=20, verbose_name='关系')),
                ('source', models.CharField(blank=True, max_length=200, verbose_name='依据')),
                ('scheme_a', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='schemes.scheme', verbose_name='政策甲')),
                ('scheme_b', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='schemes.scheme', verbose_name='政策乙')),
            ],
            options={
                'verbose_name': '叠加规则',
                'verbose_name_plural': '叠加规则',
                'constraints': [models.UniqueConstraint(fields=('scheme_a', 'scheme_b'), name='stacking_pair_once')],
            },
        ),
        migrations.CreateModel(
            name='BudgetDocument',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('number', models.CharField(max_length=100, verbose_name='文号')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='金额（元）')),
                ('issued_on', models.DateField(verbose_name='日期')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('budget', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='documents', to='schemes.budget', verbose_name='预算')),
            ],
            options={
                'verbose_name': '预算文件',
                'verbose_name_plural': '预算文件',
                'constraints': [models.UniqueConstraint(fields=('budget', 'number'), name='budget_document_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='schemeversion',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "schemes_schemeversionevent" ("announced_on", "clawback_scope", "code", "contract_from", "contract_to", "convention", "day_count", "document_no", "drawdown_from", "drawdown_to", "firm_loan_cap", "firm_ownerships", "firm_sizes", "firm_year_cap", "id", "interest_day", "interest_months", "is_sample", "payment_from", "payment_to", "per_loan_cap", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prepay_share_bp", "project_year_cap", "province", "rate_bp", "requires_listed", "requires_relending", "scheme_id", "shortfall_rule", "source", "start_rule", "supersedes_id", "window_anchor", "window_months") VALUES (NEW."announced_on", NEW."clawback_scope", NEW."code", NEW."contract_from", NEW."contract_to", NEW."convention", NEW."day_count", NEW."document_no", NEW."drawdown_from", NEW."drawdown_to", NEW."firm_loan_cap", NEW."firm_ownerships", NEW."firm_sizes", NEW."firm_year_cap", NEW."id", NEW."interest_day", NEW."interest_months", NEW."is_sample", NEW."payment_from", NEW."payment_to", NEW."per_loan_cap", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."prepay_share_bp", NEW."project_year_cap", NEW."province", NEW."rate_bp", NEW."requires_listed", NEW."requires_relending", NEW."scheme_id", NEW."shortfall_rule", NEW."source", NEW."start_rule", NEW."supersedes_id", NEW."window_anchor", NEW."window_months"); RETURN NULL;', hash='af49fb0afa2d95239588f6ff845e9cf090474b88', operation='INSERT', pgid='pgtrigger_insert_insert_4afb2', table='schemes_schemeversion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='schemeversion',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "schemes_schemeversionevent" ("announced_on", "clawback_scope", "code", "contract_from", "contract_to", "convention", "day_count", "document_no", "drawdown_from", "drawdown_to", "firm_loan_cap", "firm_ownerships", "firm_sizes", "firm_year_cap", "id", "interest_day", "interest_months", "is_sample", "payment_from", "payment_to", "per_loan_cap", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "prepay_share_bp", "project_year_cap", "province", "rate_bp", "requires_listed", "requires_relending", "scheme_id", "shortfall_rule", "source", "start_rule", "supersedes_id", "window_anchor", "window_months") VALUES (NEW."announced_on", NEW."clawback_scope", NEW."code", NEW."contract_from", NEW."contract_to", NEW."convention", NEW."day_count", NEW."document_no", NEW."drawdown_from", NEW."drawdown_to", NEW."firm_loan_cap", NEW."firm_ownerships", NEW."firm_sizes", NEW."firm_year_cap", NEW."id", NEW."interest_day", NEW."interest_months", NEW."is_sample", NEW."payment_from", NEW."payment_to", NEW."per_loan_cap", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."prepay_share_bp", NEW."project_year_cap", NEW."province", NEW."rate_bp", NEW."requires_listed", NEW."requires_relending", NEW."scheme_id", NEW."shortfall_rule", NEW."source", NEW."start_rule", NEW."supersedes_id", NEW."window_anchor", NEW."window_months"); RETURN NULL;', hash='22643168a7b9918cc406f34b41df8a2f26ca828b', operation='UPDATE', pgid='pgtrigger_update_update_27d6f', table='schemes_schemeversion', when='AFTER')),
        ),
    ]
