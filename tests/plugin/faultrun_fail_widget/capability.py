"""The capability as data: one more struct fault_attr, with one file of its own.

The driver does what the kernel document's section 1.4 tells: DECLARE_FAULT_ATTR(fail_widget),
fault_create_debugfs_attr("fail_widget", NULL, &fail_widget), and should_fail(&fail_widget, 1)
before each spin.
"""

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order, flag
from faultrun.model.capability import Capability

_REF = "drivers/misc/widget.c:widget_spin()"

_OWN = (flag("ignore-idle", "Y", "Y spares widgets that stand still.", _REF),)

FAIL_WIDGET = Capability(
    name="fail_widget",
    summary="Spinning a widget fails with EIO.",
    description="Checked once for each spin, in the task that asks for it.",
    directory="/sys/kernel/debug/fail_widget",
    attrs=(*_OWN, *COMMON_ATTRS),
    arm_order=arm_order(_OWN),
    kernel_refs=(_REF, DECIDE_REF, CREATE_REF),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_WIDGET"),
    errnos=("EIO",),
    size_unit="spins",
    log_name="fail_widget",
    modelled="by hand, as an example",
)
