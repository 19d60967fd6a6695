"""The published points of the score."""

from matching.models import Weights
from organisations.models import Programme
from seeds.load.cells import day
from seeds.load.merge import merge
from seeds.load.words import province_of_programme
from seeds.reference import flag, table

TERMS = ("coverage", "policy_priority", "amount", "cost", "firm_ranking", "house_bank", "stability")


def load_weights() -> None:
    """Loaded as published: the document behind them was drafted and approved elsewhere."""
    programme = Programme.objects.get(code=table("programmes")[0]["code"])
    rows = [
        Weights(
            programme=programme,
            document_no=row["document_no"],
            valid_from=day(row["valid_from"]),
            state=Weights.State.APPROVED,
            points={term: int(row[term]) for term in TERMS},
            is_sample=flag(row["sample"]),
            province=province_of_programme(),
        )
        for row in table("weights")
    ]
    merge(Weights, rows, key=("province", "programme_id", "document_no"), keep=("state", "drafted_by_id", "approved_by_id"))
