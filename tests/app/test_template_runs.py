"""Campaigns whose prompts, pictures and file names are made of cells, from start to end."""

from __future__ import annotations

from tests.app.conftest import IMAGE, Cli, Configure, NewSheet, Service
from tests.app.sheets import Grid, Sheet

PRODUCTS = ["Cup", "Mug", None]
TEMPLATE = "{{ product }} turns in {{ mood | default('calm') }} light"


def products(new_sheet: NewSheet, kind: str) -> Sheet:
    """A sheet without any prompt: two products and a total."""
    sheet = new_sheet(
        kind,
        [None, None, None],
        columns={
            "Product": PRODUCTS,
            "Mood": ["warm", None, None],
            "Size": [5, 7.5, None],
            "Total": [None, None, 99],
            "image_urls": [IMAGE, IMAGE, None],
        },
    )
    sheet.edit(lambda grid: [line[1:] for line in grid])
    return sheet


def test_a_campaign_by_a_template(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Each product is bought once, under its name; a total is left alone; numbers read as seen."""
    sheet = products(new_sheet, kind)
    configure(
        sheet,
        prompt=f"{TEMPLATE}, {{{{ size }}}} inches",
        download={"name": "clips/{{ product }}_{{ row }}.mp4"},
    )
    assert cli("run", sheet).code == 0
    assert service.bought() == {
        "Cup turns in warm light, 5 inches": 1,
        "Mug turns in calm light, 7.5 inches": 1,
    }
    folder = sheet.path.with_name(f"{sheet.path.name}.batch")
    assert sheet.column("video_file") == [
        f"{folder.name}/videos/clips/Cup_2.mp4",
        f"{folder.name}/videos/clips/Mug_3.mp4",
        "",
    ]
    assert (folder / "videos" / "clips" / "Cup_2.mp4").stat().st_size > 0
    assert cli("run", sheet).code == 0
    assert sum(service.bought().values()) == 2


def test_another_template_buys_nothing_by_itself(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Changed or removed templates leave finished rows alone; 'retry --changed' buys them."""
    sheet = products(new_sheet, kind)
    configure(sheet, prompt=TEMPLATE)
    cli("run", sheet)
    configure(sheet, prompt="{{ product }} falls")
    assert cli("check", sheet, "--json").json["differing"] == 2
    assert cli("run", sheet).code == 0
    assert sum(service.bought().values()) == 2
    assert cli("retry", sheet, "--changed").code == 0
    assert service.bought()["Cup falls"] == 1
    # A used cell is edited: this row alone is a new job.
    sheet.edit(_renamed)
    assert cli("run", sheet).code == 0
    assert service.bought()["Jug falls"] == 1
    assert sum(service.bought().values()) == 5


def _renamed(grid: Grid) -> Grid:
    return [["Jug" if cell == "Mug" else cell for cell in line] for line in grid]


def test_check_shows_what_rows_ask_for(
    cli: Cli, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """``--show N`` prints the first requests with all filled in, also as JSON; nothing is sent."""
    sheet = products(new_sheet, kind)
    configure(sheet, prompt=TEMPLATE, download={"name": "{{ product }}"})
    told = cli("check", sheet, "--show", "1")
    assert told.code == 0
    assert '"prompt": "Cup turns in warm light"' in told.out
    assert "Mug turns" not in told.out
    shown = cli("check", sheet, "--show", "5", "--json").json["shown"]
    assert [(one["row"], one["file_name"]) for one in shown] == [(2, "Cup"), (3, "Mug")]
    assert shown[1]["request"]["prompt"] == "Mug turns in calm light"
    assert cli("check", sheet, "--json").json["shown"] == []


def test_an_unknown_name_ends_the_command(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Exit code 2 with the nearest header; nothing was submitted."""
    sheet = products(new_sheet, kind)
    configure(sheet, prompt="{{ prodct }} turns")
    ended = cli("run", sheet)
    assert ended.code == 2
    assert "uses 'prodct', but no header reads so. Nearest: 'Product'" in ended.err
    assert not service.bought()


def test_a_video_keeps_its_place_when_another_wants_it(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """A new attempt of a row, or a row with the name of one that is gone, gets a name of its own."""
    sheet = products(new_sheet, "csv")
    configure(sheet, prompt=TEMPLATE, download={"name": "video_{{ mood | default('x') }}"})
    cli("run", sheet)
    first = sheet.column("video_file")
    sheet.edit(lambda grid: [[_other(cell) for cell in line] for line in grid])
    assert cli("run", sheet).code == 0
    second = sheet.column("video_file")
    assert [name.rsplit("/")[-1] for name in second] == ["video_warm_2.mp4", "video_x_2.mp4", ""]
    assert all((sheet.path.parent / name).is_file() for name in [*first[:2], *second[:2]])


def _other(cell: object) -> str | None:
    return {"Cup": "Jug", "Mug": "Pot"}.get(str(cell), None if cell is None else str(cell))


def test_a_shop_export_is_a_video_a_product(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Pictures come in their order, results in the first row, and the others stay as they were."""
    pictures = [f"https://images.example.com/{i}.png" for i in range(4)]
    sheet = new_sheet(
        kind,
        ["It turns.", None, None, "It falls."],
        columns={
            "image_urls": pictures,
            "Handle": ["mug", "mug", "mug", "cup"],
            "Image Position": [1, 3, 2, 1],
        },
    )
    configure(sheet, group_by="Handle", key="Handle")
    before = sheet.grid()
    assert cli("run", sheet).code == 0
    asked = {task["body"]["prompt"]: task["body"]["image_urls"] for task in service.accepted()}
    assert asked == {
        "It turns.": [pictures[0], pictures[2], pictures[1]],
        "It falls.": [pictures[3]],
    }
    assert sheet.column("status") == ["succeeded", "", "", "succeeded"]
    width = len(before[0])
    assert [line[:width] for line in sheet.grid()] == before
    assert cli("run", sheet).code == 0
    assert len(service.accepted()) == 2
