"""From counts to one decision. FAIL and ERROR always fail the gate; the rest is the policy's."""

from faultrun.model.campaign import GatePolicy
from faultrun.model.gate import Counts, GateResult
from faultrun.model.verdict import Verdict


def decide(policy: GatePolicy, counts: Counts, not_run: int = 0) -> GateResult:
    """Apply the policy to the number of steps by verdict.

    ``not_run`` is the number of planned steps that got no verdict, because the run was
    interrupted or broke: such a run never passes, since it says nothing about them.
    """
    violations: list[str] = []
    _forbid(violations, counts, Verdict.ERROR, "could not be judged, because our side broke")
    _forbid(violations, counts, Verdict.FAIL, "failed")
    if policy.vacuous != "allow":
        _forbid(violations, counts, Verdict.VACUOUS, "proved nothing, because no fault hit home")
    if policy.skip != "allow":
        _forbid(violations, counts, Verdict.SKIP, "did not run, and the gate allows no skips")
    passed = counts.get(Verdict.PASS, 0)
    if passed < policy.min_passed:
        violations.append(
            f"{_steps(passed)} passed, but the gate demands at least {policy.min_passed}"
        )
    if not_run:
        violations.append(f"{_steps(not_run)} got no verdict, because the run ended early")
    return GateResult(passed=not violations, violations=tuple(violations))


def _forbid(violations: list[str], counts: Counts, verdict: Verdict, words: str) -> None:
    number = counts.get(verdict, 0)
    if number:
        violations.append(f"{_steps(number)} {words} ({verdict.value})")


def _steps(number: int) -> str:
    return "1 step" if number == 1 else f"{number} steps"
