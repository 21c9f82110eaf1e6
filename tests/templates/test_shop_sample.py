"""The sample export of a shop is in the shop's own shape, and runs as its config says."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

from batch_runner.app.campaign import open_campaign
from batch_runner.app.sheet.intake import Memory, take_in
from batch_runner.core.model import Severity
from batch_runner.loader.load import load
from tests.templates.conftest import requests, specs

SAMPLES = Path(__file__).parents[2] / "samples"
SHOPIFY = """
Handle|Title|Body (HTML)|Vendor|Product Category|Type|Tags|Published|Option1 Name|Option1 Value
Option2 Name|Option2 Value|Option3 Name|Option3 Value|Variant SKU|Variant Grams
Variant Inventory Tracker|Variant Inventory Qty|Variant Inventory Policy|Variant Fulfillment Service
Variant Price|Variant Compare At Price|Variant Requires Shipping|Variant Taxable|Variant Barcode
Image Src|Image Position|Image Alt Text|Gift Card|SEO Title|SEO Description|Variant Image
Variant Weight Unit|Variant Tax Code|Cost per item|Status
"""


def test_the_sample_has_the_columns_of_an_export() -> None:
    """The headers are those that the shop writes, in its order."""
    with (SAMPLES / "shopify.csv").open(encoding="utf-8-sig", newline="") as file:
        headers = next(csv.reader(file))
    assert headers == [name for line in SHOPIFY.split("\n") for name in line.split("|") if name]


def test_each_product_is_one_valid_job(tmp_path: Path) -> None:
    """Three products of six lines: pictures in order, words without HTML, no error."""
    for name in ("shopify.csv", "shopify.yaml"):
        shutil.copy(SAMPLES / name, tmp_path)
    campaign = open_campaign(tmp_path / "shopify.csv", {}, {"BATCH_RUNNER_DATA": str(tmp_path)})
    (table,) = load(campaign.source, campaign.rules.options)
    intake = take_in(table, campaign.rules, Memory())
    assert not [p for p in intake.rows.findings if p.severity is Severity.ERROR]
    assert [spec.file_name for spec in specs(intake).values()] == [
        "glazed-mug",
        "linen-apron",
        "beeswax-candle",
    ]
    mug, apron, candle = requests(intake).values()
    assert [url.rsplit("/")[-1] for url in mug["image_urls"]] == [
        "mug-front.jpg",
        "mug-above.jpg",
        "mug-handle.jpg",
    ]
    assert mug["prompt"].endswith("Thrown by hand, glazed in deep blue. 350 ml Dishwasher-safe")
    assert apron["prompt"].startswith("Linen apron, linen, turns slowly")
    assert candle["prompt"] == "Beeswax candle, plain, turns slowly on a wooden table."


def test_the_language_of_templates_is_loaded_for_templates_only(tmp_path: Path) -> None:
    """A sheet without templates does not pay for Jinja."""
    program = (
        "import sys; from batch_runner.cli.main import cli; "
        "code = cli(['check', sys.argv[1]]); sys.exit(10 * ('jinja2' in sys.modules) + code)"
    )
    shutil.copy(SAMPLES / "campaign.csv", tmp_path / "plain.csv")
    shutil.copy(SAMPLES / "shopify.csv", tmp_path)
    shutil.copy(SAMPLES / "shopify.yaml", tmp_path)
    for name, code in (("plain.csv", 0), ("shopify.csv", 10)):
        words = [sys.executable, "-c", program, str(tmp_path / name)]
        assert subprocess.run(words, check=False, stdout=subprocess.DEVNULL).returncode == code
