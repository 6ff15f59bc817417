"""What a result table is made of: columns with kind, unit and words in two languages; the columns that many tables share.

Nothing heavy is imported here; `pyarrow` types are built where tables are written (`results.tables`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "integer", "number"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `unit` is empty for texts, numbers are missing (NaN) where they have no meaning."""

    name: str
    kind: Kind
    unit: str
    en: str
    ja: str


@dataclass(frozen=True, slots=True)
class Table:
    """One table; rows are sorted by `key`, which no two rows share."""

    name: str
    en: str
    ja: str
    key: tuple[Column, ...]
    measures: tuple[Column, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Key columns first, then what is told about them."""
        return self.key + self.measures

    @property
    def head(self) -> tuple[str, ...]:
        """Names of the columns in order."""
        return tuple(column.name for column in self.columns)


def text(name: str, en: str, ja: str) -> Column:
    """A column of text."""
    return Column(name, "text", "", en, ja)


def count(name: str, en: str, ja: str, unit: str = "1") -> Column:
    """A column of whole numbers."""
    return Column(name, "integer", unit, en, ja)


def number(name: str, unit: str, en: str, ja: str) -> Column:
    """A column of numbers with their unit."""
    return Column(name, "number", unit, en, ja)


def kg(name: str, en: str, ja: str) -> Column:
    """A column of masses."""
    return Column(name, "number", "kg", en, ja)


_SHARED = (
    count("replication", "Number of the replication, from 0.", "反復の番号(0から)"),
    count("year", "Calendar year.", "暦年", "year"),
    count("month", "Month of the year, 1 to 12.", "月(1~12)", "month"),
    text("country", "Country, ISO 3166-1 alpha-3.", "国(ISO 3166-1 alpha-3)"),
    text("origin", "Country where the device was discarded, or cargo was loaded.", "廃棄された国、または積出国"),
    text("destination", "Country the cargo goes to.", "仕向国"),
    text(
        "zone",
        "Prefecture or first-level region, or the coarse region that holds it.",
        "都道府県・第一級行政区、またはそれをまとめた地域",
    ),
    text("channel", "Collection channel.", "回収ルート"),
    text("case", "What was changed.", "変更した条件"),
    text("vehicle", "Vehicle type.", "車種"),
    text("product", "Product key.", "製品区分"),
    text("plant", "Plant by name.", "施設名"),
    text("process", "Process of the plant.", "処理工程"),
    text("stage", "Kind of process or step of the chain.", "工程の種類"),
    text("metal", "Element; `total` where the row is about all mass.", "元素(`total`は全質量)"),
    text("substance", "Element, `graphite`, `other`, or `total` for their sum.", "物質(`total`は合計)"),
    text(
        "form",
        "Product form: oxide, metal, alloy ..., or fraction for dismantling.",
        "製品形態(酸化物・金属・合金など)、解体では分別物",
    ),
    text("fraction", "Fraction shipped.", "輸送する分別物"),
    text("owner", "Country of the plant's owner.", "施設所有者の国"),
    text(
        "available_to",
        "Country whose industry gets the metal; in `recovery` where no contract says otherwise.",
        "金属を利用できる国(`recovery`では契約がない場合)",
    ),
    text("source", "Stage the mass left.", "移動元"),
    text("target", "Stage the mass went to.", "移動先"),
    text("account", "Stage that holds the mass.", "保有している段階"),
    text("item", "What was paid for or emitted.", "項目"),
    text("key", "Key path in the scenario.", "シナリオ内のキー"),
    count("discard_year", "Year the device was discarded.", "廃棄された年", "year"),
    count(
        "draw",
        "Number of the draw of uncertain inputs; replications that share it differ by chance only.",
        "不確実な入力の抽出番号",
    ),
)
_BY_NAME = {column.name: column for column in _SHARED}


def key(names: str) -> tuple[Column, ...]:
    """Columns that many tables share, by name."""
    return tuple(_BY_NAME[name] for name in names.split())
