"""A run in figures, by the naming rules of Prometheus and OpenMetrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from batch_runner import __version__
from batch_runner.core.jobs import Totals
from batch_runner.core.model import MICROS
from batch_runner.ledger.runs import RunRecord
from batch_runner.ledger.vitals import Vitals
from batch_runner.scheduler.controls import Gauges

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_STATES = ("queued", "running", "succeeded", "failed", "invalid", "unknown", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)  # the library keeps it in a set
class Figures:
    """A sheet and its run at one moment."""

    sheet: str
    totals: Totals
    vitals: Vitals
    run: RunRecord
    gauges: Gauges | None  # None: the run is not (or no longer) at work
    events: Mapping[str, int] = field(default_factory=dict)  # what happened in this run, by name
    limited: int = 0  # submits answered with 429
    tasks: int = 0  # that ended in this run and told how long they took
    task_seconds: float = 0.0  # of all of them

    def collect(self) -> Iterator[Metric]:
        """As the library asks its collectors."""
        from prometheus_client.metrics_core import GaugeMetricFamily

        info = GaugeMetricFamily("batch_runner_info", "The program.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield from self._sheet()
        yield from self._run()
        if self.gauges is not None:
            yield from self._at_work(self.gauges)

    def _sheet(self) -> Iterator[Metric]:
        from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

        rows = GaugeMetricFamily(
            "batch_runner_rows", "Rows of the sheet.", labels=["sheet", "state"]
        )
        for state in _STATES:
            rows.add_metric([self.sheet, state], self.totals.states.get(state, 0))
        yield rows
        cost = CounterMetricFamily(
            "batch_runner_cost_usd", "Charged for the sheet, all runs.", labels=["sheet"]
        )
        cost.add_metric([self.sheet], self.totals.cost / MICROS)
        yield cost
        reserved = self.totals.held / MICROS
        yield self._gauge("reserved_usd", "Charged, or reserved for what is open.", reserved)
        missing = self.totals.video_missing
        yield self._gauge("videos_missing", "Paid videos not downloaded yet.", missing)
        unpublished = self.totals.unpublished
        yield self._gauge("videos_unpublished", "Stored, not published yet.", unpublished)
        yield from self._moment("last_progress", "Something changed last.", self.totals.updated_at)
        oldest = self.vitals.oldest_task
        yield from self._moment("oldest_task_accepted", "The oldest task at work.", oldest)
        well = self.vitals.last_success
        yield from self._moment("last_success", "A run ended with everything done.", well)

    def _run(self) -> Iterator[Metric]:
        from prometheus_client.metrics_core import CounterMetricFamily, SummaryMetricFamily

        ended = self.run.ended_at
        yield self._gauge("run_active", "Whether a run is on.", ended is None)
        yield from self._moment("run_started", "The last run began.", self.run.started_at)
        yield from self._moment("run_ended", "The last run ended.", ended)
        if self.run.exit is not None:
            yield self._gauge("run_exit_code", "Exit code of the last run.", self.run.exit)
        events = CounterMetricFamily(
            "batch_runner_events", "What happened to jobs in this run.", labels=["sheet", "event"]
        )
        for event, number in sorted(self.events.items()):
            events.add_metric([self.sheet, event], number)
        yield events
        limited = CounterMetricFamily(
            "batch_runner_submits_limited", "Submits answered with 429.", labels=["sheet"]
        )
        limited.add_metric([self.sheet], self.limited)
        yield limited
        seconds = SummaryMetricFamily(
            "batch_runner_task_seconds", "How long tasks took at the provider.", labels=["sheet"]
        )
        seconds.add_metric([self.sheet], self.tasks, self.task_seconds)
        yield seconds

    def _at_work(self, gauges: Gauges) -> Iterator[Metric]:
        yield self._gauge("tasks_in_flight", "Slots in use.", gauges.in_flight)
        yield self._gauge("slots_limit", "Slots that may be used.", gauges.slots)
        yield self._gauge("submit_rate_limit", "Submits a second that may be made.", gauges.rate)
        lag = gauges.looks_behind
        yield self._gauge("poll_lag_seconds", "How long a look waits for its turn.", lag)
        yield self._gauge("paused", "Whether the run is paused.", gauges.paused)
        yield self._gauge("provider_up", "Whether the provider answers.", not gauges.provider_down)

    def _gauge(self, name: str, meaning: str, value: float) -> Metric:
        from prometheus_client.metrics_core import GaugeMetricFamily

        gauge = GaugeMetricFamily(f"batch_runner_{name}", meaning, labels=["sheet"])
        gauge.add_metric([self.sheet], float(value))
        return gauge

    def _moment(self, name: str, meaning: str, at: datetime | None) -> Iterator[Metric]:
        """A moment; how long ago it was is for whoever reads it: the file may be old itself."""
        if at is not None:
            yield self._gauge(f"{name}_timestamp_seconds", meaning, at.timestamp())
