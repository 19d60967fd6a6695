import django.contrib.postgres.fields
import django.core.serializers.json
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('lenders', '0001_initial'),
        ('organisations', '0001_initial'),
        ('organisations', '__first__'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='Filing',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('track', models.CharField(choices=[('industry', '工信渠道'), ('ndrc', '发改渠道')], default='industry', max_length=20, verbose_name='渠道')),
                ('state', models.CharField(choices=[('draft', '草稿'), ('in_review', '审核中'), ('returned', '已退回修改'), ('in_pool', '已入储备库'), ('reported', '已上报'), ('listed', '已列入备选项目清单'), ('not_listed', '未列入清单'), ('not_accepted', '不予受理'), ('refused', '审核不通过'), ('withdrawn', '企业撤回'), ('removed', '移出清单'), ('retired', '到期退库')], default='draft', max_length=20, verbose_name='状态')),
                ('title', models.CharField(blank=True, max_length=200, verbose_name='项目名称')),
                ('form', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='申报表')),
                ('form_saved_at', models.DateTimeField(blank=True, null=True, verbose_name='保存时间')),
                ('open_fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None, verbose_name='可修改字段')),
                ('submitted_at', models.DateTimeField(blank=True, null=True, verbose_name='提交时间')),
                ('returns', models.PositiveSmallIntegerField(default=0, verbose_name='退回次数')),
                ('list_number', models.CharField(blank=True, max_length=60, verbose_name='清单批次')),
                ('listed_on', models.DateField(blank=True, null=True, verbose_name='列入日期')),
                ('batch', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='organisations.batch', verbose_name='批次')),
                ('firm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='organisations.organisation', verbose_name='企业')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.programme', verbose_name='政策项目')),
            ],
            options={
                'verbose_name': '申报',
                'verbose_name_plural': '申报',
            },
        ),
        migrations.CreateModel(
            name='Project',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('name', models.CharField(max_length=200, verbose_name='项目名称')),
                ('code', models.CharField(blank=True, max_length=24, verbose_name='项目代码')),
                ('action', models.CharField(choices=[('advanced_equipment', '先进设备更新'), ('digital', '数字化转型'), ('green', '绿色装备推广'), ('safety', '本质安全水平提升')], max_length=30, verbose_name='申报方向')),
                ('content', models.TextField(verbose_name='建设内容')),
                ('loan_purpose', models.TextField(verbose_name='贷款用途')),
                ('starts_on', models.DateField(verbose_name='开工日期')),
                ('completes_on', models.DateField(verbose_name='竣工日期')),
                ('total_investment', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='总投资（元）')),
                ('equipment_investment', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='设备投资（元）')),
                ('own_capital', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='自有资金（元）')),
                ('invested', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='已完成投资（元）')),
                ('firm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='projects', to='organisations.organisation', verbose_name='企业')),
                ('industry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.industry', verbose_name='行业')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='建设地点')),
                ('zone', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.unit', verbose_name='开发区')),
            ],
            options={
                'verbose_name': '项目',
                'verbose_name_plural': '项目',
                'constraints': [models.UniqueConstraint(condition=models.Q(('code', ''), _negated=True), fields=('firm', 'code'), name='one_project_per_code_and_firm'), models.CheckConstraint(condition=models.Q(('equipment_investment__lte', models.F('total_investment'))), name='equipment_within_total')],
            },
        ),
        migrations.CreateModel(
            name='Need',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='融资需求（元）')),
                ('term_months', models.PositiveSmallIntegerField(verbose_name='期限（月）')),
                ('rate_cap_bp', models.PositiveIntegerField(blank=True, null=True, verbose_name='期望利率上限（基点）')),
                ('securities', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('credit', '信用'), ('mortgage', '抵押'), ('pledge', '质押'), ('guarantee', '保证'), ('guarantor', '担保公司担保')], max_length=20), size=None, verbose_name='担保方式')),
                ('open_to_other_banks', models.BooleanField(default=False, verbose_name='愿向其他银行公开需求')),
                ('asks_for_suggestions', models.BooleanField(default=False, verbose_name='请求推荐其他银行')),
                ('parked_reason', models.CharField(blank=True, max_length=200, verbose_name='暂停对接原因')),
                ('filing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='needs', to='projects.filing', verbose_name='申报')),
                ('firm', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='needs', to='organisations.organisation', verbose_name='企业')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='needs', to='projects.project', verbose_name='项目')),
            ],
            options={
                'verbose_name': '融资需求',
                'verbose_name_plural': '融资需求',
                'constraints': [models.UniqueConstraint(fields=('filing', 'year'), name='need_once_a_year'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='need_amount_positive')],
            },
        ),
        migrations.AddField(
            model_name='filing',
            name='project',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='filings', to='projects.project', verbose_name='项目'),
        ),
        migrations.CreateModel(
            name='EquipmentItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('position', models.PositiveSmallIntegerField(verbose_name='序号')),
                ('replaces', models.CharField(blank=True, max_length=200, verbose_name='拟淘汰设备')),
                ('name', models.CharField(max_length=200, verbose_name='设备名称')),
                ('model', models.CharField(blank=True, max_length=100, verbose_name='型号')),
                ('unit_price', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='单价（元）')),
                ('quantity', models.PositiveIntegerField(verbose_name='数量')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='金额（元）')),
                ('supplier', models.CharField(blank=True, max_length=200, verbose_name='供应商')),
                ('supplier_uscc', models.CharField(blank=True, max_length=18, verbose_name='供应商统一社会信用代码')),
                ('is_software', models.BooleanField(default=False, verbose_name='软件')),
                ('project', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='equipment', to='projects.project', verbose_name='项目')),
            ],
            options={
                'verbose_name': '设备清单',
                'verbose_name_plural': '设备清单',
                'constraints': [models.UniqueConstraint(fields=('project', 'position'), name='equipment_position_once')],
            },
        ),
        migrations.CreateModel(
            name='ProjectEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('name', models.CharField(max_length=200, verbose_name='项目名称')),
                ('code', models.CharField(blank=True, max_length=24, verbose_name='项目代码')),
                ('action', models.CharField(choices=[('advanced_equipment', '先进设备更新'), ('digital', '数字化转型'), ('green', '绿色装备推广'), ('safety', '本质安全水平提升')], max_length=30, verbose_name='申报方向')),
                ('content', models.TextField(verbose_name='建设内容')),
                ('loan_purpose', models.TextField(verbose_name='贷款用途')),
                ('starts_on', models.DateField(verbose_name='开工日期')),
                ('completes_on', models.DateField(verbose_name='竣工日期')),
                ('total_investment', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='总投资（元）')),
                ('equipment_investment', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='设备投资（元）')),
                ('own_capital', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='自有资金（元）')),
                ('invested', models.DecimalField(decimal_places=2, default=0, max_digits=18, verbose_name='已完成投资（元）')),
                ('firm', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.organisation', verbose_name='企业')),
                ('industry', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.industry', verbose_name='行业')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='projects.project')),
                ('region', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.region', verbose_name='建设地点')),
                ('zone', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.unit', verbose_name='开发区')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ProjectFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('kind', models.CharField(max_length=40, verbose_name='材料类别')),
                ('name', models.CharField(max_length=200, verbose_name='文件名')),
                ('content', models.FileField(upload_to='filings/%Y/%m/', verbose_name='文件')),
                ('size', models.PositiveIntegerField(verbose_name='大小（字节）')),
                ('sha256', models.CharField(max_length=64, verbose_name='摘要')),
                ('uploaded_at', models.DateTimeField(verbose_name='上传时间')),
                ('filing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='files', to='projects.filing', verbose_name='申报')),
            ],
            options={
                'verbose_name': '申报材料',
                'verbose_name_plural': '申报材料',
            },
        ),
        migrations.CreateModel(
            name='ReviewStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('position', models.PositiveSmallIntegerField(verbose_name='顺序')),
                ('stage', models.CharField(choices=[('handler', '经办'), ('checker', '复核'), ('signer', '签发')], max_length=20, verbose_name='环节')),
                ('working_days', models.PositiveSmallIntegerField(verbose_name='时限（工作日）')),
                ('started_at', models.DateTimeField(blank=True, null=True, verbose_name='收件')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='到期')),
                ('passed_at', models.DateTimeField(blank=True, null=True, verbose_name='办结')),
                ('opinion', models.TextField(blank=True, verbose_name='意见')),
                ('filing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='projects.filing', verbose_name='申报')),
                ('passed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='办理人')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='steps', to='organisations.unit', verbose_name='单位')),
            ],
            options={
                'verbose_name': '审核环节',
                'verbose_name_plural': '审核环节',
                'indexes': [models.Index(fields=['unit', 'filing'], name='review_step_unit')],
                'constraints': [models.UniqueConstraint(fields=('filing', 'position'), name='review_step_position_once')],
            },
        ),
        migrations.AddField(
            model_name='filing',
            name='current_step',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='projects.reviewstep', verbose_name='当前环节'),
        ),
        migrations.CreateModel(
            name='Disclosure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('scope', models.CharField(choices=[('outline', '仅行业、金额区间、县域'), ('file', '申报全文')], max_length=20, verbose_name='范围')),
                ('basis', models.CharField(choices=[('named', '企业自主填报'), ('consent', '企业同意'), ('deal', '已对接')], max_length=20, verbose_name='依据')),
                ('valid_from', models.DateTimeField(verbose_name='自')),
                ('valid_until', models.DateTimeField(blank=True, null=True, verbose_name='至')),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True, verbose_name='撤回')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='organisations.organisation', verbose_name='披露对象')),
                ('filing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='disclosures', to='projects.filing', verbose_name='申报')),
            ],
            options={
                'verbose_name': '信息披露',
                'verbose_name_plural': '信息披露',
                'indexes': [models.Index(fields=['organisation', 'filing'], name='disclosure_organisation')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('filing', 'organisation', 'scope'), name='one_open_disclosure')],
            },
        ),
        migrations.CreateModel(
            name='FilingVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('number', models.PositiveSmallIntegerField(verbose_name='版次')),
                ('form', models.JSONField(encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='申报表')),
                ('sha256', models.CharField(max_length=64, verbose_name='摘要')),
                ('submitted_at', models.DateTimeField(verbose_name='提交时间')),
                ('filing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='projects.filing', verbose_name='申报')),
            ],
            options={
                'verbose_name': '申报版次',
                'verbose_name_plural': '申报版次',
                'constraints': [models.UniqueConstraint(fields=('filing', 'number'), name='filing_version_once')],
            },
        ),
        migrations.CreateModel(
            name='IntendedBank',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('rank', models.PositiveSmallIntegerField(verbose_name='顺序')),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lenders.branch', verbose_name='银行机构')),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='intended_banks', to='projects.need', verbose_name='需求')),
            ],
            options={
                'verbose_name': '意向银行',
                'verbose_name_plural': '意向银行',
                'constraints': [models.UniqueConstraint(fields=('need', 'rank'), name='intended_rank_once'), models.UniqueConstraint(fields=('need', 'branch'), name='intended_branch_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='project',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "projects_projectevent" ("action", "code", "completes_on", "content", "equipment_investment", "firm_id", "id", "industry_id", "invested", "loan_purpose", "name", "own_capital", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "province", "region_id", "starts_on", "total_investment", "zone_id") VALUES (NEW."action", NEW."code", NEW."completes_on", NEW."content", NEW."equipment_investment", NEW."firm_id", NEW."id", NEW."industry_id", NEW."invested", NEW."loan_purpose", NEW."name", NEW."own_capital", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."province", NEW."region_id", NEW."starts_on", NEW."total_investment", NEW."zone_id"); RETURN NULL;', hash='35fdaf857ecddb3f97a9b1d6086cb5a18ababb0c', operation='INSERT', pgid='pgtrigger_insert_insert_2e147', table='projects_project', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='project',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "projects_projectevent" ("action", "code", "completes_on", "content", "equipment_investment", "firm_id", "id", "industry_id", "invested", "loan_purpose", "name", "own_capital", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "province", "region_id", "starts_on", "total_investment", "zone_id") VALUES (NEW."action", NEW."code", NEW."completes_on", NEW."content", NEW."equipment_investment", NEW."firm_id", NEW."id", NEW."industry_id", NEW."invested", NEW."loan_purpose", NEW."name", NEW."own_capital", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."province", NEW."region_id", NEW."starts_on", NEW."total_investment", NEW."zone_id"); RETURN NULL;', hash='b645d3d816ce631dd4cce9b9fb275e5811b00b85', operation='UPDATE', pgid='pgtrigger_update_update_804c3', table='projects_project', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='filing',
            index=models.Index(fields=['state', 'province'], name='filing_state'),
        ),
        migrations.AddIndex(
            model_name='filing',
            index=models.Index(condition=models.Q(('state', 'in_review')), fields=['current_step'], name='filing_inbox'),
        ),
        migrations.AddConstraint(
            model_name='filing',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', ['in_review', 'returned', 'in_pool', 'reported', 'listed'])), fields=('project', 'track'), name='one_live_filing_per_project_and_track'),
        ),
        migrations.AddConstraint(
            model_name='filing',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['draft', 'withdrawn']), models.Q(('project', None), _negated=True), _connector='OR'), name='submitted_has_project'),
        ),
    ]
