"""Bugs in drivers of disks and in the block layer."""

from dataclasses import replace

from faultrun.kernel.errno import name_of
from faultrun.kernel.numbers import signed
from faultrun.simkernel.devices import block_cache, mmc, null_blk, nvme, nvme_bus, scsi_disk
from faultrun.simkernel.devices.block import Disk
from faultrun.simkernel.devices.medium import SECTOR
from faultrun.simkernel.devices.scsi_debug import ScsiDebug
from faultrun.simkernel.sim_errno import SimErrno
from verdicts.planted.bug import around, bug, oops

OOPS = "NULL pointer dereference"


@bug("wrong errno", "nvme-io", "errno-medium", symptom="reports 'ENODATA'; found it reported 'EIO'")
def nvme_says_eio_for_every_status(patch):
    """The driver's table from statuses to errnos is gone."""

    def status_of(original, *args):
        return replace(original(*args), blk_status="IOERR")

    around(patch, nvme, "status_of", status_of)


@bug("wrong errno", "nvme-admin", "never-retried", symptom="exit status .*found exit status 0")
def nvme_passthrough_forgets_the_status(patch):
    """The ioctl returns 0 although the controller refused the command."""

    def passthrough(original, *args):
        original(*args)
        return 0

    around(patch, nvme.Controller, "passthrough", passthrough)


@bug("wrong errno", "scsi-debug", "medium-error", symptom="'ENODATA'; found it reported 'EIO'")
def scsi_ignores_the_sense_data(patch):
    """Whatever the sense data says, the request ends as an I/O error."""

    def decided(original, answer):
        ruling = original(answer)
        return replace(ruling, status="IOERR") if answer.sense is not None else ruling

    around(patch, scsi_disk, "_decided", decided)


@bug("wrong errno", "block-io", "timeout-null-blk", symptom="'ETIMEDOUT'; found it reported 'EIO'")
def null_blk_calls_a_timeout_an_io_error(patch):
    """The timeout handler ends requests with the wrong status."""

    def execute(original, *args):
        status, data = original(*args)
        return "IOERR" if status == "TIMEOUT" else status, data

    around(patch, null_blk.NullDevice, "execute", execute)


@bug(
    "wrong errno", "mmc", "retries-end", symptom="exit: expected exit status 1; found exit status 0"
)
def mmc_gives_up_and_says_ok(patch):
    """After its last retry the driver ends the read as if it had gone well."""

    def execute(original, card, request):
        _status, data = original(card, request)
        return "OK", data or bytes(request.sectors * SECTOR)

    around(patch, mmc.Card, "execute", execute)


@bug("wrong errno", "fail-function", "caller-decides", symptom="'EIO'; found it reported 'ENOMEM'")
def block_layer_hands_out_what_should_fail_bio_said(patch):
    """A bio that is refused ends with the return value of the hook, not with EIO."""

    def submit(original, device, bio):
        errno_name, data = original(device, bio)
        said = device.kernel.injected.get("should_fail_bio")
        return (name_of(-signed(said, 64)) if errno_name and said else errno_name), data

    around(patch, block_cache, "submit", submit)


@bug("leak", "scsi-debug", "document-every-nth", symptom="command aborts=7")
def scsi_abort_leaks_its_slot(patch):
    """An aborted command keeps its slot; with two of two gone no command gets through."""

    def recovered(original, driver, *args):
        driver.leaked = getattr(driver, "leaked", 0) + 1
        original(driver, *args)

    def queue(original, driver, *args):
        answer = original(driver, *args)
        if getattr(driver, "leaked", 0) < 2:
            return answer
        return scsi_disk.Answer(silent=True)

    around(patch, ScsiDebug, "recovered", recovered)
    around(patch, ScsiDebug, "queue", queue)


@bug("lost data", "nvme-io", "kept-write", symptom="b.file: it is not equal")
def nvme_retries_a_write_with_an_unmapped_buffer(patch):
    """The buffer is unmapped before the command is sent again, and zeros are written."""

    def work(original, namespace, request):
        again = getattr(namespace, "last", None) is request
        namespace.last = request
        if again and request.op == "WRITE":
            request = replace(request, data=bytes(len(request.data)))
        return original(namespace, request)

    around(patch, nvme.Namespace, "_work", work)


@bug("lost data", "block-io", "timeout-nvme-kept", symptom="differ")
def nvme_completes_an_aborted_read_with_zeros(patch):
    """After the reset the second attempt reads into another buffer than the caller's."""

    def timed_out(original, namespace, request):
        original(namespace, request)
        namespace.aborted = request

    def work(original, namespace, request):
        data = original(namespace, request)
        return bytes(len(data)) if getattr(namespace, "aborted", None) is request else data

    around(patch, nvme, "timed_out", timed_out)
    around(patch, nvme.Namespace, "_work", work)


@bug("lost data", "mmc", "kept-write", symptom="'precious' is not in it")
def mmc_believes_that_a_failed_write_was_written(patch):
    """The card wrote nothing when the data error came, and the driver does not send it again."""

    def recovered(original, card, request, ended):
        if request.op == "WRITE":
            card.medium.clear(request.sector * SECTOR, request.sectors * SECTOR)
        return original(card, request, ended)

    around(patch, mmc.Card, "_recovered", recovered)


