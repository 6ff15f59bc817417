"""Published figures of ASEAN beside the modelled ones."""

from __future__ import annotations

from collections.abc import Iterator

from tests.validation.backcast import KT, TONNE, Backcast
from tests.validation.row import QUARTER, Row

KG_PER_THAI_PIECE = 0.13  # as in the row of the channel: handset with charger


def asean(back: Backcast) -> Iterator[Row]:
    yield from _singapore_and_posts(back)
    for country, kt, year, basis, source, why in FORMAL:
        yield Row(
            f"Formal collection, {country}", str(year), "kt", kt, back.formal(country[:3])[year] / KT, basis, QUARTER, source, why
        )
    waste = back.tables["arisings"].groupby(["country", "year"]).mass_kg.sum()
    for country in ("IDN", "VNM"):
        yield Row(
            f"Formal share of e-waste, {country} (published: below)",
            "2019",
            "%",
            1.0,
            100 * back.formal(country)[2019] / waste[country, 2019],
            "fitted",
            (0.0, 1.0),
            "bluestrike-group.com quoting a 2019 monitor",
        )


FORMAL = (
    ("MYS", 2.459, 2021, "fitted", "Household e-waste, Business Today, 15 Jan 2023", ""),
    (
        "THA",
        0.5,
        2021,
        "fitted",
        "Pollution Control Department via Viet Nam Plus",
        "fitted as a share: 0.125 % of 400 kt in the source, of 718 kt in the model",
    ),
    (
        "THA, the other official figure",
        87.0,
        2021,
        "checked",
        "Official statement for the same year, countries table",
        "two official figures differ by a factor 170; the model follows the lower and carries the upper in its range",
    ),
    (
        "PHL",
        32.664,
        2019,
        "checked",
        "DENR-EMB: electrical waste in the regulated system",
        "reported waste of industry, a proxy; no figure for homes was found, and the model takes 0.6 % of e-waste",
    ),
)


def _singapore_and_posts(back: Backcast) -> Iterator[Row]:
    scheme = back.collected("SGP", ("producer_bins", "producer_doorstep"))
    alba = "ALBA: 3,500 t by Feb 2022, 22,300 t by Sep 2024 (mothership.sg)"
    yield Row(
        "Singapore's producer scheme, a month",
        "2022-2023",
        "t",
        606.0,
        scheme[[2022, 2023]].mean() / 12 / TONNE,
        "fitted",
        QUARTER,
        alba,
    )
    first = (scheme[2021] + scheme[2022] / 6) / TONNE
    yield Row("Singapore's producer scheme, first eight months", "Jul 2021-Feb 2022", "t", 3500.0, first, "fitted", QUARTER, alba)
    thai = back.collected("THA", ("postal",)) / KG_PER_THAI_PIECE / 1e3
    post = "AIS with Thailand Post"
    yield Row(
        "Thai post, pieces a year",
        "to Oct 2022",
        "thousand",
        351.3 / 3,
        thai[[2020, 2021, 2022]].mean(),
        "fitted",
        (0.5, 2.0),
        post,
    )
    yield Row(
        "Thai post, pieces in the first seven months",
        "to Jun 2020",
        "thousand",
        49.952,
        thai[2020] * 7 / 12,
        "checked",
        (0.5, 2.0),
        post,
    )
    boxes = back.collected("IDN", ("jakarta_box",))[2020] * 9 / 12
    yield Row(
        "Jakarta's boxes, nine months", "Feb-Oct 2020", "kg", 22683.0, boxes, "fitted", QUARTER, "Media Indonesia, 18 Nov 2020"
    )
