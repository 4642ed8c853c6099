"""Bodies and answers about points. Points are whole numbers; money is text in the base currency."""

from rest_framework import serializers

from catalog.api.people import NUMBER
from catalog.api.serializers import PagedQuerySerializer
from crm.models import LoyaltyProgramme, LoyaltyRedemption, LoyaltyTransaction, Reward
from crm.models.programme import MOST_POINTS

__all__ = [
    "CodeSerializer",
    "LoyaltySerializer",
    "MovementSerializer",
    "PagedQuerySerializer",
    "RedeemSerializer",
    "UseCodeSerializer",
]


class LevelSerializer(serializers.Serializer):
    """`starts_at`: points or money in twelve months, as `level_basis` says. `multiplier`: orders earn so many times."""

    name = serializers.CharField()
    starts_at = serializers.IntegerField()
    multiplier = serializers.CharField()


class NextLevelSerializer(LevelSerializer):
    missing = serializers.CharField(help_text="Points or money that are missing to it.")


class ExpiringSerializer(serializers.Serializer):
    points = serializers.IntegerField()
    at = serializers.DateTimeField(help_text="From this moment on they are gone.")


class RewardSerializer(serializers.Serializer):
    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=Reward.Kind.choices)
    cost = serializers.IntegerField()
    amount = serializers.CharField(allow_null=True, help_text="For kind `amount`.")
    product = serializers.CharField(allow_null=True, help_text="For kind `product`.")
    affordable = serializers.BooleanField(help_text="The balance is enough.")


class CodeSerializer(serializers.Serializer):
    """A code and what it is worth. `state`: `issued` (may be used until `expires_at`), `used`, `voided`."""

    code = serializers.CharField()
    state = serializers.ChoiceField(choices=LoyaltyRedemption.State.choices)
    kind = serializers.ChoiceField(choices=Reward.Kind.choices)
    name = serializers.CharField()
    points = serializers.IntegerField()
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField()
    product = serializers.CharField(allow_null=True)
    order = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField()


class LoyaltySerializer(serializers.Serializer):
    """`open`: points can be earned and redeemed now. `owed`: taken back by a refund after they were spent; the next
    points pay them. `expiring`: the next twelve dates."""

    open = serializers.BooleanField()
    balance = serializers.IntegerField()
    pending = serializers.IntegerField()
    owed = serializers.IntegerField()
    worth = serializers.CharField(help_text="Of the balance.")
    currency = serializers.CharField()
    least_redeemed = serializers.IntegerField()
    level_basis = serializers.ChoiceField(choices=LoyaltyProgramme.Basis.choices)
    level_value = serializers.CharField(help_text="Of the last twelve months.")
    level = LevelSerializer(allow_null=True)
    next_level = NextLevelSerializer(allow_null=True)
    expiring = ExpiringSerializer(many=True)
    rewards = RewardSerializer(many=True)
    codes = CodeSerializer(many=True)


class MovementSerializer(serializers.Serializer):
    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=LoyaltyTransaction.Kind.choices)
    points = serializers.IntegerField(help_text="Less than zero is gone. `mature`: became final.")
    order = serializers.CharField(allow_null=True, help_text="Its number.")
    name = serializers.CharField(help_text="Of the rule or the reward, in the language asked for; may be empty.")
    at = serializers.DateTimeField()


class RedeemSerializer(serializers.Serializer):
    """One of both."""

    reward = serializers.CharField(max_length=64, required=False)
    points = serializers.IntegerField(min_value=1, max_value=MOST_POINTS, required=False)


class UseCodeSerializer(serializers.Serializer):
    order = serializers.RegexField(
        NUMBER, max_length=80, required=False, help_text="Number of the order; it has to be its customer's."
    )
