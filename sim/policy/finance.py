"""How a plant is paid for, and whether it pays: sources of money, debt service, flows to owners and to the project."""

from __future__ import annotations

from dataclasses import dataclass

from sim.core.finance import annuity, irr, npv
from sim.nodes.investment_spec import CapitalSpec, InvestmentSpec
from sim.nodes.plant_spec import FinanceSpec, PlantSpec

NOTHING = FinanceSpec()
UNSUPPORTED = InvestmentSpec()


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms of one project: sources of its money as shares of investment, rates, and years.

    What grant, public loan and equity leave of the investment is lent by banks; where no equity is stated owners pay all of it.
    """

    grant_share: float
    loan_share: float
    equity_share: float
    bank_share: float
    guarantee_share: float
    hurdle_share: float
    public_rate_share: float
    bank_rate_share: float
    loan_years: int
    life_years: int
    load_share: float

    @classmethod
    def of(cls, plant: PlantSpec, capital: CapitalSpec, year: float) -> Terms:
        """Terms of a plant that closes its finance in a year: its own where it states them."""
        money, invest = plant.finance or NOTHING, plant.investment or UNSUPPORTED
        grant, loan = (share.at(year) if share is not None else 0.0 for share in (money.grant_share, money.loan_share))
        rest = max(1.0 - grant - loan, 0.0)
        equity = rest if money.equity_share is None else min(money.equity_share.at(year), rest)
        hurdle = invest.hurdle_rate_share or capital.hurdle_rate_share
        load = invest.load_share or capital.load_share
        return cls(
            grant_share=grant,
            loan_share=loan,
            equity_share=equity,
            bank_share=rest - equity,
            guarantee_share=invest.guarantee_share.at(year),
            hurdle_share=hurdle.at(year),
            public_rate_share=capital.public_rate_share.at(year),
            bank_rate_share=capital.bank_rate_share.at(year),
            loan_years=round(capital.loan_years.at(year)),
            life_years=round(capital.life_years.at(year)),
            load_share=load.at(year),
        )

    def service_shares(self, building_years: float) -> tuple[float, float]:
        """Yearly payments on the public loan and on bank loans over investment; what is guaranteed bears the public rate.

        Nothing is paid while a plant is built: interest of that time is added to what is owed.
        """
        rate = self.bank_rate_share - self.guarantee_share * max(self.bank_rate_share - self.public_rate_share, 0.0)
        public, bank = (
            lent * (1.0 + interest) ** building_years * annuity(interest, self.loan_years)
            for lent, interest in ((self.loan_share, self.public_rate_share), (self.bank_share, rate))
        )
        return public, bank

    def owners_flows(self, capex_usd: float, cash_usd: float, delay_years: float) -> list[float]:
        """Yearly flows to owners from financial close: what they put in, the years of building, cash less debt service."""
        building = round(delay_years)
        service = capex_usd * sum(self.service_shares(building))
        running = [cash_usd - (service if year < self.loan_years else 0.0) for year in range(self.life_years)]
        return [-self.equity_share * capex_usd, *([0.0] * building), *running]

    def project_flows(self, capex_usd: float, cash_usd: float, delay_years: float) -> list[float]:
        """Yearly flows of the project itself, whoever pays."""
        return [-capex_usd, *([0.0] * round(delay_years)), *([cash_usd] * self.life_years)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What owners expected at financial close."""

    capex_usd: float
    cash_usd_per_year: float
    npv_usd: float
    irr_share: float

    @property
    def clears(self) -> bool:
        """Whether the project meets the hurdle."""
        return self.npv_usd >= 0.0


def judge(terms: Terms, capex_usd: float, cash_usd: float, delay_years: float) -> Verdict:
    """Value a project as its owners do: present value of their flows at their hurdle rate, and the project's own return."""
    owners = terms.owners_flows(capex_usd, cash_usd, delay_years)
    project = terms.project_flows(capex_usd, cash_usd, delay_years)
    return Verdict(capex_usd, cash_usd, npv(terms.hurdle_share, owners), irr(project))
