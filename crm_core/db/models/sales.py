"""Products, orders and their lines."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from crm_core.db.base import Base, Tracked
from crm_core.db.types import BigId, Instant, Money, binary_string


class LineKind(StrEnum):
    """What an order line is, decided once when it is written; every metric starts from it."""

    SALE = "sale"  # a product sold; counts in gross_sales where quantity and price are above 0
    REFUND = "refund"  # a cancelled or returned line; quantity and amount are negative
    ADJUSTMENT = "adjustment"  # postage, fees, manual corrections, write-offs: kept, never a product sale


class Product(Tracked, Base):
    """One row per product code; codes that are not products (postage, fees) are here too, marked."""

    __tablename__ = "products"
    __table_args__ = (Index(None, "name", "id"), Index(None, "unit_price_e4", "id"), Base.__table_args__)

    code: Mapped[str] = mapped_column(binary_string(64), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    category: Mapped[str | None] = mapped_column(String(100), default=None)
    unit_price: Mapped[Decimal | None] = mapped_column("unit_price_e4", Money, default=None)
    is_active: Mapped[bool] = mapped_column(default=True)
    is_adjustment: Mapped[bool] = mapped_column(default=False)


class Order(Tracked, Base):
    """One row per order number; a cancellation with a number of its own is an order of refund lines."""

    __tablename__ = "orders"
    __table_args__ = (
        Index(None, "customer_id", "ordered_at"),
        Index(None, "ordered_at"),
        Index(None, "refund_of_id"),
        Base.__table_args__,
    )

    number: Mapped[str] = mapped_column(binary_string(64), unique=True)
    ordered_at: Mapped[datetime] = mapped_column(Instant)
    customer_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("customers.id"), default=None)  # None: guest
    country: Mapped[str | None] = mapped_column(String(2), default=None)
    region: Mapped[str | None] = mapped_column(String(100), default=None)
    channel: Mapped[str | None] = mapped_column(String(64), default=None)
    refund_of_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("orders.id"), default=None)
    # Of an order of refunds typed in: the order it takes lines back of; its lines have the numbers of those.


class OrderLine(Tracked, Base):
    """One row per line of an order; amount = quantity × unit price before discount, in the sign of the quantity."""

    __tablename__ = "order_lines"
    __table_args__ = (UniqueConstraint("order_id", "line_no"), Index(None, "product_id"), Base.__table_args__)

    order_id: Mapped[int] = mapped_column(BigId, ForeignKey("orders.id"))
    line_no: Mapped[int]
    product_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("products.id"), default=None)
    description: Mapped[str | None] = mapped_column(String(300), default=None)  # where it differs from the product's
    kind: Mapped[str] = mapped_column(String(16), default=LineKind.SALE.value)
    quantity: Mapped[int]
    unit_price: Mapped[Decimal] = mapped_column("unit_price_e4", Money)
    amount: Mapped[Decimal] = mapped_column("amount_e4", Money)
    discount: Mapped[Decimal] = mapped_column("discount_e4", Money, default=Decimal(0))
