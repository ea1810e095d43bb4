"""What strangers, other sites, old cookies and old roles can't do."""

import crosssite
import forged
import headers
import invitations
import sessions
import standing
import strangers
from world import GOOD, world


def run(stage):
    """All of them. The first world is furnished; what ends memberships and orgs comes last."""
    with world(stage) as here:
        here.orgs()
        here.save_card(GOOD)
        here.ctl("seats", "add", "acme", "20")
        here.ctl("credits", "buy", "acme", "100")
        here.move(days=31)
        ana, bo, cy, gil = here.crowd()
        forged.run(stage.claim, here, ana, gil)
        crosssite.run(stage.claim, here, ana)
        strangers.run(stage.claim, here, ana, bo, gil)
        headers.run(stage.claim, here, ana, cy)
        invitations.run(stage.claim, here, ana)
        sessions.run(stage.claim, here, ana, bo)
        headers.secrets(stage.claim, here)
    with world(stage) as here:
        standing.run(stage.claim, here)
