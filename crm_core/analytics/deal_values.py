"""What deals are worth: exact sums of whole ten-thousandths."""

from __future__ import annotations

from decimal import Decimal

from crm_core.analytics.deal_book import WHOLE_BP, DealBook, Flags, Numbers


def sum_e4(book: DealBook, chosen: Flags) -> int:
    """The sum of their amounts in ten-thousandths; a deal without amount adds nothing."""
    return sum(book.amount_e4[chosen].tolist())


def weighted_e8(book: DealBook, chosen: Flags, stage: Numbers) -> int:
    """Σ amount × chance in 10⁻⁸, in whole numbers of any size: 64 bits would not hold a large amount × 10,000."""
    chance = book.chance_bp(stage)
    pairs = zip(book.amount_e4[chosen].tolist(), chance[chosen].tolist(), strict=True)
    return sum(amount * bp for amount, bp in pairs)


def weighted_value(book: DealBook, chosen: Flags, stage: Numbers) -> Decimal | None:
    """Σ amount × chance, exactly; None where there are deals and none of them has an amount."""
    if chosen.any() and not (chosen & book.is_priced).any():
        return None
    return from_e8(weighted_e8(book, chosen, stage))


def from_e8(units: int) -> Decimal:
    """10⁻⁸ of the currency as an amount, which is exact."""
    return Decimal(units) / (WHOLE_BP * WHOLE_BP)
