"""The border: base class and field types of everything a scenario file may say.

The only file outside `*_spec.py`, `scenario` and `study.sweep_spec` that knows pydantic.
"""

from __future__ import annotations

import math
import re
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, StringConstraints
from pydantic_core import PydanticCustomError, core_schema

from sim.core.quantity import Quantity, Spread, Value

_YEAR = re.compile(r"\d{4}", re.ASCII)
_RANGE = frozenset({"low", "mode", "high"})
T = TypeVar("T")
FIRST_YEAR, LAST_YEAR = 1950, 2100


class Spec(BaseModel):
    """A frozen, strict piece of a scenario: unknown keys, NaN and infinity are errors."""

    # built when first used: a command that only needs names of keys starts faster
    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, validate_default=True, defer_build=True
    )


class Bounded:
    """Marks a `Quantity` field with its bounds and unit; reads every way of writing a number."""

    def __init__(self, low: float, high: float, unit: str) -> None:
        self.low, self.high, self.unit = low, high, unit

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate with `read`; write back what was read."""
        return core_schema.no_info_plain_validator_function(
            self.read, serialization=core_schema.plain_serializer_function_ser_schema(written)
        )

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Describe the accepted shapes to editors."""
        number = {"type": "number", "minimum": self.low, "maximum": self.high}
        spread = {
            "type": "object",
            "properties": {"low": number, "mode": number, "high": number},
            "required": ["low", "mode", "high"],
            "additionalProperties": False,
        }
        path = {"type": "object", "patternProperties": {"^[0-9]{4}$": {"anyOf": [number, spread]}}, "additionalProperties": False}
        return {"anyOf": [number, spread, path], "x-unit": self.unit}

    def read(self, raw: object) -> Quantity:
        """Turn a number, `{low, mode, high}` or `{year = ...}` into a `Quantity`; raise on anything else.

        The context of an error tells with `within` which part of a range or path is meant.
        """
        # these two are nearly all there are
        if (type(raw) is float or type(raw) is int) and self.low <= raw <= self.high:
            return Quantity(((0.0, float(raw)),))
        if type(raw) is dict and raw.keys() == _RANGE:
            return Quantity(((0.0, self._value(raw, ())),))
        if isinstance(raw, Quantity):
            return raw
        if not isinstance(raw, dict) or not _RANGE.isdisjoint(raw):
            return Quantity.constant(self._value(raw, ()))
        if not raw:
            raise PydanticCustomError("path_empty", "the table is empty", {"within": ()})
        points = []
        for key in sorted(raw, key=str):
            if not _YEAR.fullmatch(str(key)) or not FIRST_YEAR <= int(key) <= LAST_YEAR:
                raise PydanticCustomError(
                    "path_year",
                    "'{key}' is not a year from {first} to {last}",
                    {"key": str(key), "first": FIRST_YEAR, "last": LAST_YEAR, "within": (str(key),)},
                )
            points.append((float(key), self._value(raw[key], (str(key),))))
        return Quantity(tuple(points))

    def _value(self, raw: object, within: tuple[str, ...]) -> Value:
        if not isinstance(raw, dict):
            return self._number(raw, within)
        if raw.keys() != _RANGE:
            raise PydanticCustomError("spread_keys", "a range needs exactly low, mode and high", {"within": within})
        low, mode, high = raw["low"], raw["mode"], raw["high"]
        if type(low) is type(mode) is type(high) is float and self.low <= low <= mode <= high <= self.high:
            return Spread(low, mode, high)
        low, mode, high = (self._number(raw[key], (*within, key)) for key in ("low", "mode", "high"))
        if not low <= mode <= high:
            raise PydanticCustomError("spread_order", "a range must have low <= mode <= high", {"within": within})
        return Spread(low, mode, high)

    def _number(self, raw: object, within: tuple[str, ...]) -> float:
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            raise PydanticCustomError("quantity_type", "must be a number, a range or a path over years", {"within": within})
        if isinstance(raw, float) and not math.isfinite(raw):
            raise PydanticCustomError("finite_number", "must be a finite number", {"within": within})
        if not self.low <= raw <= self.high:
            raise PydanticCustomError(
                "quantity_bounds",
                "must be from {low} to {high} {unit}",
                {"low": self.low, "high": self.high, "unit": self.unit, "within": within},
            )
        return float(raw)


def written(quantity: Quantity) -> Any:
    """The TOML shape of a quantity, the inverse of `Bounded.read`."""

    def one(value: Value) -> Any:
        return {"low": value.low, "mode": value.mode, "high": value.high} if isinstance(value, Spread) else value

    if len(quantity.points) == 1 and quantity.points[0][0] == 0.0:
        return one(quantity.points[0][1])
    return {f"{year:.0f}": one(value) for year, value in quantity.points}


Share = Annotated[Quantity, Bounded(0.0, 1.0, "share")]
Factor = Annotated[Quantity, Bounded(0.0, 1000.0, "factor")]
Days = Annotated[Quantity, Bounded(0.0, 36_525.0, "days")]
Years = Annotated[Quantity, Bounded(0.0, 200.0, "years")]
Kg = Annotated[Quantity, Bounded(0.0, 1e12, "kg")]
PositiveKg = Annotated[Quantity, Bounded(1e-9, 1e12, "kg")]
Tonnes = Annotated[Quantity, Bounded(0.0, 1e10, "t")]
Kilotonnes = Annotated[Quantity, Bounded(0.0, 1e6, "kt")]
GramsPerUnit = Annotated[Quantity, Bounded(0.0, 1e8, "g per unit")]
Km = Annotated[Quantity, Bounded(0.0, 50_000.0, "km")]
Kmh = Annotated[Quantity, Bounded(0.1, 200.0, "km/h")]
M3 = Annotated[Quantity, Bounded(0.001, 1e6, "m3")]
Minutes = Annotated[Quantity, Bounded(0.0, 1440.0, "minutes")]
Hours = Annotated[Quantity, Bounded(0.0, 8784.0, "hours")]
Usd = Annotated[Quantity, Bounded(-1e13, 1e13, "USD")]
UsdPer = Annotated[Quantity, Bounded(-1e9, 1e9, "USD per unit of the name")]
KwhPerT = Annotated[Quantity, Bounded(0.0, 1e7, "kWh/t")]
KgCo2ePer = Annotated[Quantity, Bounded(-1e6, 1e6, "kgCO2e per unit of the name")]
Count = Annotated[Quantity, Bounded(0.0, 1e11, "count")]
People = Annotated[Quantity, Bounded(1.0, 1e11, "people")]
Items = Annotated[tuple[T, ...], Field(strict=False)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_ .,()&/+'-]{0,79}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Iso3 = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Text = Annotated[str, StringConstraints(max_length=2000)]
Day = date
