"""Whether a customer's words sound unhappy, as the shop's own model of sentiment reads them. Numpy alone."""

from crm.models import Conversation, Message
from reviews import understanding
from reviews.ml.sentiment import NEGATIVE, judge
from reviews.reader import scorer

SURE = 0.9
"""From which confidence on words count as unhappy."""
MOST_MESSAGES, MOST_CHARACTERS = 5, 2_000


def sounds_unhappy(conversation: Conversation) -> bool:
    """What the customer wrote since a person answered last, at most five messages. False where no model serves: a list
    of words is not enough to let one customer go before another. What the assistant is sure to have an answer to is a
    question and left out: the model learned from reviews, in which hardly anybody asks, and takes half of the Chinese
    ones for complaints."""
    texts = (
        Message.objects.public()
        .filter(
            conversation=conversation, author=Message.Author.CUSTOMER, sequence__gt=conversation.last_staff_sequence
        )
        .order_by("-sequence").values_list("text", flat=True)
    )  # fmt: skip
    reader = scorer()
    if reader.version is None:
        return False
    told = [text for text in texts[:MOST_MESSAGES] if understanding.understand(text).act != understanding.ANSWER]
    said = "\n".join(reversed(told))[-MOST_CHARACTERS:]
    if not said.strip():
        return False
    (found,) = judge(reader.scorer, [said])
    return found.outcome == NEGATIVE and found.confidence >= SURE
