import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('pghistory', '0007_auto_20250421_0444'),
    ]

    operations = [
        migrations.CreateModel(
            name='Organisation',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('kind', models.CharField(choices=[('firm', '企业'), ('unit', '政府部门'), ('bank', '银行'), ('branch', '银行机构'), ('guarantor', '担保机构'), ('lessor', '租赁公司'), ('institute', '科研院所')], max_length=20, verbose_name='类型')),
                ('name', models.CharField(max_length=200, verbose_name='名称')),
                ('name_en', models.CharField(blank=True, max_length=200, verbose_name='英文名称')),
                ('uscc', models.CharField(blank=True, max_length=18, verbose_name='统一社会信用代码')),
                ('is_active', models.BooleanField(default=True, verbose_name='启用')),
            ],
            options={
                'verbose_name': '机构',
                'verbose_name_plural': '机构',
            },
        ),
        migrations.CreateModel(
            name='Programme',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='代码')),
                ('name', models.CharField(max_length=100, verbose_name='名称')),
                ('name_en', models.CharField(blank=True, max_length=100, verbose_name='英文名称')),
            ],
            options={
                'verbose_name': '政策项目',
                'verbose_name_plural': '政策项目',
            },
        ),
        migrations.CreateModel(
            name='ReviewReason',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='代码')),
                ('verb', models.CharField(max_length=20, verbose_name='步骤')),
                ('sentence', models.CharField(max_length=200, verbose_name='说明')),
                ('sentence_en', models.CharField(max_length=300, verbose_name='英文说明')),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=60), blank=True, default=list, size=None, verbose_name='涉及字段')),
                ('basis', models.CharField(blank=True, max_length=200, verbose_name='依据')),
            ],
            options={
                'verbose_name': '审核意见用语',
                'verbose_name_plural': '审核意见用语',
            },
        ),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('username', models.CharField(error_messages={'unique': 'A user with that username already exists.'}, help_text='Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.', max_length=150, unique=True, validators=[django.contrib.auth.validators.UnicodeUsernameValidator()], verbose_name='username')),
                ('first_name', models.CharField(blank=True, max_length=150, verbose_name='first name')),
                ('last_name', models.CharField(blank=True, max_length=150, verbose_name='last name')),
                ('email', models.EmailField(blank=True, max_length=254, verbose_name='email address')),
                ('is_staff', models.BooleanField(default=False, help_text='Designates whether the user can log into this admin site.', verbose_name='staff status')),
                ('is_active', models.BooleanField(default=True, help_text='Designates whether this user should be treated as active. Unselect this instead of deleting accounts.', verbose_name='active')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, verbose_name='date joined')),
                ('display_name', models.CharField(blank=True, max_length=60, verbose_name='姓名')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='手机')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': '用户',
                'verbose_name_plural': '用户',
            },
            managers=[
                ('objects', django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name='Industry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=5, verbose_name='代码')),
                ('name', models.CharField(max_length=100, verbose_name='名称')),
                ('level', models.CharField(max_length=20, verbose_name='层级')),
                ('edition', models.PositiveSmallIntegerField(default=2017, verbose_name='标准年份')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='organisations.industry', verbose_name='上级')),
            ],
            options={
                'verbose_name': '行业分类',
                'verbose_name_plural': '行业分类',
                'constraints': [models.UniqueConstraint(fields=('code', 'edition'), name='industry_code_edition')],
            },
        ),
        migrations.CreateModel(
            name='FirmProfile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('size', models.CharField(choices=[('large', '大型'), ('medium', '中型'), ('small', '小型'), ('micro', '微型')], max_length=10, verbose_name='规模')),
                ('ownership', models.CharField(choices=[('private', '民营'), ('state', '国有'), ('foreign', '外资'), ('collective', '集体')], max_length=20, verbose_name='所有制')),
                ('founded_on', models.DateField(blank=True, null=True, verbose_name='成立日期')),
                ('legal_representative', models.CharField(blank=True, max_length=60, verbose_name='法定代表人')),
                ('contact_name', models.CharField(blank=True, max_length=60, verbose_name='联系人')),
                ('contact_phone', models.CharField(blank=True, max_length=30, verbose_name='联系电话')),
                ('staff', models.PositiveIntegerField(blank=True, null=True, verbose_name='职工人数')),
                ('honours', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None, verbose_name='荣誉资质')),
                ('industry', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.industry', verbose_name='行业')),
                ('house_bank', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation', verbose_name='基本户银行')),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='firm', to='organisations.organisation', verbose_name='企业')),
            ],
            options={
                'verbose_name': '企业概况',
                'verbose_name_plural': '企业概况',
            },
        ),
        migrations.CreateModel(
            name='IndustryTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('kind', models.CharField(max_length=40, verbose_name='类别')),
                ('value', models.CharField(max_length=60, verbose_name='取值')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
                ('is_fictional', models.BooleanField(default=False, verbose_name='演示数据')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('industry', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='organisations.industry', verbose_name='行业')),
            ],
            options={
                'verbose_name': '行业标签',
                'verbose_name_plural': '行业标签',
                'constraints': [models.UniqueConstraint(fields=('industry', 'kind', 'value', 'valid_from'), name='industry_tag_dated')],
            },
        ),
        migrations.CreateModel(
            name='Membership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('role', models.CharField(choices=[('firm_clerk', '企业经办人'), ('firm_owner', '企业负责人'), ('handler', '经办'), ('checker', '复核'), ('signer', '签发'), ('reader', '只读'), ('account_manager', '客户经理'), ('branch_manager', '支行负责人'), ('bank_provincial', '省分行管理员'), ('auditor', '审计'), ('unit_admin', '单位管理员'), ('system_operator', '运维')], max_length=20, verbose_name='岗位')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('engagement', models.CharField(blank=True, help_text='审计任务书文号等', max_length=200, verbose_name='委托依据')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to=settings.AUTH_USER_MODEL, verbose_name='用户')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='memberships', to='organisations.organisation', verbose_name='机构')),
            ],
            options={
                'verbose_name': '岗位',
                'verbose_name_plural': '岗位',
                'constraints': [models.UniqueConstraint(fields=('user', 'organisation', 'role'), name='membership_once')],
            },
        ),
        migrations.CreateModel(
            name='FirmYear',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('year', models.PositiveSmallIntegerField(verbose_name='年度')),
                ('assets', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='总资产（元）')),
                ('liabilities', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='总负债（元）')),
                ('revenue', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='营业收入（元）')),
                ('profit', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='利润总额（元）')),
                ('tax', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='纳税额（元）')),
                ('firm', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='years', to='organisations.organisation', verbose_name='企业')),
            ],
            options={
                'verbose_name': '企业年度数据',
                'verbose_name_plural': '企业年度数据',
                'constraints': [models.UniqueConstraint(fields=('firm', 'year'), name='firm_year_once')],
            },
        ),
        migrations.CreateModel(
            name='FirmProfileEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('id', models.BigIntegerField()),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('version', models.PositiveIntegerField(default=0, editable=False, verbose_name='版本')),
                ('size', models.CharField(choices=[('large', '大型'), ('medium', '中型'), ('small', '小型'), ('micro', '微型')], max_length=10, verbose_name='规模')),
                ('ownership', models.CharField(choices=[('private', '民营'), ('state', '国有'), ('foreign', '外资'), ('collective', '集体')], max_length=20, verbose_name='所有制')),
                ('founded_on', models.DateField(blank=True, null=True, verbose_name='成立日期')),
                ('legal_representative', models.CharField(blank=True, max_length=60, verbose_name='法定代表人')),
                ('contact_name', models.CharField(blank=True, max_length=60, verbose_name='联系人')),
                ('contact_phone', models.CharField(blank=True, max_length=30, verbose_name='联系电话')),
                ('staff', models.PositiveIntegerField(blank=True, null=True, verbose_name='职工人数')),
                ('honours', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), blank=True, default=list, size=None, verbose_name='荣誉资质')),
                ('pgh_context', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='pghistory.context')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='events', to='organisations.firmprofile')),
                ('industry', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.industry', verbose_name='行业')),
                ('house_bank', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.organisation', verbose_name='基本户银行')),
                ('organisation', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='organisations.organisation', verbose_name='企业')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='FirmBar',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('kind', models.CharField(max_length=40, verbose_name='类型')),
                ('reason', models.CharField(max_length=300, verbose_name='事由')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
                ('valid_from', models.DateField(verbose_name='自')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='至')),
                ('firm', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bars', to='organisations.organisation', verbose_name='企业')),
            ],
            options={
                'verbose_name': '限制名单',
                'verbose_name_plural': '限制名单',
            },
        ),
        migrations.CreateModel(
            name='PolicyParameter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(default='100000', help_text='100000 为全国；省内规定优先', max_length=6, verbose_name='省份代码')),
                ('key', models.CharField(max_length=60, verbose_name='参数')),
                ('value', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='值')),
                ('unit', models.CharField(help_text='yuan 元、bp 基点、days 日、working_days 工作日、months 月、count 个', max_length=20, verbose_name='单位')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('source', models.CharField(max_length=300, verbose_name='依据')),
                ('is_inferred', models.BooleanField(default=False, verbose_name='推定默认值')),
            ],
            options={
                'verbose_name': '政策参数',
                'verbose_name_plural': '政策参数',
                'constraints': [models.UniqueConstraint(fields=('province', 'key', 'valid_from'), name='policy_parameter_dated')],
            },
        ),
        migrations.CreateModel(
            name='Batch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('track', models.CharField(choices=[('industry', '工信渠道'), ('ndrc', '发改渠道')], max_length=20, verbose_name='渠道')),
                ('code', models.CharField(max_length=40, verbose_name='批次号')),
                ('name', models.CharField(max_length=100, verbose_name='名称')),
                ('opens_on', models.DateField(blank=True, null=True, verbose_name='开始受理')),
                ('county_closes_at', models.DateTimeField(verbose_name='县级截止')),
                ('city_closes_at', models.DateTimeField(verbose_name='市级截止')),
                ('province_closes_at', models.DateTimeField(verbose_name='省级截止')),
                ('programme', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='batches', to='organisations.programme', verbose_name='政策项目')),
            ],
            options={
                'verbose_name': '申报批次',
                'verbose_name_plural': '申报批次',
                'constraints': [models.UniqueConstraint(fields=('province', 'track', 'code'), name='batch_code_once')],
            },
        ),
        migrations.CreateModel(
            name='Region',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=6, verbose_name='行政区划代码')),
                ('name', models.CharField(max_length=60, verbose_name='名称')),
                ('pinyin', models.CharField(max_length=100, verbose_name='拼音')),
                ('initials', models.CharField(max_length=20, verbose_name='拼音首字母')),
                ('level', models.CharField(choices=[('province', '省级'), ('prefecture', '市州'), ('county', '县（市、区）'), ('county_direct', '省直管县级')], max_length=20, verbose_name='层级')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('municipal', models.ForeignKey(blank=True, help_text='17 个市州之一；省直管县级单位属于自身', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='所属市级单元')),
                ('parent', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='organisations.region', verbose_name='上级区划')),
                ('successor', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='继任区划')),
            ],
            options={
                'verbose_name': '行政区划',
                'verbose_name_plural': '行政区划',
                'constraints': [models.UniqueConstraint(fields=('code', 'valid_from'), name='region_code_dated')],
            },
        ),
        migrations.AddField(
            model_name='organisation',
            name='region',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.region', verbose_name='所在地'),
        ),
        migrations.CreateModel(
            name='RegionTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('kind', models.CharField(max_length=40, verbose_name='类别')),
                ('value', models.CharField(max_length=60, verbose_name='取值')),
                ('source', models.CharField(max_length=200, verbose_name='依据')),
                ('is_fictional', models.BooleanField(default=False, verbose_name='演示数据')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='organisations.region', verbose_name='区划')),
            ],
            options={
                'verbose_name': '区划标签',
                'verbose_name_plural': '区划标签',
                'constraints': [models.UniqueConstraint(fields=('region', 'kind', 'value', 'valid_from'), name='region_tag_dated')],
            },
        ),
        migrations.CreateModel(
            name='Unit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('code', models.CharField(max_length=40, unique=True, verbose_name='单位代码')),
                ('kind', models.CharField(choices=[('province', '省级'), ('city', '市级'), ('county', '县级'), ('zone', '开发区')], max_length=20, verbose_name='层级')),
                ('line', models.CharField(choices=[('industry', '经信'), ('ndrc', '发改'), ('finance', '财政'), ('central_bank', '人民银行'), ('regulator', '金融监管'), ('statistics', '统计')], max_length=20, verbose_name='条线')),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='unit', to='organisations.organisation', verbose_name='机构')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='units', to='organisations.region', verbose_name='行政区划')),
            ],
            options={
                'verbose_name': '审核单位',
                'verbose_name_plural': '审核单位',
            },
        ),
        migrations.CreateModel(
            name='ReviewChain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('process', models.CharField(choices=[('industry', '工信渠道'), ('ndrc', '发改渠道'), ('finance', '财政贴息'), ('statistics', '统计')], max_length=20, verbose_name='流程')),
                ('stages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), help_text='handler 经办、checker 复核、signer 签发', size=None, verbose_name='环节')),
                ('working_days', models.PositiveSmallIntegerField(verbose_name='办理时限（工作日）')),
                ('valid_from', models.DateField(verbose_name='生效日期')),
                ('valid_to', models.DateField(blank=True, null=True, verbose_name='失效日期')),
                ('next_unit', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.unit', verbose_name='下一单位')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='chains', to='organisations.unit', verbose_name='单位')),
            ],
            options={
                'verbose_name': '审核链',
                'verbose_name_plural': '审核链',
                'constraints': [models.UniqueConstraint(fields=('process', 'unit', 'valid_from'), name='chain_link_dated')],
            },
        ),
        migrations.CreateModel(
            name='UnitCovers',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('province', models.CharField(max_length=6, verbose_name='省份代码')),
                ('region', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='covered_by', to='organisations.region', verbose_name='区划')),
                ('unit', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='covers', to='organisations.unit', verbose_name='单位')),
            ],
            options={
                'verbose_name': '受理范围',
                'verbose_name_plural': '受理范围',
                'constraints': [models.UniqueConstraint(fields=('unit', 'region'), name='unit_covers_region_once')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='firmprofile',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "organisations_firmprofileevent" ("contact_name", "contact_phone", "founded_on", "honours", "house_bank_id", "id", "industry_id", "legal_representative", "organisation_id", "ownership", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "province", "size", "staff", "version") VALUES (NEW."contact_name", NEW."contact_phone", NEW."founded_on", NEW."honours", NEW."house_bank_id", NEW."id", NEW."industry_id", NEW."legal_representative", NEW."organisation_id", NEW."ownership", _pgh_attach_context(), NOW(), \'insert\', NEW."id", NEW."province", NEW."size", NEW."staff", NEW."version"); RETURN NULL;', hash='525149659ad630933261755f57595f999c769040', operation='INSERT', pgid='pgtrigger_insert_insert_f89f2', table='organisations_firmprofile', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='firmprofile',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "organisations_firmprofileevent" ("contact_name", "contact_phone", "founded_on", "honours", "house_bank_id", "id", "industry_id", "legal_representative", "organisation_id", "ownership", "pgh_context_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "province", "size", "staff", "version") VALUES (NEW."contact_name", NEW."contact_phone", NEW."founded_on", NEW."honours", NEW."house_bank_id", NEW."id", NEW."industry_id", NEW."legal_representative", NEW."organisation_id", NEW."ownership", _pgh_attach_context(), NOW(), \'update\', NEW."id", NEW."province", NEW."size", NEW."staff", NEW."version"); RETURN NULL;', hash='6bfb45527e53331d5e64468940e3ee8a06fc2f62', operation='UPDATE', pgid='pgtrigger_update_update_5abde', table='organisations_firmprofile', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='organisation',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'firm'), models.Q(('uscc', ''), _negated=True)), fields=('uscc',), name='one_firm_per_uscc'),
        ),
    ]
