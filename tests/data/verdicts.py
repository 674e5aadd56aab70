"""Campaigns run in this process, as the command line would run them: forecast first, then steps."""

from dataclasses import dataclass
from pathlib import Path

from data.engine_plans import Events, never
from faultrun.capabilities.registry import known
from faultrun.cli.forecast import forecast
from faultrun.engine.drive_virtual import drive
from faultrun.gate.policy import decide
from faultrun.oracles.registry import builtin
from faultrun.plan.build import make_plan
from faultrun.plan.select import Selection
from faultrun.spec.load import load
from faultrun.targets.simulated import SimulatedTarget

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    verdict: str
    outcome: str
    injected: int
    reasons: tuple[str, ...]

    @property
    def why(self):
        return "; ".join(self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """``diagnostics`` are those of reading and of the forecast; no steps if it was refused.

    ``restored``: every control file is as it was.
    """

    steps: dict[str, Ended]
    diagnostics: tuple
    restored: bool = True

    @property
    def codes(self):
        return {finding.code for finding in self.diagnostics}


def run(path, *, only=(), forecasting=True):
    loaded = load(Path(path), overrides={})
    if loaded.campaign is None:
        return Ran(steps={}, diagnostics=loaded.diagnostics)
    plan = make_plan(loaded.campaign, known(), selection=Selection(only=tuple(only)), seed=None)
    told = ()
    if forecasting:
        foreseen = forecast(plan)
        plan, told = foreseen.plan, foreseen.diagnostics

    def machine(name):
        return SimulatedTarget(plan.campaign.target, seed=plan.seed, machine=name)

    events = Events()
    summary = drive(plan, machine, events, oracles=builtin(), gate=decide, slots=2, stop=never)
    steps = {task.id: ended(task.id, events) for task in plan.tasks}
    return Ran(steps=steps, diagnostics=(*loaded.diagnostics, *told), restored=summary.restored)


def ended(step, events):
    found = events.of("step.verdict", step)
    if not found:
        skipped = events.of("step.skip", step)[0].data
        reasons = tuple(skipped["reasons"])
        return Ended(verdict="SKIP", outcome="no-fault", injected=0, reasons=reasons)
    data = found[0].data
    return Ended(
        verdict=data["verdict"],
        outcome=data["outcome"],
        injected=data["injected"],
        reasons=tuple(data["reasons"]),
    )
