"""What result tables mean: the one source for writing, the manifest, the documentation and the heads of CSV files.

Nothing heavy is imported here; `pyarrow` types are built where tables are written (`results.tables`).
"""

from __future__ import annotations

from sim.results import schema_chain as chain
from sim.results import schema_market as market
from sim.results import schema_money as money
from sim.results.columns import Column, Kind, Table, count, key, kg, number, text

__all__ = ("TABLES", "TRIPS", "Column", "Kind", "Table")

_OWN = (
    Table(
        "capacity_cases",
        "What patience and fleets do, over the first three years and with the first draw of the run: as given, with other patience,"
        " with half of the vehicles, and without any queue. Empty in short runs of few replications.",
        "家庭の待ち許容日数と車両数の影響(最初の3年間・最初の抽選、同じ乱数での対比較)。反復の少ない短い計算では空",
        key("case country channel"),
        (
            kg("offered_kg", "Offered for the first time; new tries do not count.", "初めて排出された量"),
            kg("collected_kg", "Fetched.", "回収量"),
            kg("lost_kg", "Given up.", "あきらめられた量"),
            number("collected_share", "share", "Collected over offered.", "回収量/排出量"),
            number("wait_days_mean", "day", "Mean wait of what was collected.", "平均待ち日数"),
            kg("nd_collected_kg", "Nd in what formal channels fetched (`all` rows).", "回収物中のNd(`all`行)"),
            kg("nd_available_kg", "Nd this country's industry gets (`all` rows).", "当該国の産業が利用できるNd(`all`行)"),
        ),
    ),
    Table(
        "inputs",
        "What uncertain inputs were drawn.",
        "不確実な入力の抽出値",
        key("draw key"),
        (
            number("u", "1", "Place in its distribution, 0 to 1.", "分布上の位置(0~1)"),
            number(
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
        key("key"),
        (
            text("value", "The value, as a scenario file writes it.", "値(シナリオ記法)"),
            text("unit", "Its unit.", "単位"),
            text("low", "Lower end of its range, where it has one.", "下限"),
            text("high", "Upper end of its range.", "上限"),
            text("source", "What was read: a publication, or the scenario file that states it.", "出典"),
            text("address", "Where to find that.", "所在"),
            text("grade", "Grade of evidence.", "確度"),
            text("derivation", "How the number was made of it.", "導出方法"),
        ),
    ),
)

TABLES: dict[str, Table] = {table.name: table for table in (*chain.TABLES, *market.TABLES, *money.TABLES, *_OWN)}

TRIPS = Table(
    "trips",
    "Trips of collection and line-haul, one row per route or platoon of routes; written with `--trace trips` only, one file"
    " `traces/trips-<replication>.parquet` each, rows as they were told.",
    "収集および幹線輸送の運行。1行は1経路、または経路の隊列。`--trace trips` を付けたときだけ、反復ごとに"
    " `traces/trips-<replication>.parquet` に書く。行の順序は報告された順。",
    (),
    (
        count("replication", "Number of the replication, from 0.", "反復の番号(0から)"),
        number("left_day", "day", "Departure, day of simulation.", "出発(シミュレーション日)"),
        number("back_day", "day", "Unloaded at the depot, or at the plant for line-haul.", "荷降ろしを終えた日"),
        count("year", "Calendar year in which it is booked.", "計上する暦年", ""),
        text("country", "Country.", "国"),
        text("zone", "Zone it drove in, or from.", "走行した、または出発した区域"),
        text("channel", "Channel, or `linehaul`.", "回収経路、または `linehaul`"),
        text("vehicle", "Vehicle.", "車両"),
        number(
            "routes", "1", "Routes driven together; a part of one where a period shares it with the next.", "まとめて走った経路の数"
        ),
        number("stops", "1", "Stops of all of them.", "停車回数の合計"),
        number("km", "km", "Length of all of them.", "走行距離の合計"),
        number("hours", "h", "Working time of all of them.", "作業時間の合計"),
        kg("load_kg", "Load of all of them.", "積載量の合計"),
        number("cost_usd", "USD", "Cost of driving and working.", "走行と作業の費用"),
        number("co2_kg", "kg", "Emissions of driving.", "走行による排出量"),
    ),
)
