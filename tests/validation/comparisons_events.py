"""Published prices of the export controls of 2010-2012 and 2025 beside what the price law says of them."""

from __future__ import annotations

from collections.abc import Iterator

from tests.validation import price_episodes as past
from tests.validation.row import FACTOR_1_5, Row

LYNAS = "Lynas price table of July 2010; USGS Mineral Commodity Summaries 2016"
CUSTOMS = "Argus via GMT Eight, XE Today and Swarajya, 2025; Chinese customs data via rawmaterials.net, Jan 2026"
WHY_2012 = (
    "the quota stayed where it was while users saved dysprosium and bought less, so the price halved in 2012; the law knows no such"
    " adaptation and fits the mean of 2011 and 2012"
)
WHY_2025 = (
    "users who paid twelve times the price in 2011 have since cut the dysprosium in magnets, hold stocks and get it in magnets,"
    " whose exports were back in July; with the elasticity of 2010-2012 the price moves about five times too far. The shipped"
    " exponents are ranges between the two episodes"
)
WHY_GAP = "2025 overshoots for the reasons above; in 2011 prices inside China rose too, which the model leaves flat"


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
            WHY_2025,
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
        WHY_GAP,
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
