"""What codes are called: names from the run's own data first, then the catalogue's, else the code itself."""

from __future__ import annotations

import re
from typing import Any

from sim.report.language import Language, described
from sim.report.reading import Run

_COUNTRY_FIRST = re.compile(r"(?P<country>[A-Z]{3}) (?P<role>.+)")
_COUNTRY_LAST = re.compile(r"(?P<role>.+) (?P<country>[A-Z]{3})")
_PART = re.compile(r'"[^"]*"|[^."]+')  # of a key path; a part with a dot is quoted
HEADLINE = ("Nd", "Dy", "Co", "Au", "Cu")
MORE_METALS = ("Pr", "Tb", "Ag", "Pd")


class Names:
    """Names of countries, metals, channels, stages ... of one run in one language."""

    def __init__(self, run: Run, say: Language) -> None:
        self._run = run
        self._say = say
        self._known = known_codes(say)
        names = run.manifest.get("names")
        self._given: dict[str, Any] = names if isinstance(names, dict) else run.resolved

    def _name(self, kind: str, code: str) -> str:
        row = self._given.get(kind, {}).get(code)
        found = described(row, self._say.code) if isinstance(row, dict) else None
        return found or self._known.get(code) or code.replace("_", " ")

    def codes(self, kind: str) -> set[str]:
        """Codes of a kind that the run names."""
        return set(self._given.get(kind, {}))

    def country(self, code: str) -> str:
        """A country by its ISO code."""
        say = self._say
        return say("all countries") if code == "ALL" else self._name("countries", code)

    def metal(self, code: str) -> str:
        """A metal by its symbol, symbol in brackets."""
        name = _common(self._name("substances", code))
        say = self._say
        return code if name == code else say("{name} ({symbol})", name=name, symbol=code)

    def metal_name(self, code: str) -> str:
        """A metal by its name alone."""
        return _common(self._name("substances", code))

    def product(self, code: str) -> str:
        """A product by its key."""
        return _common(self._name("products", code))

    def group(self, code: str) -> str:
        """A product group."""
        return _common(self._name("groups", code))

    def fraction(self, code: str) -> str:
        """A fraction or product form."""
        return _common(self._name("fractions", code))

    def zone(self, code: str) -> str:
        """A zone or region."""
        return self._name("zones", code)

    def channel(self, code: str) -> str:
        """A collection channel."""
        return self._name("channels", code)

    def vehicle(self, code: str) -> str:
        """A vehicle type."""
        return self._name("vehicles", code)

    def stage(self, code: str) -> str:
        """A ledger stage, or `stage: process` for the yards of a process."""
        head, colon, process = code.partition(": ")
        say = self._say
        return say("{stage}: {process}", stage=self.code(head), process=self.code(process)) if colon else self.code(head)

    def resource(self, code: str) -> str:
        """What a bottleneck may be."""
        say = self._say
        known = {
            "collection": say("collection"),
            "trucks": say("trucks"),
            "yard": say("plant yards"),
            "line": say("processing lines"),
            "consent": say("border consent"),
            "sailing": say("sailings"),
            "refinery": say("refineries"),
            "market": say("buyers of the metal"),
        }
        return known.get(code) or self.code(code)

    def party(self, code: str) -> str:
        """A plant, payer or payee; the role in words where it is a role with the code of its country."""
        known, say = self.codes("countries") | {"JPN"}, self._say
        for pattern in (_COUNTRY_FIRST, _COUNTRY_LAST):
            found = pattern.fullmatch(code)
            if found and found["country"] in known:
                return say("{role} in {country}", country=self.country(found["country"]), role=self.code(found["role"]))
        return self.country(code) if code in known else self.code(code)

    def key(self, path: str) -> str:
        """A key path of the scenario with its codes in words; parts that name nothing stand as they are."""
        return " › ".join(self._part(part.strip('"')) for part in _PART.findall(path))

    def _part(self, part: str) -> str:
        for kind in ("countries", "zones", "products", "groups", "fractions", "vehicles", "channels"):
            if part in self._given.get(kind, {}):
                name = self._name(kind, part)
                return name if kind in ("countries", "zones") else _common(name)
        return self._known.get(part) or part.replace("_", " ")

    def item(self, code: str) -> str:
        """What is paid for; `item of metal` with both in words."""
        head, of, metal = code.partition(" of ")
        say = self._say
        return say("{item} of {metal}", item=self.code(head), metal=self.metal(metal)) if of else self.code(head)

    def code(self, code: str) -> str:
        """Any other code."""
        kind = next((kind for kind in ("vehicles", "fractions", "groups") if code in self._given.get(kind, {})), "")
        return self._name(kind, code) if kind else self._known.get(code.replace(" ", "_")) or code.replace("_", " ")


def _common(name: str) -> str:
    """A common noun as it stands inside a sentence: small first letter unless the next is a capital or a sign (LED lamp)."""
    return name[:1].lower() + name[1:] if name[1:2].islower() else name


