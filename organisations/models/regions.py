"""Where: the dated tree of administrative regions, and the tags a policy gives to some of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from common.models import Provincial


class Region(Provincial):
    """An administrative region of GB/T 2260, dated. Its place in the tree is what the rows say, never what the digits suggest."""

    class Level(models.TextChoices):
        PROVINCE = "province", _("省级")
        PREFECTURE = "prefecture", _("市州")
        COUNTY = "county", _("县（市、区）")
        COUNTY_DIRECT = "county_direct", _("省直管县级")

    code = models.CharField(_("行政区划代码"), max_length=6)
    name = models.CharField(_("名称"), max_length=60)
    pinyin = models.CharField(_("拼音"), max_length=100)
    initials = models.CharField(_("拼音首字母"), max_length=20)
    level = models.CharField(_("层级"), max_length=20, choices=Level)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("上级区划"))
    municipal = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("所属市级单元"),
        help_text=_("17 个市州之一；省直管县级单位属于自身"),
    )
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("继任区划"))

    class Meta:
        verbose_name = _("行政区划")
        verbose_name_plural = _("行政区划")
        constraints = (models.UniqueConstraint(fields=["code", "valid_from"], name="region_code_dated"),)

    def __str__(self) -> str:
        return self.name


class RegionTag(Provincial):
    region = models.ForeignKey(Region, models.CASCADE, related_name="tags", verbose_name=_("区划"))
    kind = models.CharField(_("类别"), max_length=40)
    value = models.CharField(_("取值"), max_length=60)
    source = models.CharField(_("依据"), max_length=200)
    is_fictional = models.BooleanField(_("演示数据"), default=False)
    valid_from = models.DateField(_("生效日期"))
    valid_to = models.DateField(_("失效日期"), null=True, blank=True)

    class Meta:
        verbose_name = _("区划标签")
        verbose_name_plural = _("区划标签")
        constraints = (models.UniqueConstraint(fields=["region", "kind", "value", "valid_from"], name="region_tag_dated"),)

    def __str__(self) -> str:
        return f"{self.region} {self.kind}={self.value}"
