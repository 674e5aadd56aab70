import pytest

from faultrun.model.campaign import TargetSpec
from faultrun.model.target import Command
from faultrun.targets.agent_target import RenewableTarget
from faultrun.targets.uml import UmlLife

pytestmark = pytest.mark.real

SECOND_NS = 1_000_000_000
SIZES = (1, 2_000, 2_100, 4_095, 4_097, 8_192, 65_537, 99_990, 100_010, 131_072, 1_000_000)


def test_a_script_or_an_input_may_be_as_long_as_a_campaign(uml_kernel):
    # Text that does not compress: a terminal has to carry every byte of it.
    text = "".join(
        chr(33 + (number * number * 7919 + number // 7) % 90) for number in range(1 << 20)
    )
    text = text.replace("'", "x").replace("\\", "y")
    life = UmlLife(uml_kernel.path, TargetSpec(kind="uml"), release=uml_kernel.release)
    with RenewableTarget(life) as guest:
        for size in SIZES:
            script = f"cat > /run/x <<'END'\n{text[:size]}\nEND\nwc -c < /run/x"
            done = guest.run(Command(timeout_ns=60 * SECOND_NS, script=script))
            assert (done.exit_code, done.stdout, done.stderr) == (0, f"{size + 1}\n", "")
            done = guest.run(Command(timeout_ns=60 * SECOND_NS, argv=("cat",), stdin=text[:size]))
            assert done.stdout == text[:size]