def known_codes(say: Language) -> dict[str, str]:
    """Codes that the model itself uses, in words."""
    parts = (_stages, _channels, _roles, _money, _processes, _materials, _places, _regions, _metals)
    return {code: name for part in parts for code, name in part(say).items()}


def _stages(say: Language) -> dict[str, str]:
    return {
        "opening": say("stock at the start"),
        "discard": say("discarded"),
        "exported_for_reuse": say("exported for reuse"),
        "mixed_waste": say("mixed waste"),
        "informal_residue": say("informal residue"),
        "informal_metal": say("informal metal"),
        "slag": say("slag"),
        "landfill": say("landfill"),
        "leakage": say("leaked as exported scrap"),
        "refused": say("refused at the border"),
        "metal": say("recovered metal"),
        "manufacturing_scrap": say("manufacturing scrap"),
        "waiting": say("queue for collection"),
        "hoarded": say("drawers at home"),
        "vehicle": say("collection vehicles"),
        "depot": say("depots"),
        "linehaul": say("line-haul trucks"),
        "yard": say("plant yards"),
        "processing": say("dismantling plants"),
        "store": say("stores of fractions"),
        "border": say("queue for consent"),
        "haul": say("road haul of fractions"),
        "port": say("ports"),
        "sea": say("at sea"),
        "stockpile": say("stockpile"),
        "refinery_yard": say("refinery yards"),
        "refining": say("refineries"),
        "product_store": say("stores of products"),
        "total": say("all material"),
        "none": say("nothing of weight"),
        "reused": say("second life"),
        "second_life": say("second life"),
        "residue": say("residue"),
        "informal_yard": say("crude yards"),
        "informal_processing": say("crude dismantling"),
        "informal_store": say("stores of crude yards"),
        "other_recycling": say("other recycling"),
    }


def _channels(say: Language) -> dict[str, str]:
    return {
        "delivery_truck": say("delivery trucks"),
        "municipal_pickup": say("municipal pick-up"),
        "municipal_station": say("municipal stations"),
        "municipal_box": say("municipal boxes"),
        "drop_box": say("drop boxes"),
        "drop_point": say("drop points"),
        "jakarta_box": say("Jakarta boxes"),
        "producer_bins": say("producers' bins"),
        "producer_doorstep": say("producers' doorstep service"),
        "producer_scheme": say("producer scheme"),
        "pc_scheme": say("PC recycling scheme"),
        "phone_shop": say("phone shops"),
        "retailer": say("retailer take-back"),
        "retailer_appliances": say("retailers, appliances"),
        "retailer_small": say("retailers, small devices"),
        "designated_site": say("designated sites"),
        "collection_centre": say("collection centres"),
        "collection_point": say("collection points"),
        "courier_box": say("courier boxes"),
        "mail_in": say("mail-in courier"),
        "postal": say("post offices"),
        "business_waste": say("business waste"),
        "formal_collection": say("formal collection"),
        "informal": say("informal buyers"),
        "informal_buyer": say("informal buyers"),
    }


def _roles(say: Language) -> dict[str, str]:
    return {
        "households": say("households"),
        "government": say("government"),
        "owners": say("owners"),
        "builders": say("builders"),
        "banks": say("banks"),
        "public_bank": say("public bank"),
        "producers": say("producers"),
        "fund": say("funds"),
        "plants": say("plants"),
        "industry": say("industry"),
        "operations": say("operations"),
        "municipalities": say("municipalities"),
        "retailers": say("retailers"),
        "courier_recyclers": say("courier recyclers"),
        "producer_schemes": say("producer schemes"),
        "postal_operators": say("postal operators"),
        "informal_buyers": say("informal buyers"),
        "informal_workers": say("informal workers"),
        "fleets": say("vehicle operators"),
        "parcel_carriers": say("parcel carriers"),
        "delivery_companies": say("delivery companies"),
        "handlers": say("handlers"),
        "collection_schemes": say("collection schemes"),
        "depots": say("depots"),
        "hauliers": say("hauliers"),
        "road_hauliers": say("road hauliers"),
        "dismantlers": say("dismantlers"),
        "informal_dismantlers": say("informal dismantlers"),
        "formal_dismantlers": say("formal dismantlers"),
        "remelters": say("remelters"),
        "new_dismantlers": say("new dismantlers"),
        "magnet_line": say("magnet line"),
        "customs": say("customs"),
        "shipping_lines": say("shipping lines"),
        "primary_suppliers": say("primary suppliers"),
    }


