"""The words and lines by which a run is told what to do."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.app.ctl.orders import Action, Order, parse_words, rate_text

ORDERS = st.one_of(
    st.sampled_from([Order(action=a) for a in Action if a not in {Action.SET, Action.CANCEL}]),
    st.builds(
        Order,
        action=st.just(Action.SET),
        concurrency=st.integers(1, 10**5),
        rate=st.none() | st.floats(0.001, 1000.0),
    ),
    st.builds(
        Order, action=st.just(Action.CANCEL), row=st.text("Sé 12\n", min_size=1).map("r".__add__)
    ),
)


@given(ORDERS)
def test_an_order_arrives_as_it_was_sent(order: Order) -> None:
    """One line of JSON each, whatever the row is called."""
    line = order.to_line()
    assert line.count(b"\n") == 1
    told = Order.from_line(line)
    assert told == (
        order if order.row is None else Order(action=order.action, row=order.row.strip())
    )


@given(
    st.binary(max_size=60)
    | st.builds(
        lambda v: json.dumps(v).encode(),
        st.recursive(
            st.none() | st.booleans() | st.floats() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["do", "row", "rate", "concurrency"]), inner)
            ),
        ),
    )
)
def test_no_line_breaks_a_run(line: bytes) -> None:
    """Whatever somebody sends is an order, or a ValueError with a sentence."""
    try:
        told = str(Order.from_line(line).action)
    except ValueError as error:
        told = str(error)
    assert told in set(Action) or told.endswith(".")


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ("", Order(action=Action.SHOW)),
        ("pause", Order(action=Action.PAUSE)),
        ("set concurrency=5", Order(action=Action.SET, concurrency=5)),
        ("set rate=30/min", Order(action=Action.SET, rate=0.5)),
        ("set rate=2/s concurrency=1", Order(action=Action.SET, rate=2.0, concurrency=1)),
        ("cancel 17", Order(action=Action.CANCEL, row="17")),
    ],
)
def test_words_say_it(words: str, order: Order) -> None:
    """What stands on the command line is what is done."""
    assert parse_words(words.split()) == order


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("puase", "Did you mean pause?"),
        ("set", "Say what to set"),
        ("set concurrency=0", "to send nothing, pause"),
        ("set concurrency=-1", "cannot be set"),
        ("set rate=30", "rate must be a rate such as 60/min"),
        ("set budget=5", "cannot be set; set concurrency=5"),
        ("cancel", "Name one row"),
        ("cancel 5 6", "Name one row"),
        ("pause 5", "takes nothing more"),
    ],
)
def test_a_slip_is_told(words: str, says: str) -> None:
    """Nothing is done on a guess; the sentence says what there is."""
    with pytest.raises(ValueError, match=says):
        parse_words(words.split())


def test_rates_read_as_people_write_them() -> None:
    """Slow ones a minute, quick ones a second."""
    assert [rate_text(rate) for rate in (0.5, 8.0, 200.0)] == ["30/min", "480/min", "200/s"]
