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
        ('projects', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Round',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('number', models.CharField(max_length=40, verbose_name='轮次编号')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='缘由')),
                ('state', models.CharField(choices=[('planned', '已计划'), ('frozen', '已冻结'), ('solving', '计算中'), ('solved', '待发布'), ('published', '已发布'), ('void', '已作废'), ('failed', '失败')], default='planned', max_length=20, verbose_name='状态')),
                ('planned_for', models.DateField(verbose_name='计划日期')),
                ('steps', models.PositiveIntegerField(default=400000, verbose_name='搜索步数')),
                ('seed', models.PositiveIntegerField(default=0, verbose_name='随机种子')),
                ('time_limit_s', models.PositiveIntegerField(default=600, verbose_name='安全时限（秒）')),
                ('attempt', models.PositiveIntegerField(default=0, verbose_name='尝试次数')),
                ('lease_until', models.DateTimeField(blank=True, null=True, verbose_name='租约到期')),
                ('cancel_requested', models.BooleanField(default=False, verbose_name='请求取消')),
                ('progress', models.JSONField(blank=True, default=dict, verbose_name='进度')),
                ('needs', models.PositiveIntegerField(default=0, verbose_name='需求数')),
                ('options', models.PositiveIntegerField(default=0, verbose_name='候选数')),
                ('matched', models.PositiveIntegerField(default=0, verbose_name='推荐数')),
                ('value', models.BigIntegerField(blank=True, null=True, verbose_name='得分')),
                ('bound', models.BigIntegerField(blank=True, null=True, verbose_name='上界')),
                ('snapshot_sha256', models.CharField(blank=True, max_length=64, verbose_name='快照摘要')),
                ('problem_sha256', models.CharField(blank=True, max_length=64, verbose_name='问题摘要')),
                ('result_sha256', models.CharField(blank=True, max_length=64, verbose_name='结果摘要')),
                ('failure', models.TextField(blank=True, verbose_name='失败原因')),
                ('frozen_at', models.DateTimeField(blank=True, null=True, verbose_name='冻结时间')),
                ('solved_at', models.DateTimeField(blank=True, null=True, verbose_name='完成时间')),
                ('seconds', models.DecimalField(blank=True, decimal_places=3, max_digits=10, null=True, verbose_name='计算用时（秒）')),
                ('published_at', models.DateTimeField(blank=True, null=True, verbose_name='发布时间')),
                ('next_round_on', models.DateField(blank=True, null=True, verbose_name='下一轮日期')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='matching.round', verbose_name='上级轮次')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rounds', to='organisations.programme', verbose_name='政策项目')),
                ('proposed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='提请发布')),
                ('published_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='审定发布')),
            ],
            options={
                'verbose_name': '推荐轮次',
                'verbose_name_plural': '推荐轮次',
            },
        ),
        migrations.CreateModel(
            name='RoundData',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('header', models.BinaryField(verbose_name='快照文件头')),
                ('arrays', models.BinaryField(verbose_name='快照数组')),
                ('result', models.BinaryField(null=True, verbose_name='结果')),
                ('round', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='data', to='matching.round', verbose_name='轮次')),
            ],
            options={
                'verbose_name': '轮次数据',
                'verbose_name_plural': '轮次数据',
            },
        ),
        migrations.CreateModel(
            name='Weights',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('document_no', models.CharField(max_length=100, verbose_name='文号')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('state', models.CharField(choices=[('draft', '草拟'), ('approved', '已发布'), ('replaced', '已停用')], default='draft', max_length=20, verbose_name='状态')),
                ('points', models.JSONField(verbose_name='各项分值')),
                ('is_sample', models.BooleanField(default=False, verbose_name='示例')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='审定人')),
                ('drafted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='草拟人')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.programme', verbose_name='政策项目')),
            ],
            options={
                'verbose_name': '评分权重',
                'verbose_name_plural': '评分权重',
                'constraints': [models.UniqueConstraint(fields=('province', 'programme', 'document_no'), name='weights_document_once'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'approved'), _negated=True), models.Q(('approved_by', models.F('drafted_by')), _negated=True), _connector='OR'), name='weights_two_people')],
            },
        ),
        migrations.AddField(
            model_name='round',
            name='weights',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='matching.weights', verbose_name='评分权重'),
        ),
        migrations.CreateModel(
            name='Floor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('name', models.CharField(max_length=100, verbose_name='名称')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='保底金额（元）')),
                ('penalty_num', models.PositiveSmallIntegerField(verbose_name='罚分分子')),
                ('penalty_den', models.PositiveSmallIntegerField(help_text='2 的幂，不超过 256', verbose_name='罚分分母')),
                ('document_no', models.CharField(max_length=100, verbose_name='依据')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.programme', verbose_name='政策项目')),
                ('regions', models.ManyToManyField(related_name='+', to='organisations.region', verbose_name='区划')),
            ],
            options={
                'verbose_name': '区域保底',
                'verbose_name_plural': '区域保底',
                'constraints': [models.CheckConstraint(condition=models.Q(('penalty_num__lt', models.F('penalty_den'))), name='floor_penalty_below_one')],
            },
        ),
        migrations.CreateModel(
            name='PinBan',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('kind', models.CharField(choices=[('pin', '锁定'), ('ban', '排除')], max_length=10, verbose_name='类型')),
                ('reason', models.CharField(max_length=300, verbose_name='理由')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='审定人')),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lenders.branch', verbose_name='银行机构')),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='pins', to='projects.need', verbose_name='需求')),
                ('set_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='设置人')),
            ],
            options={
                'verbose_name': '锁定与排除',
                'verbose_name_plural': '锁定与排除',
                'constraints': [models.UniqueConstraint(fields=('need', 'branch', 'kind', 'valid_from'), name='pin_once'), models.CheckConstraint(condition=models.Q(('approved_by', None), models.Q(('approved_by', models.F('set_by')), _negated=True), _connector='OR'), name='pin_two_people')],
            },
        ),
        migrations.CreateModel(
            name='Refusal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, verbose_name='原因代码')),
                ('facts_sha256', models.CharField(max_length=64, verbose_name='依据事实摘要')),
                ('refused_at', models.DateTimeField(verbose_name='时间')),
                ('lifted_at', models.DateTimeField(blank=True, null=True, verbose_name='解除')),
                ('lifted_because', models.CharField(blank=True, max_length=200, verbose_name='解除原因')),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lenders.branch', verbose_name='银行机构')),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='refusals', to='projects.need', verbose_name='需求')),
            ],
            options={
                'verbose_name': '银行谢绝',
                'verbose_name_plural': '银行谢绝',
                'constraints': [models.UniqueConstraint(condition=models.Q(('lifted_at', None)), fields=('need', 'branch'), name='one_open_refusal')],
            },
        ),
        migrations.CreateModel(
            name='Recommendation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('rank', models.PositiveSmallIntegerField(verbose_name='顺位')),
                ('state', models.CharField(choices=[('drafted', '待发布'), ('published', '已发布'), ('standby', '候补'), ('no_room', '预留未成'), ('spent', '候补未启用'), ('void', '作废')], default='drafted', max_length=20, verbose_name='状态')),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='金额（元）')),
                ('rate_bp', models.PositiveIntegerField(verbose_name='产品利率（基点）')),
                ('cost_bp', models.IntegerField(verbose_name='贴息后综合成本（基点）')),
                ('stack', models.JSONField(blank=True, default=list, help_text='预计享受的贴息政策版本', verbose_name='贴息组合')),
                ('subsidy_by_year', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='预计贴息（按年）')),
                ('value', models.BigIntegerField(verbose_name='得分')),
                ('terms', models.JSONField(default=dict, verbose_name='各项得分')),
                ('is_named', models.BooleanField(default=False, verbose_name='企业意向银行')),
                ('hold_key', models.CharField(blank=True, max_length=160, verbose_name='预留业务键')),
                ('explanation', models.JSONField(blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='理由')),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recommendations', to='lenders.branch', verbose_name='银行机构')),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recommendations', to='projects.need', verbose_name='需求')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='lenders.product', verbose_name='产品')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='recommendations', to='matching.round', verbose_name='轮次')),
            ],
            options={
                'verbose_name': '推荐',
                'verbose_name_plural': '推荐',
                'indexes': [models.Index(fields=['branch', 'state'], name='recommendation_branch')],
                'constraints': [models.UniqueConstraint(fields=('round', 'need', 'rank'), name='recommendation_rank_once')],
            },
        ),
        migrations.CreateModel(
            name='NonMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, verbose_name='主要原因')),
                ('explanation', models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name='说明')),
                ('need', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='non_matches', to='projects.need', verbose_name='需求')),
                ('round', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='non_matches', to='matching.round', verbose_name='轮次')),
            ],
            options={
                'verbose_name': '未获推荐说明',
                'verbose_name_plural': '未获推荐说明',
                'constraints': [models.UniqueConstraint(fields=('round', 'need'), name='non_match_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rounddata',
            trigger=pgtrigger.compiler.Trigger(name='no_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='4b748c2acfd290d1d00206402716b0ae593c7bd2', operation='DELETE', pgid='pgtrigger_no_delete_e397e', table='matching_rounddata', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rounddata',
            trigger=pgtrigger.compiler.Trigger(name='frozen_snapshot', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."header" IS DISTINCT FROM (NEW."header") OR OLD."arrays" IS DISTINCT FROM (NEW."arrays") OR OLD."result" IS NOT NULL)', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='809f40758e30d33382a2c7f4a364d4235a8234d1', operation='UPDATE', pgid='pgtrigger_frozen_snapshot_fe8bf', table='matching_rounddata', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.UniqueConstraint(fields=('province', 'number'), name='round_number_once'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.UniqueConstraint(condition=models.Q(('parent', None), ('state__in', ['frozen', 'solving', 'solved'])), fields=('province', 'programme'), name='one_open_parent_round'),
        ),
        migrations.AddConstraint(
            model_name='round',
            constraint=models.CheckConstraint(condition=models.Q(('published_by', None), models.Q(('published_by', models.F('proposed_by')), _negated=True), _connector='OR'), name='round_two_people'),
        ),
    ]
