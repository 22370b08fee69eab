"""What files of each kind of record can hold, beside orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from crm_core.translation import N_

FieldType: TypeAlias = Literal["text", "prose", "code", "instant", "day", "money", "flag", "email", "country"]


@dataclass(frozen=True)
class KindField:
    """One field of a file: its name in mapping files, what it holds, the most characters, and other usual names.

    A code is a text that the mapping may translate: `codes.priority."1 - Critical" = "urgent"`.
    """

    name: str
    type: FieldType = "text"
    limit: int = 200
    is_required: bool = False
    synonyms: tuple[str, ...] = ()


def _f(name: str, type_: FieldType = "text", limit: int = 200, *, needed: bool = False, also: str = "") -> KindField:
    return KindField(name, type_, limit, needed, (name.replace("_", ""), *also.split()))


_CUSTOMER = (
    _f("customer_ref", "code", 64, also="customerid customerno customernumber accountid 客户编号"),
    _f("customer_name", "code", also="customer account client caller company 客户名称 客户"),
)
_PRODUCT = (
    _f("product_code", "code", 64, also="productid sku 产品编号"),
    _f("product_name", "code", 300, also="product 产品 产品名称"),
)

LABELS: Mapping[str, str] = {
    "customer_ref": N_("Customer reference"),
    "customer_name": N_("Customer name"),
    "product_code": N_("Product code"),
    "product_name": N_("Product name"),
    "ref": N_("Reference"),
    "name": N_("Name"),
    "kind": N_("Kind"),
    "email": N_("E-mail"),
    "phone": N_("Phone"),
    "country": N_("Country"),
    "region": N_("Region"),
    "city": N_("City"),
    "address": N_("Address"),
    "postcode": N_("Postcode"),
    "source": N_("Source"),
    "has_marketing_consent": N_("Marketing consent"),
    "notes": N_("Notes"),
    "code": N_("Code"),
    "category": N_("Category"),
    "unit_price": N_("Unit price"),
    "number": N_("Number"),
    "opened_at": N_("Opened at"),
    "subject": N_("Subject"),
    "text": N_("Text"),
    "channel": N_("Channel"),
    "priority": N_("Priority"),
    "status": N_("Status"),
    "assignee": N_("Assigned to"),
    "team": N_("Team"),
    "updated_at": N_("Updated at"),
    "first_replied_at": N_("First replied at"),
    "resolved_at": N_("Resolved at"),
    "is_sla_met": N_("Targets met"),
    "is_satisfied": N_("Satisfied"),
    "stage": N_("Stage"),
    "amount": N_("Amount"),
    "expected_close_on": N_("Expected close"),
    "closed_at": N_("Closed at"),
    "owner": N_("Owner"),
    "lost_reason": N_("Why it was lost"),
    "title": N_("Title"),
    "value": N_("Worth per year"),
    "created_at": N_("Created at"),
    "member": N_("Member"),
}
"""What each field is called where people map it."""

KIND_FIELDS: Mapping[str, tuple[KindField, ...]] = {
    "customers": (
        _f("ref", "code", 64, needed=True, also="customerid customerref reference id customernumber 客户编号 编号"),
        _f("name", "text", also="customername fullname company account 客户名称 姓名 名称"),
        _f("kind", "code", 16, also="type 类型"),
        _f("email", "email", 254, also="emailaddress mail 邮箱 电子邮件"),
        _f("phone", "text", 64, also="phonenumber telephone mobile 电话 手机"),
        _f("country", "country", 100, also="countrycode 国家"),
        _f("region", "text", 100, also="state province 地区 省份"),
        _f("city", "text", 100, also="town 城市"),
        _f("address", "text", 300, also="street 地址"),
        _f("postcode", "text", 20, also="zip zipcode postalcode 邮编"),
        _f("source", "code", 64, also="origin 来源"),
        _f("has_marketing_consent", "flag", also="consent optin marketing 营销同意"),
        _f("notes", "prose", 100_000, also="note comment 备注"),
    ),
    "products": (
        _f("code", "code", 64, needed=True, also="productcode productid sku id 编号 产品编号"),
        _f("name", "text", 300, also="productname product title 名称 产品名称"),
        _f("category", "code", 100, also="series group 类别 分类"),
        _f("unit_price", "money", also="price salesprice listprice 单价 价格"),
    ),
    "tickets": (
        _f("number", "code", 64, needed=True, also="ticketnumber ticketid ticket id complaintid caseid 工单号 编号"),
        _f(
            "opened_at", "instant", needed=True, also="created createdat opened datereceived openedon 创建时间 提交时间"
        ),
        _f("subject", "text", 300, also="title summary issue 主题 标题"),
        _f("text", "prose", 100_000, also="description body narrative message 正文 描述 内容"),
        _f("channel", "code", 64, also="via submittedvia contacttype source 渠道"),
        _f("category", "code", 100, also="type topic 类别 分类"),
        _f("priority", "code", 64, also="severity 优先级"),
        _f("status", "code", 64, also="state incidentstate 状态"),
        *_CUSTOMER,
        *_PRODUCT,
        _f("assignee", "code", also="assignedto agent owner 负责人 处理人"),
        _f("team", "code", 120, also="assignmentgroup group queue 团队 部门"),
        _f("updated_at", "instant", also="updated updatedon lastupdate 更新时间"),
        _f("first_replied_at", "instant", also="firstresponse firstreply 首次回复"),
        _f("resolved_at", "instant", also="resolved resolvedon closedat 解决时间 关闭时间"),
        _f("is_sla_met", "flag", also="madesla slamet timely"),
        _f("is_satisfied", "flag", also="satisfied csat 满意"),
    ),
    "deals": (
        _f("number", "code", 64, needed=True, also="dealid opportunityid id dealnumber 商机编号 编号"),
        _f("stage", "code", 64, needed=True, also="dealstage status 阶段"),
        _f("opened_at", "instant", also="created createdat engagedate opendate 创建时间"),
        _f("name", "text", also="dealname title opportunity 名称 商机名称"),
        *_CUSTOMER,
        *_PRODUCT,
        _f("amount", "money", also="value closevalue dealvalue 金额"),
        _f("expected_close_on", "day", also="expectedclose expectedclosedate 预计成交"),
        _f("closed_at", "instant", also="closedate closed 成交日期 关闭时间"),
        _f("owner", "code", also="salesagent salesperson rep 负责人 销售"),
        _f("source", "code", 64, also="leadsource origin 来源"),
        _f("lost_reason", "text", also="reason 丢单原因"),
        _f("notes", "prose", 100_000, also="note comment 备注"),
    ),
    "teams": (_f("member", "code", needed=True), _f("team", "code", 120, needed=True)),
    "needs": (
        _f("title", "text", needed=True, also="need request subject 标题 需求"),
        _f("text", "prose", 100_000, also="description 描述"),
        *_CUSTOMER,
        *_PRODUCT,
        _f("priority", "code", 64, also="importance 优先级"),
        _f("status", "code", 64, also="state 状态"),
        _f("value", "money", also="worth 价值"),
        _f("owner", "code", also="responsible 负责人"),
        _f("created_at", "instant", also="created date 创建时间"),
    ),
}

KEYS = {
    "customers": "ref",
    "products": "code",
    "tickets": "number",
    "deals": "number",
    "needs": "title",
    "teams": "member",
}
"""The field by which a row is known again; of needs together with their customer."""
