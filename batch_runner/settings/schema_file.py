"""The JSON Schemas of campaign configs and model profiles, for editors that check while typing.

``python -m batch_runner.settings.schema_file > configs/campaign.schema.json`` writes one anew,
``python -m batch_runner.settings.schema_file model > configs/model.schema.json`` the other.
"""

from __future__ import annotations

import json
import sys

from pydantic import BaseModel

from batch_runner.settings.campaign import CampaignConfig
from batch_runner.settings.profile_file import ProfileFile

FILE_NAME = "campaign.schema.json"
PROFILE_FILE_NAME = "model.schema.json"


def campaign_schema() -> str:
    """The schema of configs as the committed file has it."""
    return _schema(CampaignConfig, "batch-runner campaign config")


def profile_schema() -> str:
    """The schema of profiles as the committed file has it."""
    return _schema(ProfileFile, "batch-runner model profile")


def _schema(model: type[BaseModel], title: str) -> str:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(),
        "title": title,
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(profile_schema() if sys.argv[1:] == ["model"] else campaign_schema())
