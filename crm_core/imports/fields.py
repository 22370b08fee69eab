"""The fields an order file can fill, and the column names they usually go by."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass

from crm_core.translation import N_


@dataclass(frozen=True)
class OrderField:
    """One field of an order file: its name in mapping files, whether it must be there, and what it holds.

    A required field with an `alternative` may be left out where the alternative is mapped. `label` and `description`
    are English templates, translated where they are shown; `synonyms` are column names it is recognised by, as
    `plain` gives them, the likeliest first.
    """

    name: str
    label: str
    description: str
    synonyms: tuple[str, ...]
    is_required: bool = False
    alternative: str | None = None


def _field(
    name: str, label: str, synonyms: str, description: str, *, required: bool = False, alternative: str | None = None
) -> OrderField:
    return OrderField(name, label, description, tuple(synonyms.split()), required, alternative)


ORDER_FIELDS: tuple[OrderField, ...] = (
    _field(
        "order_number",
        N_("Order number"),
        "ordernumber orderno orderid order ordernr invoiceno invoicenumber invoiceid invoice receiptno receiptnumber"
        " transactionid transactionno bestellnummer auftragsnummer 订单号 订单编号 订单 订单id 单号"
        " 发票号 发票编号 交易号",
        N_("The order's number; rows with the same number are lines of one order."),
        required=True,
    ),
    _field(
        "ordered_at",
        N_("Ordered at"),
        "orderedat orderdate ordertime orderdatetime ordertimestamp invoicedate date datetime timestamp purchasedate"
        " purchasedat transactiondate bestelldatum datum 下单时间 下单日期 订单日期 订单时间 日期 时间 购买时间"
        " 购买日期 交易时间 交易日期 成交时间 付款时间",
        N_("When it was ordered; times without a zone are in the mapping's, else the workspace's time zone."),
        required=True,
    ),
    _field(
        "quantity",
        N_("Quantity"),
        "quantity qty count units pieces amountordered orderquantity menge anzahl 数量 件数 购买数量 销售数量 销量",
        N_("How many; a whole number. A negative quantity is a refund unless the rules say otherwise."),
        required=True,
    ),
    _field(
        "unit_price",
        N_("Unit price"),
        "unitprice price priceeach pricepereach itemprice unitcost einzelpreis preis 单价 价格 商品单价 售价 成交单价",
        N_("The price of one, with at most four decimal places."),
        required=True,
        alternative="line_total",
    ),
    _field(
        "line_total",
        N_("Line total"),
        "linetotal total totalprice lineamount amount sales revenue extendedprice subtotal gesamtpreis betrag"
        " 金额 总价 总金额 小计 销售额 订单金额 合计",
        N_("The whole line's amount, where the file has no unit price."),
        required=True,
        alternative="unit_price",
    ),
    _field(
        "product_code",
        N_("Product code"),
        "productcode productid productno productnumber sku stockcode itemcode itemid itemno articlenumber articleno"
        " artikelnummer 商品编码 商品编号 商品id 产品编码 产品编号 产品id 货号 物料编码",
        N_("The product's code; a code not yet known becomes a new product."),
    ),
    _field(
        "product_name",
        N_("Product name"),
        "productname product description item itemname productdescription itemdescription article artikel bezeichnung"
        " 商品名称 商品 产品名称 产品 品名 描述 商品描述",
        N_("What was sold, in words."),
    ),
    _field(
        "category",
        N_("Category"),
        "category productcategory productgroup department kategorie warengruppe 类别 分类 品类 商品类别 产品类别",
        N_("The product's category."),
    ),
    _field(
        "line_number",
        N_("Line number"),
        "linenumber lineno line lineitem orderline position pos rowid 行号 序号 明细行号",
        N_("The line's number within its order; else its position among the order's rows in the file."),
    ),
    _field(
        "discount",
        N_("Discount"),
        "discountamount linediscount rabattbetrag 优惠金额 折扣金额",
        N_("Money taken off the line; an amount, not a percentage."),
    ),
    _field(
        "customer_ref",
        N_("Customer reference"),
        "customerref customerid customerno customernumber customercode customer client clientid accountid"
        " accountnumber memberid userid buyerid kundennummer kunde 客户编号 客户id 客户号 会员号 会员编号 会员id"
        " 用户id 买家id 顾客编号",
        N_("The customer's reference; a reference not yet known becomes a new customer, an empty one is a guest sale."),
    ),
    _field(
        "customer_name",
        N_("Customer name"),
        "customername clientname buyer buyername accountname kundenname 客户名称 客户姓名 客户 姓名 买家 买家姓名"
        " 会员姓名 顾客姓名",
        N_("The customer's name, used when the customer is new."),
    ),
    _field(
        "customer_email",
        N_("Customer e-mail"),
        "customeremail email emailaddress mail clientemail buyeremail 客户邮箱 邮箱 电子邮件 电子邮箱",
        N_("The customer's e-mail address, used when the customer is new."),
    ),
    _field(
        "country",
        N_("Country"),
        "country countrycode shipcountry shippingcountry land staat 国家 国家地区 收货国家",
        N_("The country, by name or ISO code; what is neither is kept as the region."),
    ),
    _field(
        "region",
        N_("Region"),
        "region state province county territory bundesland 地区 省份 省 州 区域",
        N_("The region, state or province."),
    ),
    _field(
        "channel",
        N_("Channel"),
        "channel saleschannel store shop source platform vertriebskanal 渠道 销售渠道 平台 门店 店铺",
        N_("Where it was sold: web shop, store, marketplace."),
    ),
)

FIELD_NAMES = tuple(item.name for item in ORDER_FIELDS)


def plain(name: str) -> str:
    """A column's name as it is compared with the known ones: letters and digits only, casefolded."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold())


def missing_fields(mapped: Collection[str]) -> list[str]:
    """Required fields that are neither mapped nor stood in for; 'unit_price or line_total' for the pair."""
    missing: list[str] = []
    for item in ORDER_FIELDS:
        if not item.is_required or item.name in mapped:
            continue
        if item.alternative is None:
            missing.append(item.name)
        elif item.alternative not in mapped and item.alternative not in (name.split(" or ")[0] for name in missing):
            missing.append(f"{item.name} or {item.alternative}")
    return missing
