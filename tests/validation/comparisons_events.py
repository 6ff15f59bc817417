"""Published prices of the export controls of 2010-2012 and 2025 beside what the price law says of them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.validation import price_episodes as past
from tests.validation.row import FACTOR_1_5, Row

LYNAS = "Lynas price table of July 2010; USGS Mineral Commodity Summaries 2016"
CUSTOMS = "Argus via GMT Eight, XE Today and Swarajya, 2025; Chinese customs data via rawmaterials.net, Jan 2026"
WHY_2012 = (
    "as little was shipped in 2012 as in 2011, yet the price halved: users saved dysprosium and lived on what they had bought in"
    " panic; the law knows no stocks of users and no adaptation, so it fits the mean of the two year-ends"
)
WHY_GAP = (
    "in 2011 prices inside China rose too (847 USD/kg of metal in March 2012), which the model leaves flat; in 2025 they did not"
)


def events() -> Iterator[Row]:
    """Every comparison of the two episodes."""
    for metal, name in (("Dy", "Dysprosium"), ("Tb", "Terbium")):
        law = past.fit(metal)
        found = zip(
            ("26 July 2010", "end of 2011", "end of 2012"),
            past.observed(metal),
            past.modelled(law.exponent, law.delay_days),
            strict=True,
        )
        for when, published, modelled in found:
            yield Row(
                f"{name} oxide outside China over its price of 2009",
                when,
                "times",
                float(published),
                float(modelled),
                "fitted (elasticity and delay, 2010-2012)",
                FACTOR_1_5,
                LYNAS,
                WHY_2012,
            )
        prediction = past.predict(metal)
        yield Row(
            f"{name} oxide in Europe over its price before the control",
            "May to September 2025",
            "times",
            past.europe_after_control(metal),
            prediction.after_control(),
            "checked (predicted from 2010-2012)",
            FACTOR_1_5,
            CUSTOMS,
        )
    dysprosium = past.predict("Dy")
    inside = past.quote("Dy", 2026, "about Jan", "oxide FOB China")
    yield Row(
        "Dysprosium oxide in China over its price before the control",
        "January 2026",
        "times",
        inside / past.quote("Dy", 2025, "early Apr", "oxide Europe"),
        float(dysprosium.inside[-1]),
        "checked",
        FACTOR_1_5,
        "SMM overseas rare earth weekly, about Jan 2026",
    )
    yield Row(
        "Dysprosium oxide outside China over inside",
        "January and February 2026",
        "times",
        past.quote("Dy", 2026, "early Feb", "oxide Europe") / inside,
        float(dysprosium.outside[-1] / dysprosium.inside[-1]),
        "checked (predicted from 2010-2012)",
        FACTOR_1_5,
        "SunSirs quoting Nikkei and Argus, Feb 2026; SMM, Jan 2026",
    )
    law = past.fit("Dy")
    yield Row(
        "Dysprosium metal outside China over inside",
        "February and March 2012",
        "times",
        past.quote("Dy", 2012, "about Feb", "metal, international") / past.quote("Dy", 2012, "9 Mar", "metal, spot"),
        float(past.modelled(law.exponent, law.delay_days)[1]),
        "checked",
        FACTOR_1_5,
        "Japan Metal Bulletin, 2012; Reuters, 9 March 2012",
        WHY_GAP,
    )
