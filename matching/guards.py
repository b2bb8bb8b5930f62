"""What the database refuses on the offers' table, and the code each refusal has."""

from fixmate.core.db_errors import refuse
from matching.errors import OfferClosed
from matching.services.rank_index import ranker_in_index
from technicians import ranking

refuse(OfferClosed, "offer_one_live_per_job", "UNIQUE constraint failed: matching_offer.job_id")

ranking.register(ranker_in_index)