def _money(say: Language) -> dict[str, str]:
    return {
        "collection": say("collection"),
        "dismantling": say("dismantling"),
        "sorting": say("sorting"),
        "treatment": say("treatment"),
        "metallization": say("metallization"),
        "crude": say("crude dismantling"),
        "magnet": say("magnets"),
        "transport": say("transport"),
        "shipping": say("shipping"),
        "purchase": say("purchase from households and buyers"),
        "fee": say("fees of households"),
        "gate_fee": say("gate fees"),
        "handling": say("handling"),
        "depot_handling": say("depot handling"),
        "line-haul": say("line-haul"),
        "road_haul": say("road haul"),
        "sea_freight": say("sea freight"),
        "duty": say("duties"),
        "opex": say("running costs"),
        "capex": say("building costs"),
        "capital_expenditure": say("building costs"),
        "equity": say("owners' money"),
        "loan_service": say("interest and repayment"),
        "guarantee": say("guarantees called"),
        "subsidy": say("subsidies"),
        "producer_fee": say("fees of producers"),
        "incentive_refund": say("refunded incentives"),
        "price_floor": say("price floors"),
        "response": say("responses to shocks"),
        "sale": say("sale"),
        "stock_refill": say("refill of stocks"),
        "stock_release": say("release of stocks"),
        "incentive": say("incentives"),
        "grant": say("grants"),
        "loan": say("loans"),
        "process": say("process"),
        "energy": say("energy"),
        "diesel": say("diesel"),
        "ship_fuel": say("ship fuel"),
        "avoided_primary": say("primary production avoided"),
        "primary": say("primary production"),
    }


def _processes(say: Language) -> dict[str, str]:
    return {
        "appliance_recycling": say("appliance recycling"),
        "small_appliance_recycling": say("small appliance recycling"),
        "manual_dismantling": say("manual dismantling"),
        "magnet_dismantling": say("magnet dismantling"),
        "shredder": say("shredding"),
        "shredder_magnet_powder": say("shredding with magnet powder recovery"),
        "board_separation": say("board separation"),
        "hdd_manual": say("hard disks, manual"),
        "hdd_auto_drum": say("hard disks, drum"),
        "hdd_auto_cut": say("hard disks, cutting"),
        "compressor_auto_resonance": say("compressors, resonance"),
        "compressor_thermal_demag": say("compressors, heat"),
        "compressor_manual": say("compressors, manual"),
        "flux_melt": say("flux melting"),
        "battery_shredding": say("battery shredding"),
        "battery_thermal": say("battery roasting"),
        "lib_hydromet": say("battery hydrometallurgy"),
        "cu_smelter": say("copper smelting"),
        "pb_smelter": say("lead smelting"),
        "ree_hydromet": say("rare-earth hydrometallurgy"),
        "hpms": say("hydrogen processing of magnets"),
        "molten_salt_electrolysis": say("molten-salt electrolysis"),
        "remelt": say("remelting"),
        "crude_informal": say("crude informal processing"),
        "scrapyard": say("scrap yards"),
    }


def _regions(say: Language) -> dict[str, str]:
    return {
        "JP-Hokkaido": say("Hokkaido"),
        "JP-Tohoku": say("Tohoku"),
        "JP-Kanto": say("Kanto"),
        "JP-Chubu": say("Chubu"),
        "JP-Kinki": say("Kinki"),
        "JP-Chugoku": say("Chugoku"),
        "JP-Shikoku": say("Shikoku"),
        "JP-Kyushu-Okinawa": say("Kyushu and Okinawa"),
    }


def _materials(say: Language) -> dict[str, str]:
    return {
        "board": say("circuit boards"),
        "battery": say("batteries"),
        "copper": say("copper fraction"),
        "aluminium": say("aluminium fraction"),
        "ferrous": say("iron fraction"),
        "display": say("displays"),
        "plastic": say("plastics"),
        "mixed_scrap": say("mixed scrap"),
        "compressor_motor": say("compressors and motors"),
        "black_mass": say("black mass"),
        "ree_oxide": say("rare-earth oxide"),
        "ree_metal": say("rare-earth metal"),
        "magnet_alloy": say("magnet alloy"),
        "refined_metal": say("refined metal"),
        "battery_salts": say("battery salts"),
        "remelted": say("remelted metal"),
    }


def _places(say: Language) -> dict[str, str]:
    return {
        "JPN": say("Japan"),
        "BRN": say("Brunei Darussalam"),
        "KHM": say("Cambodia"),
        "IDN": say("Indonesia"),
        "LAO": say("Lao PDR"),
        "MYS": say("Malaysia"),
        "MMR": say("Myanmar"),
        "PHL": say("Philippines"),
        "SGP": say("Singapore"),
        "THA": say("Thailand"),
        "TLS": say("Timor-Leste"),
        "VNM": say("Viet Nam"),
        "USA": say("United States"),
        "IND": say("India"),
        "KOR": say("South Korea"),
        "AUS": say("Australia"),
        "FRA": say("France"),
        "GBR": say("United Kingdom"),
        "BEL": say("Belgium"),
        "CHN": say("China"),
        "DEU": say("Germany"),
    }


def _metals(say: Language) -> dict[str, str]:
    return {
        "Nd": say("neodymium"),
        "Pr": say("praseodymium"),
        "Dy": say("dysprosium"),
        "Tb": say("terbium"),
        "Au": say("gold"),
        "Ag": say("silver"),
        "Pd": say("palladium"),
        "Cu": say("copper"),
        "Co": say("cobalt"),
    }
