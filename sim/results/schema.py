"""What result tables mean: the one source for writing, the manifest, the documentation and the heads of CSV files.

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


def _text(name: str, en: str, ja: str) -> Column:
    return Column(name, "text", "", en, ja)


def _count(name: str, en: str, ja: str, unit: str = "1") -> Column:
    return Column(name, "integer", unit, en, ja)


def _number(name: str, unit: str, en: str, ja: str) -> Column:
    return Column(name, "number", unit, en, ja)


def _kg(name: str, en: str, ja: str) -> Column:
    return Column(name, "number", "kg", en, ja)


_SHARED = (
    _count("replication", "Number of the replication, from 0.", "反復の番号(0から)"),
    _count("year", "Calendar year.", "暦年", "year"),
    _count("month", "Month of the year, 1 to 12.", "月(1~12)", "month"),
    _text("country", "Country, ISO 3166-1 alpha-3.", "国(ISO 3166-1 alpha-3)"),
    _text("origin", "Country where the device was discarded, or cargo was loaded.", "廃棄された国、または積出国"),
    _text("destination", "Country the cargo goes to.", "仕向国"),
    _text(
        "zone",
        "Prefecture or first-level region, or the coarse region that holds it.",
        "都道府県・第一級行政区、またはそれをまとめた地域",
    ),
    _text("channel", "Collection channel.", "回収ルート"),
    _text("vehicle", "Vehicle type.", "車種"),
    _text("product", "Product key.", "製品区分"),
    _text("plant", "Plant by name.", "施設名"),
    _text("process", "Process of the plant.", "処理工程"),
    _text("stage", "Kind of process or step of the chain.", "工程の種類"),
    _text("metal", "Element; `total` where the row is about all mass.", "元素(`total`は全質量)"),
    _text("substance", "Element, `graphite`, `other`, or `total` for their sum.", "物質(`total`は合計)"),
    _text(
        "form",
        "Product form: oxide, metal, alloy ..., or fraction for dismantling.",
        "製品形態(酸化物・金属・合金など)、解体では分別物",
    ),
    _text("fraction", "Fraction shipped.", "輸送する分別物"),
    _text("owner", "Country of the plant's owner.", "施設所有者の国"),
    _text("available_to", "Country whose industry gets the metal.", "金属を利用できる国"),
    _text("source", "Stage the mass left.", "移動元"),
    _text("target", "Stage the mass went to.", "移動先"),
    _text("account", "Stage that holds the mass.", "保有している段階"),
    _text("item", "What was paid for or emitted.", "項目"),
    _text("key", "Key path in the scenario.", "シナリオ内のキー"),
    _count("discard_year", "Year the device was discarded.", "廃棄された年", "year"),
    _count(
        "draw",
        "Number of the draw of uncertain inputs; replications that share it differ by chance only.",
        "不確実な入力の抽出番号",
    ),
)
_BY_NAME = {column.name: column for column in _SHARED}


def _key(names: str) -> tuple[Column, ...]:
    return tuple(_BY_NAME[name] for name in names.split())


_TABLES = (
    Table(
        "recovery",
        "What plants make of what they are fed, by country of origin.",
        "施設が投入物から回収した量(発生国別)",
        _key("replication year origin plant process metal form owner available_to"),
        (
            _text("plant_country", "Country the plant stands in.", "施設の所在国"),
            _text("stage", "Kind of process: dismantling, refining, metallization ...", "工程の種類(解体・製錬・金属化など)"),
            _kg("fed_kg", "Element in what the process was fed.", "投入物に含まれる元素量"),
            _kg("recovered_kg", "Mass of the product in its form: an oxide weighs more than its element.", "製品形態での回収質量"),
            _kg("contained_kg", "Element contained in the product.", "製品に含まれる元素量"),
        ),
    ),
    Table(
        "flows",
        "Every kilogram that moved, from the ledger; opening stocks come from `opening`.",
        "台帳に記録されたすべての質量移動(期首在庫は`opening`から)",
        _key("replication year country source target substance"),
        (_kg("mass_kg", "Mass moved in the year.", "年間の移動質量"),),
    ),
    Table(
        "stocks",
        "What is held at year end inside the boundary; rows of nothing are left out.",
        "年末の在庫(境界内、ゼロの行は省略)",
        _key("replication year country account substance"),
        (_kg("mass_kg", "Mass held at the end of the year.", "年末の保有質量"),),
    ),
    Table(
        "arisings",
        "First discards of households and firms, before hoarding; they differ by draw of the inputs.",
        "家庭・事業者の廃棄量(退蔵前)",
        _key("replication year country product"),
        (
            _number("units", "units", "Devices discarded.", "廃棄台数"),
            _kg("mass_kg", "Their mass.", "廃棄質量"),
            _number(
                "units_with_magnet_share",
                "share",
                "Share of these devices that hold NdFeB magnets.",
                "ネオジム磁石を含む台数の割合",
            ),
        ),
    ),
    Table(
        "collection",
        "Queues of offers: waiting_start + offered = collected + retried + lost + waiting_end.",
        "回収待ち行列:期首待ち+排出=回収+再排出+逸失+期末待ち",
        _key("replication year country zone channel"),
        (
            _kg("waiting_start_kg", "Waiting at the start of the year.", "年初の待ち量"),
            _kg("offered_kg", "Handed over in the year.", "年間の排出量"),
            _kg("collected_kg", "Fetched.", "回収量"),
            _kg("retried_kg", "Given up and offered again later.", "取り下げ後に再排出される量"),
            _kg("lost_kg", "Given up for good: hoarded or thrown into mixed waste.", "逸失量(退蔵または混合廃棄)"),
            _kg("waiting_end_kg", "Waiting at the end of the year.", "年末の待ち量"),
            _number("wait_days_mean", "days", "Mean wait per kilogram collected.", "回収1kg当たりの平均待ち日数"),
            _kg("diverted_kg", "Part of the offers that an older channel would have got.", "既存ルートから移った量"),
        ),
    ),
    Table(
        "fleet",
        "Work of vehicles.",
        "車両の稼働",
        _key("replication year country zone channel vehicle"),
        (
            _number("routes", "1", "Routes driven.", "運行回数"),
            _number("stops", "1", "Stops served.", "訪問箇所数"),
            _number("km", "km", "Distance driven.", "走行距離"),
            _number("hours", "hours", "Hours of vehicle and driver.", "車両・運転者の時間"),
            _kg("load_kg", "Mass carried.", "積載質量"),
            _number("load_share", "share", "Mass carried over what the routes could have carried.", "積載率"),
            _number("cost_usd", "usd", "Cost.", "費用"),
            _kg("co2_kg", "Emissions of driving.", "走行による排出量"),
        ),
    ),
    Table(
        "plants",
        "Plants by month.",
        "施設の月別稼働",
        _key("replication year month plant"),
        (
            _text("status", "Status at the end of the month.", "月末の状態"),
            _kg("intake_kg", "Taken into the yard.", "受入量"),
            _kg("throughput_kg", "Processed out of the modelled feed.", "処理量(モデル内の投入物)"),
            _kg("background_kg", "Processed out of other feed that uses the nameplate.", "処理量(モデル外の投入物)"),
            _number("utilisation_share", "share", "Processed over capacity of the month.", "稼働率"),
            _kg("yard_kg", "In the yard at the end of the month.", "月末のヤード在庫"),
            _number("wait_days_mean", "days", "Mean wait in the yard per kilogram processed.", "ヤードでの平均待ち日数"),
            _number("down_hours", "hours", "Hours broken down.", "故障時間"),
        ),
    ),
    Table(
        "shipments",
        "Cargo that crossed a border.",
        "越境輸送",
        _key("replication year origin destination fraction"),
        (
            _number("boxes", "1", "Containers sailed.", "コンテナ数"),
            _kg("mass_kg", "Mass sailed.", "輸送質量"),
            _number("consent_days", "days", "Mean wait for consent per kilogram.", "同意手続きの平均日数"),
            _number("sea_days", "days", "Mean days from leaving the store to arrival per kilogram.", "海上輸送の平均日数"),
            _number("refused", "1", "Consents refused.", "不同意件数"),
            _kg("blocked_kg", "Mass that a rule kept from leaving.", "規則により差し止められた質量"),
        ),
    ),
    Table(
        "lead_times",
        "Days from discard to metal, weighted by mass, from bins of 30 days.",
        "廃棄から金属になるまでの日数(質量加重、30日幅の階級から)",
        _key("replication year metal"),
        (
            _kg("recovered_kg", "Metal the days are told of.", "対象の金属量"),
            _number("days_mean", "days", "Mean.", "平均"),
            _number("days_p10", "days", "10th percentile.", "10パーセンタイル"),
            _number("days_p50", "days", "Median.", "中央値"),
            _number("days_p90", "days", "90th percentile.", "90パーセンタイル"),
        ),
    ),
    Table(
        "lineage",
        "Where recovered headline metals came from; parents of a plant and year sum to what it recovered.",
        "主要金属の由来(施設・年ごとの合計は回収量に一致)",
        _key("replication year metal plant zone channel discard_year"),
        (_kg("recovered_kg", "Element recovered.", "回収された元素量"),),
    ),
    Table(
        "market",
        "Supply and demand by month, contained element.",
        "月別の需給(元素量)",
        _key("replication year month country metal"),
        (
            _kg("demand_kg", "Demand.", "需要"),
            _kg("primary_kg", "Supplied from primary sources.", "一次供給"),
            _kg("recovered_kg", "Recovered metal available to the country.", "利用できる回収金属"),
            _kg("stockpile_kg", "In the stockpile at the end of the month.", "月末の備蓄"),
            _kg("shortfall_kg", "Demand not met.", "不足量"),
            _number(
                "price_usd_per_kg",
                "usd/kg",
                "Mean price of the month this country's buyers face.",
                "当該国の買い手が直面する月平均価格",
            ),
            _number(
                "import_dependence_share",
                "share",
                "Primary metal from other countries over all metal supplied; recovered metal counts as the country's own.",
                "輸入依存度(回収金属は国内供給として扱う)",
            ),
            _number(
                "hhi", "1", "Supplier concentration, 0 to 1, recovered metal as one more supplier.", "供給集中度(回収金属を含む)"
            ),
            _number("primary_hhi", "1", "Supplier concentration of primary supply alone.", "供給集中度(一次供給のみ)"),
        ),
    ),
    Table(
        "payments",
        "Every payment.",
        "支払い",
        (
            *_key("replication year"),
            _text("payer", "Who pays.", "支払者"),
            _text("payee", "Who is paid.", "受取者"),
            *_key("item"),
        ),
        (_number("usd", "usd", "Amount.", "金額"),),
    ),
    Table(
        "emissions",
        "Greenhouse gases by stage.",
        "段階別の温室効果ガス",
        _key("replication year country stage item"),
        (_number("kgco2e", "kgco2e", "Emitted; negative if avoided.", "排出量(負は回避量)"),),
    ),
    Table(
        "milestones",
        "Commissioning of plants: pledged and delivered. Days count from 1 January of the first year of the run.",
        "施設の立ち上げ:計画と実績(日数は実行開始年の1月1日から)",
        _key("replication plant"),
        (
            _text("country", "Country the plant stands in.", "所在国"),
            _text("status", "Status at the end of the run.", "実行終了時の状態"),
            _number("announced_day", "days", "Announced.", "発表"),
            _number("financed_day", "days", "Financed.", "資金確保"),
            _number("permitted_day", "days", "Permitted.", "許可"),
            _number("built_day", "days", "Built.", "完成"),
            _number("full_rate_day", "days", "At full rate.", "定格到達"),
            _number("slip_days", "days", "Built later than announced by.", "発表からの遅れ"),
            _kg("pledged_kg", "Feed the plant would have processed as announced.", "計画処理量"),
            _kg("delivered_kg", "Feed it did process.", "実績処理量"),
        ),
    ),
    Table(
        "bottlenecks",
        "What held a metal up: the place that held most of it for its throughput.",
        "金属の滞留:処理量に対して最も多く滞留した段階",
        _key("replication year metal"),
        (
            _text(
                "binding_resource",
                "Stage, with the process for plant yards; `none` if nothing of weight waits.",
                "制約となった段階(なければ`none`)",
            ),
            _kg("held_kg", "Metal held there at year end.", "年末の滞留量"),
            _number("held_days", "days", "Days of its own throughput that this is.", "滞留日数(処理量換算)"),
            _number(
                "utilisation_share", "share", "Use of the plants concerned, where it is a yard.", "関係施設の稼働率(ヤードの場合)"
            ),
        ),
    ),
    Table(
        "signals",
        "The headline ladder and the signals people watch, by year, country and metal.",
        "主要指標:年・国・金属別の回収の階段",
        _key("replication year country metal"),
        (
            _kg(
                "in_waste_kg",
                "Contained in what leaves homes and firms of the country, exports for reuse apart.",
                "廃棄物中の含有量(再使用輸出を除く)",
            ),
            _kg("collected_kg", "Contained in what formal channels fetched.", "正規ルートの回収物中の量"),
            _kg(
                "separated_kg",
                "Put into fractions from which a plant of the scenario recovers at least half of the metal, or anything of a metal "
                "that no fraction gives half of.",
                "半分以上(そのような分別物がない金属では一部でも)を回収できる分別物に分けられた量",
            ),
            _kg("refined_kg", "Recovered by end-processing, wherever it stands.", "最終処理での回収量(所在国を問わない)"),
            _kg(
                "available_kg",
                "Recovered metal that this country's industry gets, of whatever origin.",
                "当該国の産業が利用できる回収金属(由来を問わない)",
            ),
            _kg("demand_kg", "Demand of the country.", "当該国の需要"),
            _number("collection_rate_share", "share", "Collected over in waste.", "回収率(廃棄物中の量に対する)"),
            _number("eol_rr_share", "share", "EoL-RR: refined over in waste.", "使用済み回収率(廃棄物中の量に対する)"),
            _number("demand_met_share", "share", "Available over demand.", "需要充足率"),
            _number(
                "plants_operating_units",
                "units",
                "Plants of the country operating at year end (`total` rows).",
                "稼働施設数(`total`行)",
            ),
            _number(
                "boxes_sailed_units",
                "units",
                "Boxes of the country that crossed a border with consent (`total` rows).",
                "越境コンテナ数(`total`行)",
            ),
        ),
    ),
    Table(
        "inputs",
        "What uncertain inputs were drawn.",
        "不確実な入力の抽出値",
        _key("draw key"),
        (
            _number("u", "1", "Place in its distribution, 0 to 1.", "分布上の位置(0~1)"),
            _number(
                "value",
                "of the key",
                "Value drawn, in the unit of the key's name; the first of a path.",
                "抽出値(単位はキー名による)",
            ),
        ),
    ),
    Table(
        "assumptions",
        "Every number the run stands on, with source and grade: A measured, B published estimate, C derived, D assumption.",
        "計算の前提となる全数値・出典・確度(A:実測・公式、B:公表推計、C:導出、D:仮定)",
        _key("key"),
        (
            _text("value", "The value, as a scenario file writes it.", "値(シナリオ記法)"),
            _text("unit", "Its unit.", "単位"),
            _text("low", "Lower end of its range, where it has one.", "下限"),
            _text("high", "Upper end of its range.", "上限"),
            _text("source", "What was read: a publication, or the scenario file that states it.", "出典"),
            _text("address", "Where to find that.", "所在"),
            _text("grade", "Grade of evidence.", "確度"),
            _text("derivation", "How the number was made of it.", "導出方法"),
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in _TABLES}
