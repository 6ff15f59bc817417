"""What a scenario says of substances, product groups and products."""

from typing import Literal

from pydantic import Field

from sim.core.spec import Factor, GramsPerUnit, Key, PositiveKg, Share, Spec, Text, UsdPer, Years


class SubstanceSpec(Spec):
    """A tracked element; masses are elemental."""

    name_en: Text
    name_ja: Text
    oxide_factor: Factor = Field(description="Mass of element per mass of its traded oxide; 1 where metal is traded.")
    headline: bool = Field(default=False, description="Shown on the first page of reports.")


class GroupSpec(Spec):
    """Products collected and treated alike; the unit of law scope and of plant input."""

    name_en: Text
    name_ja: Text
    boundary: Literal["eee", "vehicle", "machine"] = Field(
        description="Electrical equipment, or behind the vehicles and machines switch."
    )
    resale_usd_per_kg: UsdPer | None = Field(
        default=None, description="Price of used devices; absent: nothing is told of their value."
    )


class FractionSpec(Spec):
    """What dismantling separates a device into."""

    name_en: Text
    name_ja: Text
    hazardous: bool = Field(description="Crosses borders only with consent where rules say so.")


class MagnetSpec(Spec):
    """NdFeB magnets by year of sale; g per unit that has one."""

    magnet_g_per_unit: GramsPerUnit
    nd_share: Share
    pr_share: Share
    dy_share: Share
    tb_share: Share
    units_with_magnet_share: Share = Field(description="Path over the year of sale.")


class ProductSpec(Spec):
    """A product key: mass, life and contents."""

    name_en: Text
    name_ja: Text
    group: Key
    unit_mass_kg: PositiveKg
    weibull_shape: Factor
    weibull_scale_years: Years
    lifetime_basis: Literal["residence", "use"]
    reference_mass_kg: PositiveKg = Field(
        description="Mass of the device the contents were measured on; contents scale with unit mass."
    )
    contents_g_per_unit: dict[Key, GramsPerUnit] = Field(
        default_factory=dict, description="Of the reference device, magnets apart."
    )
    magnet: MagnetSpec | None = None
    sales_index: Factor | None = Field(
        default=None,
        description="Sales by year relative to the country's ownership path (a technology comes and goes); absent means 1.",
    )


class CountryProductSpec(Spec):
    """What differs from the product key in one country; absent means as the key."""

    unit_mass_kg: PositiveKg | None = None
    weibull_scale_years: Years | None = None
    weibull_shape: Factor | None = None
    units_with_magnet_share: Share | None = None
    sales_index: Factor | None = None
