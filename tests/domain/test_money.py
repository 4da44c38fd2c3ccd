"""Amounts in sentences: with their currency, and as many decimals as that has."""

import pytest

from dues.domain.money import AMOUNT_MAX, written


@pytest.mark.parametrize(
    ("amount", "currency", "sentence"),
    [
        (500000, "ZAR", "ZAR 5,000.00"),
        (5, "ZAR", "ZAR 0.05"),
        (-12345, "ZAR", "ZAR -123.45"),
        (-5, "ZAR", "ZAR -0.05"),
        (5000, "JPY", "JPY 5,000"),
        (1500, "BHD", "BHD 1.500"),
        (12345678, "CLF", "CLF 1,234.5678"),
        (AMOUNT_MAX, "ZAR", "ZAR 90,071,992,547,409.91"),
        (10000, "HRK", "HRK 10,000 in the smallest unit"),
        (-10000, None, "-10,000"),
    ],
)
def test_an_amount_is_written_with_its_currency_and_decimals(amount: int, currency: str | None, sentence: str) -> None:
    assert written(amount, currency) == sentence
