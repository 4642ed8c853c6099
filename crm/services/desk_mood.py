"""Whether a customer's words sound unhappy, as the shop's own model of sentiment reads them. Numpy alone."""

from crm.models import Conversation, Message
from reviews.ml.sentiment import NEGATIVE, judge
from reviews.reader import scorer

SURE = 0.9
"""From which confidence on words count as unhappy: the model learned from reviews, and a question is no complaint."""
MOST_MESSAGES, MOST_CHARACTERS = 5, 2_000


def sounds_unhappy(conversation: Conversation) -> bool:
    """What the customer wrote since a person answered last, at most five messages. False where no model serves: a list
    of words is not enough to let one customer go before another."""
    texts = (
        Message.objects.public()
        .filter(
            conversation=conversation, author=Message.Author.CUSTOMER, sequence__gt=conversation.last_staff_sequence
        )
        .order_by("-sequence").values_list("text", flat=True)
    )  # fmt: skip
    said = "\n".join(reversed(list(texts[:MOST_MESSAGES])))[-MOST_CHARACTERS:]
    if not said.strip():
        return False
    reader = scorer()
    if reader.version is None:
        return False
    (found,) = judge(reader.scorer, [said])
    return found.outcome == NEGATIVE and found.confidence >= SURE
