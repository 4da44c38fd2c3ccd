"""The page that is not there, and the one that ends a link."""

from dues.pages.frame.markup import element
from dues.pages.look import button, headline
from dues.pages.pay import Visit, hidden, show


def gone_page(visit: Visit) -> bytes:
    """The same for every link that leads nowhere, whyever it does not."""
    words = visit.words
    return show(words("gone"), visit, headline("404", words("gone"), element("p", words("gone_text"))))


def end_page(visit: Visit) -> bytes:
    """Asks before a link is ended."""
    words = visit.words
    return show(
        words("stop_title"),
        visit,
        headline(words("stop_title"), words("stop_answer"), element("p", words("stop_text"))),
        element("form", *hidden({"step": "end"}), button(words("stop_button")), method="post"),
        element("p", element("a", words("back"), href=visit.way())),
    )
