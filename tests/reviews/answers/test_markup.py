from reviews.answers.markup import html_of


def test_paragraphs_lists_and_bold_words_are_shown():
    text = "Within **30 days**.\nUnused.\n\nThen:\n- write to us\n- send it\r\n\r\nDone."

    assert html_of(text) == (
        "<p>Within <strong>30 days</strong>.<br>Unused.</p>"
        "<p>Then:</p><ul><li>write to us</li><li>send it</li></ul><p>Done.</p>"
    )


def test_a_list_may_be_followed_by_words():
    assert html_of("- one\n- two\nthree") == "<ul><li>one</li><li>two</li></ul><p>three</p>"


def test_no_tag_gets_in():
    assert html_of("<script>alert(1)</script> **<b>x</b>** [a](javascript:alert(1))") == (
        "<p>&lt;script&gt;alert(1)&lt;/script&gt; <strong>&lt;b&gt;x&lt;/b&gt;</strong> [a](javascript:alert(1))</p>"
    )


def test_nothing_is_nothing():
    assert html_of("  \n ") == "<p></p>"
