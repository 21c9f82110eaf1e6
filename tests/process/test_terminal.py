"""In front of a terminal: the plan, one question, a bar. Off one: plain lines, never a question."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("a pseudo-terminal is POSIX", allow_module_level=True)

import pexpect  # type: ignore[import-untyped]  # it has no type hints, and stubs are one more package

# From Python 3.12 on, forking beside threads (pytest-xdist has some) warns; the child execs at once.
pytestmark = pytest.mark.filterwarnings("ignore:.*forkpty.*:DeprecationWarning")

QUESTION = r"Go on\? yes / no / first \d"
Sheet = Callable[..., Path]
Terminal = Callable[..., Any]


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str], cleanup: ExitStack) -> Terminal:
    """``terminal(*arguments)``: the command with somebody in front of it."""

    def start(*arguments: object) -> Any:
        child = pexpect.spawn(
            sys.executable,
            ["-m", "batch_runner", *map(str, arguments)],
            cwd=str(tmp_path),
            env={**environment, "TERM": "xterm"},  # type: ignore[arg-type,unused-ignore]
            encoding="utf-8",
            dimensions=(24, 80),
            timeout=30,
        )
        cleanup.callback(child.close, force=True)
        return child

    return start


def rest(child: Any) -> str:
    """What it says from here to its end."""
    child.expect(pexpect.EOF)
    child.close()
    return str(child.before)


def test_the_plan_comes_first_and_no_submits_nothing(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """Rows, estimate and balance, then one question; ``no`` ends it with 0 and leaves the sheet."""
    box, sheet = sandbox(), make_sheet("campaign.csv", 7)
    before = sheet.read_bytes()
    child = terminal("run", sheet, "--base-url", box.origin)
    child.expect(QUESTION)
    for said in (r"7 rows: 7 new", r"estimated cost \$\d", r"balance \$10,000\.00"):
        assert re.search(said, child.before), child.before
    assert child.after.endswith("first 5")
    child.sendline("no")
    assert "Go on" not in rest(child)
    assert child.exitstatus == 0
    assert box.accepted() == []
    assert sheet.read_bytes() == before
    assert not Path(f"{sheet}.batch").exists()


@pytest.mark.parametrize(("answer", "sent"), [("yes", 7), ("y", 7), ("first 5", 5), ("5", 5)])
def test_yes_sends_all_and_first_5_five(
    answer: str, sent: int, sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """Asked once; what was said is done, and the rest of the rows waits for the next run."""
    box, sheet = sandbox("--seconds", "0.2"), make_sheet("campaign.csv", 7)
    child = terminal("run", sheet, "--base-url", box.origin)
    child.expect(QUESTION)
    child.sendline(answer)
    said = rest(child)
    assert child.exitstatus == 0, said
    assert "Go on" not in said
    assert len(box.accepted()) == sent
    assert f"{sent} succeeded" in said


def test_another_answer_is_asked_about_again(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """A slip of the finger is neither yes nor no."""
    box, sheet = sandbox(), make_sheet("campaign.csv", 2)
    child = terminal("run", sheet, "--base-url", box.origin)
    child.expect(QUESTION)
    child.sendline("yse")
    child.expect("please type yes, no or first 2")
    child.expect(QUESTION)
    child.sendline("n")
    rest(child)
    assert child.exitstatus == 0
    assert box.accepted() == []


def test_the_bar_says_how_far_it_is(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """Sent, being made, done, failed and spent stand in it, also in 80 columns; --yes asks nothing."""
    box, sheet = sandbox("--seconds", "0.2"), make_sheet("campaign.csv", 5)
    text = sheet.read_text(encoding="utf-8")
    text = text.replace("box 2.", "box 2 [sandbox:stuck].")
    sheet.write_text(text.replace("box 3.", "box 3 [sandbox:failed]."), encoding="utf-8")
    child = terminal("run", sheet, "--base-url", box.origin, "--yes")
    child.expect(r"4/5 \|.*\| sent 5, being made 1, done 3, failed 1, spent \$\d")
    assert "Go on" not in child.before
    child.sendintr()
    assert "3 succeeded, 1 running, 1 failed" in rest(child)


def test_a_rehearsal_never_asks(make_sheet: Sheet, terminal: Terminal) -> None:
    """Nothing is paid in the sandbox, so there is nothing to agree to."""
    child = terminal("run", make_sheet("campaign.csv", 1), "--sandbox")
    said = rest(child)
    assert child.exitstatus == 0, said
    assert "Go on" not in said
    assert "1 succeeded" in said


def test_a_sheet_that_is_open_is_waited_for_and_takes_the_results_when_closed(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """Whoever sits there is told; nothing is left beside the sheet afterwards."""
    box, sheet = sandbox("--seconds", "0.1"), make_sheet("campaign.csv", 2)
    owner = sheet.with_name(f".~lock.{sheet.name}#")
    owner.write_text("somebody", encoding="utf-8")
    child = terminal("run", sheet, "--base-url", box.origin, "--yes")
    child.expect("is open: close it")
    assert sheet.with_name("campaign.results.csv").exists()
    owner.unlink()
    assert "2 succeeded" in rest(child)
    assert child.exitstatus == 0
    assert sheet.read_text(encoding="utf-8").count("succeeded") == 2
    assert not sheet.with_name("campaign.results.csv").exists()


def test_ctrl_c_leaves_the_results_beside_an_open_sheet(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """The work is done all the same: exit 0, the sheet untouched."""
    box, sheet = sandbox("--seconds", "0.1"), make_sheet("campaign.csv", 1)
    before = sheet.read_bytes()
    sheet.with_name(f".~lock.{sheet.name}#").write_text("somebody", encoding="utf-8")
    child = terminal("run", sheet, "--base-url", box.origin, "--yes")
    child.expect("is open: close it")
    child.sendintr()
    assert "1 succeeded" in rest(child)
    assert child.exitstatus == 0
    assert sheet.read_bytes() == before
    assert "succeeded" in sheet.with_name("campaign.results.csv").read_text(encoding="utf-8")


def test_one_ctrl_c_at_the_question_submits_nothing(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """Once is enough while it waits for an answer: 130, the sheet as it was."""
    box, sheet = sandbox(), make_sheet("campaign.csv", 2)
    before = sheet.read_bytes()
    child = terminal("run", sheet, "--base-url", box.origin)
    child.expect(QUESTION)
    child.sendintr()
    said = rest(child)
    assert child.exitstatus == 130, said
    assert "Interrupted." in said
    assert box.accepted() == []
    assert sheet.read_bytes() == before


def test_sigterm_at_the_question_submits_nothing(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """143 as its own exit code, not death by a signal; no traceback, the sheet as it was."""
    box, sheet = sandbox(), make_sheet("campaign.csv", 2)
    before = sheet.read_bytes()
    child = terminal("run", sheet, "--base-url", box.origin)
    child.expect(QUESTION)
    ended = None
    while ended != 0:  # one that comes just before Python's read begins is only seen by the next
        child.kill(signal.SIGTERM)
        ended = child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=2)
    child.close()
    assert (child.exitstatus, child.signalstatus) == (143, None)
    assert "Traceback" not in child.before
    assert box.accepted() == []
    assert sheet.read_bytes() == before


def test_ctrl_c_typed_during_a_run_saves_and_says_how_to_go_on(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """130, what is being made is named, and the command that goes on."""
    box, sheet = sandbox("--seconds", "60"), make_sheet("campaign.csv", 2)
    child = terminal("run", sheet, "--base-url", box.origin, "--yes")
    child.expect("sent 2, being made 2")
    child.sendintr()
    said = rest(child)
    assert child.exitstatus == 130, said
    assert "2 videos are paid and still being made" in said
    assert "Next: batch-runner run sheets/campaign.csv" in said


def test_off_a_terminal_lines_are_plain(
    sandbox: Callable[..., Any], make_sheet: Sheet, run: Callable[..., Any]
) -> None:
    """No question, no carriage return, no control character: fit for a log file."""
    box, sheet = sandbox("--seconds", "3"), make_sheet("campaign.csv", 2)
    done = run("run", sheet, "--base-url", box.origin)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "Go on" not in said
    assert re.search(r"^0/2 · sent 2, being made 2, ", said, flags=re.MULTILINE)
    assert not set(map(chr, [*range(32), 127])) - {"\n"} & set(said)


def test_a_check_is_a_table_for_people(make_sheet: Sheet, terminal: Terminal) -> None:
    """Cell, how bad, what is wrong, what to do; what a cell holds moves no cursor."""
    sheet = make_sheet("campaign.csv", 2)
    text = sheet.read_text(encoding="utf-8")
    sheet.write_text(text.replace("cat.png,5", "cat.png,\x1b[31m99", 1), encoding="utf-8")
    child = terminal("check", sheet)
    child.expect("Cell")
    child.expect("What is wrong")
    child.expect("D2")
    child.expect("error")
    child.expect("duration is")
    assert "\x1b[31m99" not in rest(child)
    assert child.exitstatus == 1


def test_above_an_amount_yes_is_asked_for(
    sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """--yes is no answer to --confirm-above: somebody has to type it."""
    box, sheet = sandbox("--seconds", "0.2"), make_sheet("campaign.csv", 3)
    words = ("run", sheet, "--base-url", box.origin, "--yes", "--confirm-above")
    child = terminal(*words, "0.01")
    child.expect(QUESTION)
    child.sendline("no")
    rest(child)
    assert (child.exitstatus, box.accepted()) == (0, [])
    child = terminal(*words, "100")
    assert "Go on" not in rest(child)
    assert len(box.accepted()) == 3


@pytest.mark.parametrize(("answer", "sent"), [("no", 2), ("yes", 7)])
def test_after_a_pilot_somebody_is_asked(
    answer: str, sent: int, sandbox: Callable[..., Any], make_sheet: Sheet, terminal: Terminal
) -> None:
    """The rest is sent by a second yes; a no leaves with 0 and the command that goes on."""
    box, sheet = sandbox("--seconds", "0.2"), make_sheet("campaign.csv", 7)
    child = terminal("run", sheet, "--base-url", box.origin, "--pilot", "2")
    child.expect(QUESTION)
    child.sendline("yes")
    child.expect("The pilot of 2 videos is done")
    child.expect(QUESTION)
    assert "5 videos to be made" in child.before
    child.sendline(answer)
    said = rest(child)
    assert child.exitstatus == 0
    assert len(box.accepted()) == sent
    assert ("Next: batch-runner run" in said) is (answer == "no")
