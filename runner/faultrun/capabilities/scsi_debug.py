"""scsi_debug: SCSI disks in memory whose commands go wrong on request."""

from faultrun.model.capability import AttrKind, AttrSpec, Capability, Context, Parameter, WriteRule

_FILE = "drivers/scsi/scsi_debug.c"
_PARAMETERS = "/sys/module/scsi_debug/parameters"

SCSI_DEBUG = Capability(
    name="scsi_debug",
    summary="Commands to scsi_debug disks fail, time out or fall short: by counter, or by sector.",
    description=(
        "`opts` says what goes wrong, `every_nth` when: at every command whose number is a multiple"
        " of it. Bits of opts: 1 noise; 2 reads that touch medium_error_start.. fail (ENODATA),"
        " whatever every_nth is; 4 and 128 the command never completes, is aborted after the"
        " timeout of the disk and sent again; 8 recovered error, the data is good; 16 transport"
        " error, sent again; 32 and 64 protection errors (EILSEQ); 0x100 half of a read is"
        " transferred, the rest is asked for again; 0x4000 no noise for each command; 0x8000 host"
        " busy; 0x10000 the command is aborted, if `delay` is below 0. A command is sent six times"
        " at most. An every_nth below -1 turns to -1 when it triggers, and -1 hits every command."
        " Injections are counted by lines of the log. Retried errors leave one only with noise:"
        " write opts 0x4005 for timeouts, 0x4011 for transport errors. Short transfers and a busy"
        " host leave none at all: look at cmnd_count in /proc/scsi/scsi_debug/0. An injection that"
        " no command could use stays pending for the first that can."
    ),
    directory="/sys/bus/pseudo/drivers/scsi_debug",
    attrs=(
        AttrSpec(
            name="every_nth",
            summary=(
                "Commands whose number is a multiple of it trigger; 0 none, below 0 see above."
                " Writing it turns statistics on, for good."
            ),
            kind=AttrKind.INT,
            default=0,
            unit="commands",
            minimum=-(2**31),
            maximum=2**31 - 1,
            volatile=True,
            examples=(1, 3, -5),
            kernel_ref=f"{_FILE}:every_nth_store()",
        ),
        AttrSpec(
            name="opts",
            summary="What goes wrong, as a mask; 0 disarms.",
            kind=AttrKind.HEX,
            default=0,
            unit="mask of SDEBUG_OPT bits",
            minimum=0,
            maximum=0x7FFFFFFF,
            examples=(0x2, 0x4005),
            kernel_ref=f"{_FILE}:opts_store()",
        ),
        AttrSpec(
            name="delay",
            summary="How long a command takes; below 0 it is completed by a work queue at once.",
            kind=AttrKind.INT,
            default=1,
            unit="jiffies",
            minimum=-2,
            maximum=1000,
            examples=(1, -1),
            kernel_ref=f"{_FILE}:delay_store()",
        ),
        AttrSpec(
            name="medium_error_start",
            summary="First sector that cannot be read with bit 2 of opts.",
            kind=AttrKind.INT,
            default=0x1234,
            unit="sector",
            minimum=0,
            maximum=2**31 - 1,
            path=f"{_PARAMETERS}/medium_error_start",
            examples=(0x1234,),
            kernel_ref=f"{_FILE}:resp_read_dt0()",
        ),
        AttrSpec(
            name="medium_error_count",
            summary="How many sectors from there on.",
            kind=AttrKind.INT,
            default=10,
            unit="sectors",
            minimum=1,
            maximum=2**31 - 1,
            path=f"{_PARAMETERS}/medium_error_count",
            examples=(10,),
            kernel_ref=f"{_FILE}:resp_read_dt0()",
        ),
    ),
    arm_order=("medium_error_start", "medium_error_count", "delay", "every_nth", "opts"),
    trigger="opts",
    disarm_value="0x0",
    kernel_refs=(
        f"{_FILE}:scsi_debug_queuecommand()",
        f"{_FILE}:fake_timeout()",
        "drivers/scsi/scsi_error.c:scsi_check_sense()",
    ),
    requires=("CONFIG_SCSI_DEBUG",),
    errnos=("ENODATA", "EIO", "EILSEQ"),
    size_unit="commands",
    log_name="",
    context=Context.INTERRUPT,
    needs_device="scsi_debug",
    traces=(
        # drivers/scsi/scsi_logging.c:scsi_log_print_sense_hdr(): numbers without CONFIG_SCSI_CONSTANTS.
        r"tag#\d+ (Add\. Sense: Unrecovered read error|ASC=0x11 ASCQ=0x0 )",
        r"tag#\d+ (Add\. Sense: Failure prediction threshold exceeded|ASC=0x5d ASCQ=0x0 )",
        r"tag#\d+ (Add\. Sense: Logical block guard check failed|ASC=0x10 ASCQ=0x1 )",
        r"scsi_debug:  \[sense_key,asc,ascq\]: \[0xb,0x4b,0x3\]",
        # A patch of November 2025 takes the function's name out of the line; both are counted.
        r"sd [0-9:]+: (scsi_debug_abort: )?command not found",
    ),
)

