"""fail_mmc_request: data errors of an SD card or eMMC; and dw_mmc's own data CRC errors."""

from dataclasses import replace

from faultrun.capabilities.common import COMMON_ATTRS, CREATE_REF, DECIDE_REF, arm_order
from faultrun.model.capability import Capability, Context, Parameter

_REF = "drivers/mmc/core/core.c:mmc_should_fail_request()"

_HOST = Parameter(
    name="host",
    summary="The host that the card sits in; its card is `mmcblk0` for `mmc0`.",
    example="mmc0",
    pattern=r"^mmc[0-9]+$",
)

_BYTES = tuple(
    replace(spec, unit="bytes") if spec.name == "space" else spec for spec in COMMON_ATTRS
)

FAIL_MMC_REQUEST = Capability(
    name="fail_mmc_request",
    summary="Data transfers of an MMC host end with a data error that the card never had.",
    description=(
        "A request with data that went well gets ETIMEDOUT, EILSEQ or EIO at random, and the bytes"
        " transferred are cut to a random multiple of 512 below what there were. What was"
        " transferred counts; the rest is sent again. A request that makes no progress is tried"
        " three times in all, with a reset of the card before the last; a read of several sectors"
        " is then done sector by sector, once each. Of a failed write an SD card is asked how much"
        " it wrote (ACMD22, 4 bytes, which the fault can hit too), and that counts instead: a"
        " single write error never reaches the caller. The reset reads 64 bytes twice, which the"
        " fault can hit as well. Callers only ever see EIO. Completions run in interrupts, those of"
        " single sectors in the host's interrupt thread: no task filter matches either."
    ),
    directory="/sys/kernel/debug/{host}/fail_mmc_request",
    attrs=_BYTES,
    arm_order=arm_order(),
    kernel_refs=(
        _REF,
        "drivers/mmc/core/debugfs.c:mmc_add_host_debugfs()",
        "drivers/mmc/core/block.c:mmc_blk_mq_rw_recovery()",
        DECIDE_REF,
        CREATE_REF,
    ),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_FAIL_MMC_REQUEST"),
    errnos=("EIO",),
    size_unit="bytes (block size times blocks)",
    log_name="fail_mmc_request",
    always_told=True,
    parameters=(_HOST,),
    context=Context.INTERRUPT,
    shared=False,
    needs_device="mmc",
    boot_option="mmc_core.fail_request",
)

FAIL_DATA_CRC = Capability(
    name="fail_data_crc",
    summary="Data transfers of a DesignWare MMC host end with a CRC error, at a random moment.",
    description=(
        "The host driver starts a timer of up to 500 us with the transfer and then reports a data"
        " CRC error that the hardware never saw; the size that `space` counts is 1."
    ),
    directory="/sys/kernel/debug/{host}/fail_data_crc",
    attrs=COMMON_ATTRS,
    arm_order=arm_order(),
    kernel_refs=(
        "drivers/mmc/host/dw_mmc.c:dw_mci_start_fault_timer()",
        "drivers/mmc/host/dw_mmc.c:dw_mci_init_fault()",
        DECIDE_REF,
        CREATE_REF,
    ),
    requires=("CONFIG_FAULT_INJECTION_DEBUG_FS", "CONFIG_MMC_DW"),
    errnos=("EIO",),
    size_unit="transfers",
    log_name="fail_data_crc",
    parameters=(replace(_HOST, summary="The host, which has to be a dw_mmc."),),
    context=Context.INTERRUPT,
    shared=False,
    not_simulated="no dw_mmc host is simulated",
)

CAPABILITIES = (FAIL_MMC_REQUEST, FAIL_DATA_CRC)
