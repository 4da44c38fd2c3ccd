"""Who is billed: names as they are common in several places, and telephone numbers that are kept free for fiction."""

from random import Random
from typing import Final

from msgspec import Struct

_NAMES: Final[tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]] = (
    (
        ("Thandi", "Sipho", "Nomsa", "Bongani", "Zanele", "Themba", "Lindiwe", "Mandla", "Nokuthula", "Jabulani"),
        ("Dlamini", "Nkosi", "Khumalo", "Mokoena", "Ndlovu", "Mahlangu", "Sithole", "Zulu", "Mthembu", "Radebe"),
    ),
    (
        ("Pieter", "Annelize", "Johan", "Elsabé", "Hendrik", "Marietjie", "Gerhard", "Riëtte"),
        ("van der Merwe", "Botha", "Pretorius", "du Plessis", "Venter", "Coetzee", "Labuschagné"),
    ),
    (
        ("Emma", "Oliver", "Grace", "Liam", "Zoë", "Noah", "Chloë", "Seán"),
        ("Smith", "Naidoo", "O’Connor", "Jacobs", "Williams", "Pillay", "Adams"),
    ),
    (("Jürgen", "Käthe", "Søren", "Åsa", "Łukasz", "Đorđe"), ("Müller", "Weiß", "Ångström", "Nowak", "Jørgensen")),
    (("François", "Amélie", "José", "Inês"), ("Lefèvre", "Gonçalves", "Muñoz", "D’Almeida")),
    (("محمد", "فاطمة", "يوسف", "ليلى"), ("العلي", "حداد", "منصور", "النجار")),
    (("Ольга", "Дмитрий", "Анна"), ("Иванова", "Кузнецов", "Соколова")),
    (("Ελένη", "Γιώργος"), ("Παπαδοπούλου", "Νικολάου")),
    (("प्रिया", "राहुल", "अनिता"), ("शर्मा", "पटेल", "सिंह")),
    (("王", "李", "陈"), ("秀英", "伟", "静")),
    (("ณัฐ", "สมชาย"), ("ศรีสุข", "วงศ์ไทย")),
)
"""First and second parts of names, from what is most common where the merchant is to what is less."""

_COMPANIES: Final = (
    "Kalahari Roasters (Pty) Ltd",
    "Blue Crane Bakery",
    "Masakhane Hardware CC",
    "Fynbos & Figs",
    "Umhlanga Dental Practice",
    "Protea Print Works",
    "Karoo Solar Installations and Maintenance (Pty) Ltd, trading as Sonkrag",
)

_STREETS: Final = ("Long Street", "Voortrekker Road", "Jan Smuts Avenue", "Vilakazi Street", "Kerkstraat", "Main Road")


class Person(Struct, frozen=True):
    """Somebody, or a company, and how they are reached."""

    name: str
    email: str | None
    phone: str | None
    address: str


def person(random: Random, number: int) -> Person:
    """The customer with that number."""
    if random.random() < 0.06:
        name = random.choice(_COMPANIES)
    else:
        first, second = random.choices(_NAMES, weights=range(3 * len(_NAMES), 0, -3))[0]
        name = f"{random.choice(first)} {random.choice(second)}"
    return Person(
        name=name,
        email=f"customer.{number}@example.com" if random.random() < 0.9 else None,
        # From +44 7700 900000 on nobody has a number.
        phone=f"+447700900{number % 1_000:03}" if random.random() < 0.8 else None,
        address=f"{random.randint(1, 240)} {random.choice(_STREETS)}",
    )