SCSI_DEBUG_ERROR = Capability(
    name="scsi_debug_error",
    summary="One kind of error for one command of one scsi_debug unit, so many times.",
    description=(
        "Types: 0 the command times out; 1 it is not taken (command `28 1055`: the SCSI_MLQUEUE code"
        " follows); 2 it completes with host, driver, status, sense key, code and qualifier as"
        " given (`28 0 0 2 3 11 0`); 3 its abort fails; 4 the reset of the unit fails. Each leaves"
        " a line in the log. A rule of the same type and command replaces the old one; a rule whose"
        " count has run out stays in the list. 3 and 4 need a timeout to have something to do."
    ),
    directory="/sys/kernel/debug/scsi_debug/{unit}",
    attrs=(
        AttrSpec(
            name="error",
            summary="How often: below 0 that many times, above 0 without end, 0 never.",
            kind=AttrKind.INT,
            default=0,
            unit="commands",
            minimum=-(2**31),
            maximum=2**31 - 1,
            examples=(-1, 1),
            rule=WriteRule(
                text="{type} {value} {command}",
                undo="- {type} {command}",
                seen_in="/sys/kernel/debug/scsi_debug/{unit}/error",
                seen_as=r"{type}\t.*",
            ),
            kernel_ref=f"{_FILE}:sdebug_error_write()",
        ),
    ),
    arm_order=("error",),
    trigger="error",
    kernel_refs=(
        f"{_FILE}:sdebug_error_write()",
        f"{_FILE}:sdebug_timeout_cmd()",
        f"{_FILE}:sdebug_fail_cmd()",
    ),
    requires=("CONFIG_SCSI_DEBUG", "CONFIG_DEBUG_FS"),
    errnos=("EIO", "ENODATA", "EILSEQ", "EREMOTEIO", "ENOLINK", "EBADE"),
    size_unit="commands",
    log_name="",
    parameters=(
        Parameter(
            name="unit",
            summary="Host, channel, target and LUN; the first scsi_debug disk is `0:0:0:0`.",
            example="0:0:0:0",
            pattern=r"^[0-9]+:[0-9]+:[0-9]+:[0-9]+$",
            device=False,
        ),
        Parameter(
            name="type",
            summary="0 timeout, 1 not taken, 2 fails, 3 abort fails, 4 reset of the unit fails.",
            example="0",
            pattern=r"^[0-9]+$",
            choices=("0", "1", "2", "3", "4"),
            device=False,
        ),
        Parameter(
            name="command",
            summary="First byte of the command in hex, `ff` for any, then what its type asks for.",
            example="28",
            pattern=r"^[0-9a-f]{1,2}( [0-9a-f]{1,8})*$",
            device=False,
        ),
    ),
    context=Context.INTERRUPT,
    shared=False,
    needs_device="scsi_debug",
    since="6.8",
    traces=(
        # scsi_logging.c:sdev_format_header() leaves out the tag of a command that has none any more.
        r"\] (tag#\d+ )?timeout command 0x",
        r"\] (tag#\d+ )?fail (queue command|command|abort command|lun reset) 0x",
    ),
)

CAPABILITIES = (SCSI_DEBUG, SCSI_DEBUG_ERROR)
