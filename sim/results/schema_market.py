"""Tables of the market: months and years of supply security, shocks, responses and key signals."""

from __future__ import annotations

from sim.results.columns import Table, key, kg, number, text

_SECURITY = (
    number(
        "import_dependence_by_origin_share",
        "share",
        "Import dependence by origin: recovered metal counts as home supply if it comes from the country's own waste.",
        "輸入依存度(発生国基準:自国の廃棄物由来のみ国内供給)",
    ),
    number(
        "import_dependence_by_place_share",
        "share",
        "Import dependence by place: recovered metal counts as home supply if it was refined in the country.",
        "輸入依存度(製錬国基準:自国で製錬したもののみ国内供給)",
    ),
    number(
        "import_dependence_without_share",
        "share",
        "Import dependence without recovered metal.",
        "輸入依存度(都市鉱山がない場合)",
    ),
    number("hhi", "1", "Supplier concentration, 0 to 1, recovered metal as one more supplier.", "供給集中度(回収金属を含む)"),
    number(
        "hhi_by_origin", "1", "Supplier concentration, recovered metal with the country of the waste.", "供給集中度(発生国基準)"
    ),
    number("hhi_by_place", "1", "Supplier concentration, recovered metal with the country of refining.", "供給集中度(製錬国基準)"),
    number("primary_hhi", "1", "Supplier concentration of primary supply alone.", "供給集中度(一次供給のみ)"),
)

TABLES = (
    Table(
        "market",
        "Supply and demand by month, contained element.",
        "月別の需給(元素量)",
        key("replication year month country metal"),
        (
            kg("demand_kg", "Demand.", "需要"),
            kg("primary_kg", "Supplied from primary sources.", "一次供給"),
            kg("recovered_kg", "Recovered metal available to the country.", "利用できる回収金属"),
            kg("stockpile_kg", "In the stockpile at the end of the month.", "月末の備蓄"),
            kg("shortfall_kg", "Demand not met.", "不足量"),
            number(
                "price_usd_per_kg",
                "usd/kg",
                "Mean price of the month this country's buyers face.",
                "当該国の買い手が直面する月平均価格",
            ),
            number(
                "import_dependence_share",
                "share",
                "Primary metal from other countries over all metal supplied; recovered metal counts as the country's own.",
                "輸入依存度(回収金属は国内供給として扱う)",
            ),
            *_SECURITY,
            number("cover_days", "days", "Days of demand in stock at the end of the month.", "月末の備蓄日数"),
            number("cover_without_days", "days", "The same without recovered metal.", "月末の備蓄日数(都市鉱山がない場合)"),
            kg("released_kg", "Released from the national stock.", "国家備蓄の放出量"),
            kg("refilled_kg", "Bought to refill stocks.", "備蓄の買い戻し量"),
            kg("stockpile_without_kg", "In the stockpile without recovered metal.", "月末の備蓄(都市鉱山がない場合)"),
            kg("shortfall_without_kg", "Demand not met without recovered metal.", "不足量(都市鉱山がない場合)"),
        ),
    ),
    Table(
        "security",
        "Supply security by year, with the urban mine and without it (`without`: same demand, shocks "
        "and releases, no recovered metal).",
        "年別の供給安全保障指標(都市鉱山あり・なし。なしは需要・ショック・放出が同じで回収金属だけがない場合)",
        key("replication year country metal"),
        (
            number("share_met_share", "share", "Share of demand met from all sources.", "需要充足率(全供給源)"),
            number("share_met_without_share", "share", "The same without recovered metal.", "需要充足率(都市鉱山がない場合)"),
            number("urban_mine_share", "share", "Recovered metal available to the country over its demand.", "回収金属の需要比"),
            number(
                "eol_rir_share",
                "share",
                "EoL-RIR: recovered from end-of-life products over recovered and primary metal; new scrap is left out, though "
                "table `new_scrap` tells part of it.",
                "使用済み製品リサイクル投入率(回収金属÷回収・一次金属の合計、工程内スクラップは、一部が表`new_scrap`にあるが含まない)",
            ),
            number(
                "import_dependence_share",
                "share",
                "Import dependence by offtaker: recovered metal the country's industry has title to counts as its own.",
                "輸入依存度(引取国基準:自国産業が引き取る回収金属は国内供給)",
            ),
            *_SECURITY,
            kg("shortfall_kg", "Demand not met.", "不足量"),
            kg("shortfall_without_kg", "The same without recovered metal.", "不足量(都市鉱山がない場合)"),
            number("cover_days", "days", "Days of demand in stock at year end.", "年末の備蓄日数"),
            number("cover_without_days", "days", "The same without recovered metal.", "年末の備蓄日数(都市鉱山がない場合)"),
            number(
                "loss_area_days",
                "days",
                "Area between full and actual supply of the year, in days of full demand.",
                "損失面積(全需要換算日数)",
            ),
            number("loss_area_without_days", "days", "The same without recovered metal.", "損失面積(都市鉱山がない場合)"),
            number(
                "recovery_time_days",
                "days",
                "Days until demand is met again after the shortage that begins in this year, relapses within a "
                "year included; one that outlasts the run counts to its end.",
                "この年に始まった不足の回復日数(1年以内の再発を含む。期間内に回復しなければ期末まで)",
            ),
            number("recovery_time_without_days", "days", "The same without recovered metal.", "回復日数(都市鉱山がない場合)"),
        ),
    ),
    Table(
        "supply",
        "Recovered metal by country of the waste, country of refining and country whose industry gets it.",
        "回収金属の発生国・製錬国・引取国別の量",
        (
            *key("replication year origin"),
            text("place", "Country it was refined in.", "製錬国"),
            *key("available_to metal"),
        ),
        (kg("recovered_kg", "Element recovered.", "回収された元素量"),),
    ),
    Table(
        "shocks",
        "Shocks as they struck; random dates as drawn. Days count from 1 January of the first year of the run.",
        "発生したショック(ランダムな日付は抽出値、日数は実行開始年の1月1日から)",
        (*key("replication"), text("name", "Name of the shock.", "ショック名")),
        (
            text("kind", "What happened.", "種類"),
            text("target", "Metal and source, port or plant.", "対象(金属と供給国・港・施設)"),
            number("start_day", "days", "First day.", "開始日"),
            number("end_day", "days", "Day it was over.", "終了日"),
        ),
    ),
    Table(
        "responses",
        "What responses did and when. Days count from 1 January of the first year of the run.",
        "対応策の発動記録(日数は実行開始年の1月1日から)",
        (
            *key("replication"),
            text("name", "Name of the response.", "対応策名"),
            number("day", "days", "Day.", "日"),
            text("event", "triggered, start or stop.", "発動条件の成立・開始・終了"),
        ),
        (number("cost_usd", "usd", "Paid at once; daily cost is in table `payments`.", "開始時の費用(日々の費用は`payments`)"),),
    ),
    Table(
        "key_signals",
        "What people watch, by year and country: as pledged (by plans, announcements, contracts) and as modelled.",
        "注目指標:計画・発表・契約による値とモデルの値(年・国別)",
        (*key("replication year country"), text("signal", "What is watched.", "指標")),
        (
            text("unit", "Unit of both numbers.", "単位"),
            number("pledged", "of the signal", "As pledged; missing where nobody has pledged anything.", "計画値(なければ空欄)"),
            number("modelled", "of the signal", "As modelled.", "モデル値"),
        ),
    ),
)