@bug("lost data", "mmc", "kept-read", symptom="differ")
def mmc_goes_on_from_the_beginning(patch):
    """What is left of a transfer is read from where the request began."""

    def rest(original, card, request, at):
        return replace(original(card, request, at), sector=request.sector)

    around(patch, mmc.Card, "_rest", rest)


@bug("lost data", "block-io", "null-blk-requeue-data", symptom="differ")
def null_blk_puts_a_request_back_without_its_data(patch):
    """A write that was put back once is done with empty pages."""

    def fails(original, device, fault, *args):
        hit = original(device, fault, *args)
        if fault == "requeue" and hit:
            device.emptied = True
        return hit

    def work(original, device, request):
        if getattr(device, "emptied", False) and request.op == "WRITE":
            request = replace(request, data=bytes(len(request.data)))
        device.emptied = False
        return original(device, request)

    around(patch, null_blk.NullDevice, "_fails", fails)
    around(patch, null_blk.NullDevice, "_work", work)


@bug("lost data", "scsi-debug", "short-transfer", symptom="differ")
def scsi_takes_half_of_the_data_for_all_of_it(patch):
    """The residual count of a short transfer is not looked at."""

    def sent(original, disk, command):
        answer = original(disk, command)
        size = command.request.sectors * SECTOR
        if answer.status or answer.host or answer.busy or answer.good == size:
            return answer
        return replace(answer, good=size, data=answer.data.ljust(size, b"\0"))

    around(patch, scsi_disk.ScsiDisk, "_sent", sent)


@bug(
    "state left behind",
    "block-io",
    "null-blk-init-hctx",
    symptom="exit: expected exit status 0; found exit status 9",
)
def null_blk_leaves_a_node_without_queues(patch):
    """The disk is published before its queues are asked, and stays when they do not start."""

    def power_on(original, device, index, task, partitions=0):
        try:
            original(device, index, task, partitions)
        except SimErrno:
            medium = null_blk.Medium(1 << 20)
            disk = Disk(
                device._site.kernel, name=device.name, medium=medium, driver=device, number=(253, 9)
            )
            device._site.publish(disk, 0)
            raise

    around(patch, null_blk.NullDevice, "power_on", power_on)


@bug(
    "state left behind",
    "nvme-admin",
    "reset-dies",
    symptom="nvme0 is dead; found nvme0 is resetting",
)
def nvme_stays_resetting_for_ever(patch):
    """A reset that is given up does not change the controller's state."""

    def reset(original, controller, *args, **named):
        try:
            original(controller, *args, **named)
        except SimErrno:
            controller.state = "resetting"
            raise

    around(patch, nvme_bus, "reset", reset)


@bug("late crash", "nvme-io", "copy-fails", symptom=OOPS)
def nvme_uses_a_failed_command_two_commands_later(patch):
    """A command that was given up is freed, and its tag still points to it."""

    def execute(original, namespace, request):
        status, data = original(namespace, request)
        if status != "OK":
            namespace.left = 2
        elif getattr(namespace, "left", 0):
            namespace.left -= 1
            if not namespace.left:
                oops(namespace.controller.kernel, "nvme_complete_batch_req")
        return status, data

    around(patch, nvme.Namespace, "execute", execute)


@bug("late crash", "nvme-admin", "reset-harmless", symptom=OOPS)
def nvme_frees_a_failed_admin_command_twice(patch):
    """The second admin command after one that failed finds a broken free list."""

    def admin(original, controller, opcode):
        status = original(controller, opcode)
        if status:
            controller.left = 2
        elif getattr(controller, "left", 0):
            controller.left -= 1
            if not controller.left:
                oops(controller.kernel, "nvme_alloc_request")
        return status

    around(patch, nvme.Controller, "admin", admin)


@bug("late crash", "mmc", "reset-hit", symptom=OOPS)
def mmc_forgets_the_card_when_its_reset_fails(patch):
    """The next transfer after a card reset that failed uses what the reset has freed."""

    def reset(original, card, *args):
        card.freed = original(card, *args)
        return card.freed

    def transfer(original, card, request):
        if getattr(card, "freed", False):
            oops(card.host.kernel, "mmc_wait_for_req_done")
        return original(card, request)

    around(patch, mmc.Card, "_reset_fails_before_last", reset)
    around(patch, mmc.Card, "_transfer", transfer)


@bug("late crash", "scsi-debug", "document-every-nth", symptom=OOPS)
def scsi_error_handler_runs_once_only(patch):
    """The second command that is aborted finds the error handler's list damaged."""

    def recovered(original, driver, *args):
        original(driver, *args)
        if driver.counts.aborts == 2:
            oops(driver.kernel, "scsi_eh_abort_cmds")

    around(patch, ScsiDebug, "recovered", recovered)


@bug("late crash", "block-io", "null-blk-off-and-on", symptom=OOPS)
def null_blk_goes_with_a_lost_request(patch):
    """A request that timed out is still in the queue when the device is turned off."""

    def execute(original, device, request):
        status, data = original(device, request)
        device.lost = getattr(device, "lost", False) or status == "TIMEOUT"
        return status, data

    def power_off(original, device):
        original(device)
        if getattr(device, "lost", False):
            oops(device._site.kernel, "blk_mq_free_rqs")

    around(patch, null_blk.NullDevice, "execute", execute)
    around(patch, null_blk.NullDevice, "power_off", power_off)
