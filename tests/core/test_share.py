"""Runs of one account divide what it bears: never more in all, nobody starves, nothing lies idle."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
from hypothesis import given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from batch_runner.core.share import Member, divide, level, share_of

WISHES = st.lists(st.integers(0, 50), min_size=1, max_size=8)


@settings(deadline=None)
@given(st.integers(0, 200), WISHES)
def test_units_are_divided_evenly_and_wholly(total: int, wishes: list[int]) -> None:
    """Nobody gets more than wished, all that is wished for is given, and who got less got all."""
    given_ = divide(total, wishes)
    assert all(0 <= got <= wish for got, wish in zip(given_, wishes, strict=True))
    assert sum(given_) == min(total, sum(wishes))
    short = [got for got, wish in zip(given_, wishes, strict=True) if got < wish]
    assert not short or min(short) >= max(given_) - 1


@settings(deadline=None)
@given(st.floats(0, 200), st.lists(st.floats(0, 50), min_size=1, max_size=8))
def test_rates_are_divided_evenly_and_wholly(total: float, wishes: list[float]) -> None:
    """The same for rates, up to rounding."""
    given_ = level(total, wishes)
    assert all(0 <= got <= wish for got, wish in zip(given_, wishes, strict=True))
    assert abs(sum(given_) - min(total, sum(wishes))) < 1e-6
    short = [got for got, wish in zip(given_, wishes, strict=True) if got < wish]
    assert not short or min(short) >= max(given_) - 1e-6


class Runs(RuleBasedStateMachine):
    """Runs that come, meet, take slots, end tasks, pause, die: each knows only what it met."""

    def __init__(self) -> None:
        super().__init__()
        self.members: dict[str, Member] = {}
        self.may: dict[str, int] = {}  # slots as each was told last
        self.rates: dict[str, float] = {}
        self.time = 0.0

    @initialize(limit=st.integers(1, 6), rate=st.floats(0.5, 20))
    def begin(self, limit: int, rate: float) -> None:
        """All are told the same limits."""
        self.limit, self.rate = limit, rate

    def _meet(self, name: str) -> None:
        me = self.members[name]
        share = share_of(me, [m for n, m in self.members.items() if n != name])
        self.members[name] = me.granted(share)
        self.may[name], self.rates[name] = share.slots, share.rate

    @rule(name=st.sampled_from("abcd"))
    def meet(self, name: str) -> None:
        """One meets the others, perhaps for the first time."""
        self.members.setdefault(
            name,
            Member(
                id=name,
                rate=self.rate,
                slots=self.limit,
                in_flight=0,
                sending=True,
                served_at=0.0,
            ),
        )
        self._meet(name)

    @precondition(lambda self: any(self.free()))
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        """One that may takes a slot; the others hear of it when it meets them."""
        name = data.draw(st.sampled_from(self.free()))
        self.time += 1
        me = self.members[name]
        self.members[name] = replace(me, in_flight=me.in_flight + 1, served_at=self.time)

    def free(self) -> list[str]:
        """Those that may take one more."""
        return [n for n, m in self.members.items() if m.sending and m.in_flight < self.may[n]]

    @rule(name=st.sampled_from("abcd"))
    def end(self, name: str) -> None:
        """A task ends."""
        me = self.members.get(name)
        if me is not None and me.in_flight:
            self.members[name] = replace(me, in_flight=me.in_flight - 1)

    @rule(name=st.sampled_from("abcd"), sending=st.booleans())
    def turn(self, name: str, *, sending: bool) -> None:
        """One has nothing more to send, or something again."""
        if name in self.members:
            self.members[name] = replace(self.members[name], sending=sending)

    @rule(name=st.sampled_from("abcd"))
    def die(self, name: str) -> None:
        """One is gone."""
        for of in (self.members, self.may, self.rates):
            of.pop(name, None)

    @invariant()
    def never_more_in_all(self) -> None:
        """Tasks in flight, and what may still be taken, stay within the limit; rates, too."""
        if self.members:
            most = [max(m.in_flight, self.may[n]) for n, m in self.members.items()]
            assert sum(most) <= self.limit
            assert sum(self.rates.values()) <= self.rate * (1 + 1e-9)

    @invariant()
    def nobody_starves(self) -> None:
        """Once all tasks ended and all met twice, every slot is used, by whoever waited longest."""
        if not self.members:
            return
        later = Runs()
        later.limit, later.rate = self.limit, self.rate
        later.members = {n: replace(m, in_flight=0) for n, m in self.members.items()}
        for name in [*later.members] * 2:
            later._meet(name)
        hungry = sorted((m.served_at, n) for n, m in later.members.items() if m.sending)[
            : self.limit
        ]
        assert all(later.may[name] > 0 and later.rates[name] > 0 for _, name in hungry)
        if hungry:
            assert sum(later.may.values()) == self.limit


TestRuns = Runs.TestCase
TestRuns.settings = settings(deadline=None)  # the machine may be busy
