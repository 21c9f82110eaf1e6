"""The JSON Schema of the campaign config, for editors that complete and check while typing.

``python -m batch_runner.settings.schema_file > configs/campaign.schema.json`` writes it anew.
"""

from __future__ import annotations

import json
import sys

from batch_runner.settings.campaign import CampaignConfig

FILE_NAME = "campaign.schema.json"


def campaign_schema() -> str:
    """The schema as the committed file has it."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **CampaignConfig.model_json_schema(),
        "title": "batch-runner campaign config",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(campaign_schema())
