"""Tables of money: payments, sales, finance of plants, costs, who gains, reuse."""

from __future__ import annotations

from sim.results.columns import Table, key, kg, number, text

TABLES = (
    Table(
        "payments",
        "Every payment.",
        "支払い",
        (
            *key("replication year"),
            text("payer", "Who pays.", "支払者"),
            text("payee", "Who is paid.", "受取者"),
            *key("item"),
        ),
        (
            text("stage", "Step of the chain, or kind of measure, that it belongs to.", "工程または施策の区分"),
            number("usd", "usd", "Amount, never negative.", "金額(非負)"),
        ),
    ),
    Table(
        "sales",
        "Who bought metal from which plant: spot, or under a contract.",
        "金属の販売先(スポットまたは契約)",
        (
            *key("replication year plant"),
            text("country", "Country whose industry or stockpile bought it.", "購入した国"),
            text("contract", "Contract; empty for spot sales.", "契約名(スポットは空欄)"),
            *key("metal"),
        ),
        (
            kg("contained_kg", "Element sold.", "販売された元素量"),
            number("usd", "usd", "Paid for it.", "支払額"),
            number("spot_usd", "usd", "What it was worth at spot prices.", "スポット価格での価値"),
        ),
    ),
    Table(
        "finance",
        "Plants that were not built when the run began: what owners expected and what came of it, to the end of the run.",
        "新設施設の採算:資金決定時の見込みと実行終了までの実績",
        key("replication plant"),
        (
            text("country", "Country the plant stands in.", "所在国"),
            number("must_pay", "1", "1 if it is built only when it clears its hurdle.", "採算基準を満たす場合のみ建設するなら1"),
            number("cleared", "1", "1 if it cleared, 0 if not; missing where nobody asked.", "基準を満たせば1、否なら0"),
            number("hurdle_share", "share", "Return its owners ask for.", "要求収益率"),
            number(
                "expected_npv_usd", "usd", "Present value to owners as expected at financial close.", "見込み純現在価値(所有者)"
            ),
            number("expected_irr_share", "share", "Return of the project as expected.", "見込み内部収益率"),
            number("capex_usd", "usd", "Invested in the run.", "投資額"),
            number("grant_usd", "usd", "Grants.", "補助金"),
            number("public_loan_usd", "usd", "Public loans.", "公的融資"),
            number(
                "support_usd",
                "usd",
                "Other public money: subsidies per tonne, guarantees called, price floors.",
                "その他の公的支援",
            ),
            number("npv_usd", "usd", "Present value of the project at its hurdle rate, to the end of the run.", "純現在価値(実績)"),
            number("irr_share", "share", "Return of the project, to the end of the run.", "内部収益率(実績)"),
            number("payback_years", "years", "Years until it has paid back; missing if not in the run.", "回収年数"),
            number("cost_usd_per_kg", "usd/kg", "Levelised cost per kg of tracked metals sold.", "均等化費用"),
            number("value_usd_per_kg", "usd/kg", "Spot value of the same metals, levelised alike.", "同じ金属のスポット価値"),
        ),
    ),
    Table(
        "costs",
        "Cost of metal from a country's waste against the price of primary metal; joint costs are shared by value. `ALL`: all.",
        "自国廃棄物由来の金属の費用と一次金属価格の比較(共通費用は価値で配分、`ALL`は全体)",
        key("replication year country metal"),
        (
            kg("refined_kg", "Refined from the country's waste, wherever.", "製錬量"),
            number("cost_usd_per_kg", "usd/kg", "Collection, depots, hauls, plants and capital.", "費用(回収・輸送・処理・資本)"),
            number("capital_usd_per_kg", "usd/kg", "Part of it that is capital.", "うち資本費"),
            number("price_usd_per_kg", "usd/kg", "Mean price of primary metal outside China.", "一次金属価格(中国以外)"),
            number("public_usd_per_kg", "usd/kg", "Public money of the country, shared alike.", "公的資金"),
            number("kgco2e_per_kg", "kgco2e/kg", "Emissions of the chain, shared alike (`ALL` only).", "排出原単位(`ALL`のみ)"),
        ),
    ),
    Table(
        "gains",
        "Who gains: money, work, residues and metal by country.",
        "国別の便益:収入・雇用・残渣・金属",
        key("replication year country metal"),
        (
            number(
                "earned_usd",
                "usd",
                "Net money that comes into the country's chain from buyers and other countries (`total` rows).",
                "買い手・他国からの純収入(`total`行)",
            ),
            number("public_usd", "usd", "Public money of the country (`total` rows).", "公的資金(`total`行)"),
            number(
                "stockpile_usd",
                "usd",
                "Paid by the national stock for metal less what it sold for; not in public_usd (`total` rows).",
                "国家備蓄の購入額から売却額を引いた額(public_usdに含まない、`total`行)",
            ),
            number("jobs_fte", "1", "Full-time jobs in vehicles and plants (`total` rows).", "雇用(常勤換算、`total`行)"),
            kg("residue_kg", "Landfilled, slag, mixed waste, residues of informal work (`total` rows).", "残渣(`total`行)"),
            kg("refined_here_kg", "Refined in the country, from any waste.", "国内での製錬量(由来を問わない)"),
            kg("own_refined_here_kg", "Refined in the country from its own waste.", "自国廃棄物の国内製錬量"),
            kg("own_refined_abroad_kg", "Refined abroad from the country's waste.", "自国廃棄物の国外製錬量"),
            kg("available_kg", "Recovered metal its industry or stockpile gets.", "利用できる回収金属"),
        ),
    ),
    Table(
        "reuse",
        "Repair and resale: what is kept in use, what leaves for reuse abroad, and what that delays.",
        "再使用:国内の二次使用・再使用輸出と、それによる金属の遅れ",
        key("replication year country metal"),
        (
            kg("second_life_kg", "With second owners at year end: metal that comes later.", "年末の二次使用中の量(遅れて戻る)"),
            kg("hoarded_kg", "In drawers at year end.", "年末の退蔵量"),
            kg("exported_kg", "Exported for reuse: metal lost to the country.", "再使用輸出量(自国では失われる)"),
            kg("resold_kg", "Found a second owner at home (`total` rows).", "国内で二次使用に移った量(`total`行)"),
            number("exported_age_years", "years", "Mean age of what is exported (`total` rows).", "輸出品の平均年齢(`total`行)"),
            number("value_kept_usd", "usd", "What second owners at home and abroad pay (`total` rows).", "保たれた価値(`total`行)"),
            number(
                "cost_saved_usd",
                "usd",
                "Formal collection not needed in the year (`total` rows).",
                "不要になった回収費用(`total`行)",
            ),
        ),
    ),
)
