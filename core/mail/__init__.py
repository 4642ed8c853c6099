"""Mail of the product itself. A row in the caller's transaction, a job that sends it, a page that shows it.

`send` writes, `words` shows what it would write, `deliver` hands one mail to the server, `send_again` is for people,
`settle` and `forget_old` keep house.
Without EMAIL_URL mails are kept and nothing leaves this machine.
"""

from core.mail.delivery import deliver, settle
from core.mail.keeping import forget_old
from core.mail.writing import is_kept_here, send, send_again, words

__all__ = ["deliver", "forget_old", "is_kept_here", "send", "send_again", "settle", "words"]
