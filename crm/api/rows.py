"""Answers about points as plain dictionaries."""

from decimal import Decimal
from typing import Any

from core.money import amount_text
from core.shop import current_shop
from crm.models import LoyaltyRedemption, LoyaltyTier, LoyaltyTransaction, Reward
from crm.models.programme import titled
from crm.selectors import Standing


def standing(found: Standing) -> dict[str, Any]:
    account = found.account
    tier = account.tier if account is not None else None
    return {
        "open": found.programme.is_on,
        "balance": found.balance,
        "pending": account.pending if account is not None else 0,
        "owed": account.owed if account is not None else 0,
        "worth": amount_text(found.worth),
        "currency": current_shop().base_currency,
        "least_redeemed": found.programme.least_redeemed,
        "level_basis": found.programme.tier_basis,
        "level_value": _amount(found.tier_value),
        "level": _level(tier) if tier is not None else None,
        "next_level": _next(found) if found.next_tier is not None else None,
        "expiring": [{"at": at, "points": points} for at, points in found.expiring],
        "rewards": [_reward(row, found.balance) for row in found.rewards],
        "codes": [code(row) for row in found.codes],
    }


def _amount(value: Decimal) -> str:
    """Points and money stand beside each other here; a whole number is written as one."""
    return str(int(value)) if value == int(value) else amount_text(value.quantize(Decimal("0.01"), "ROUND_FLOOR"))


def _level(tier: LoyaltyTier) -> dict[str, Any]:
    return {"name": titled(tier), "starts_at": tier.threshold, "multiplier": f"{tier.multiplier.normalize():f}"}


def _next(found: Standing) -> dict[str, Any]:
    tier = found.next_tier
    assert tier is not None
    return {**_level(tier), "missing": _amount(max(tier.threshold - found.tier_value, Decimal(0)))}


def _reward(row: Reward, balance: int) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": titled(row),
        "kind": row.kind,
        "cost": row.cost,
        "amount": amount_text(row.amount) if row.amount is not None else None,
        "product": row.product.public_id if row.product is not None else None,
        "affordable": row.cost <= balance,
    }


def code(row: LoyaltyRedemption) -> dict[str, Any]:
    return {
        "code": row.code,
        "state": row.state,
        "kind": row.kind,
        "name": titled(row.reward) if row.reward is not None else "",
        "points": row.points,
        "amount": amount_text(row.amount) if row.amount is not None else None,
        "currency": current_shop().base_currency,
        "product": row.product.public_id if row.product is not None else None,
        "order": row.order.number if row.order is not None else None,
        "expires_at": row.expires_at,
    }


def movement(row: LoyaltyTransaction) -> dict[str, Any]:
    """Reasons that staff wrote are theirs and stay inside."""
    redemption = getattr(row, "redemption", None)
    source = row.rule if row.rule is not None else redemption.reward if redemption is not None else None
    return {
        "id": row.public_id,
        "kind": row.kind,
        "points": row.points,
        "order": row.order.number if row.order is not None else None,
        "name": titled(source) if source is not None else "",
        "at": row.created_at,
    }
