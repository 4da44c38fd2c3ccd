"""What is wrong with a body that is no JSON: what people send most often is called by its name, with its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dues.domain.accounts import NewAccount
from dues.http.problems import ProblemError
from dues.http.validation import decode

SAID = [
    (b"", "empty"),
    (b" \n", "empty"),
    ('{“customer”: "C"}'.encode(), "line 1, column 2, “ is a typographic quote"),
    ('{"name": "Zoë",\n "customer": ”C”}'.encode(), "line 2, column 14, ” is a typographic quote"),
    (b"{'customer': 'C'}", "line 1, column 2, ' is a single quote"),
    (b'{"customer": "C",}', "line 1, column 18, a comma stands before }"),
    (b'{"parts": [1,\n]}', "line 2, column 1, a comma stands before ]"),
    (b'\xef\xbb\xbf{"customer": "C"}', "byte order mark"),
    ('{"customer": "C"}'.encode("utf-16"), "UTF-16"),
    (b"customer=C&external_reference=x", "form-encoded"),
    (b"metadata%5Bplan%5D=gold", "form-encoded"),
    (b'--x-1\r\nContent-Disposition: form-data; name="a"\r\n', "multipart form"),
    (b"<account/>", "XML"),
    (b'{"name": "a\xff"}', "not UTF-8: see line 1, column 12"),
    (b'{"customer": None}', "None is no JSON; it is null there"),
    (b'{"customer": True}', "True is no JSON; it is true there"),
    (b'{"balance": NaN}', "NaN is no JSON"),
    (b'{customer: "C"}', "a name stands without quotes"),
    (b'{"name": "a\nb"}', "a line break"),
    (b"{} // done", "goes on after its JSON has ended, at line 1, column 4"),
    (b'{"customer": /* C */ 1}', "comment"),
    (b'{"customer": "C"', "ends before its JSON does, at line 1, column 17"),
    (b'{"name": "\\ud83d"}', "half a surrogate pair"),
    (b'{"balance": 1e999}', "too large"),
    (b'{"customer" "C"}', "line 1, column 13, expected ':'"),
]


@pytest.mark.parametrize(("body", "said"), SAID)
def test_it_says_what_is_wrong_and_where(body: bytes, said: str) -> None:
    with pytest.raises(ProblemError) as raised:
        decode(body, NewAccount)
    assert raised.value.code == "malformed_json"
    assert said in raised.value.detail


@given(st.binary(max_size=40) | st.text("{}[]\",:'“0eE.\\u d8\ufeff").map(str.encode))
def test_whatever_is_sent_is_explained_in_one_short_sentence(body: bytes) -> None:
    try:
        decode(body, NewAccount)
    except ProblemError as problem:
        assert len(problem.detail) < 400
        assert "\n" not in problem.detail.replace("\\n", "")
