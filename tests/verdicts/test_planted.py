"""Planted bugs on error paths: the campaigns that are shipped have to find them.

Each bug makes one thing of the simulated machine wrong. The steps named beside it are run as they
stand, once without the bug, where they pass, and once with it, where one of them must fail and say
what is wrong. The ordinary steps of the campaign, which inject nothing, must not notice: otherwise
any test would have found it.
"""

import re
from collections import Counter
from functools import cache

import pytest

from data.verdicts import ROOT, run
from verdicts.planted import files, held_out, kernel, storage  # noqa: F401  # they register their bugs
from verdicts.planted.bug import BUGS, KINDS

BAD = {"FAIL", "ERROR"}

CAUGHT = {
    "wrong errno": """
        block_layer_hands_out_what_should_fail_bio_said
        cp_ends_well_after_a_read_error
        dd_ends_well_after_a_read_error
        fork_without_pages_says_try_again
        futex_calls_a_deadlock_a_bad_address
        futex_does_not_start_again
        init_without_memory_is_an_invalid_argument
        mkfs_does_not_look_at_its_last_sync
        mmc_gives_up_and_says_ok
        mount_calls_every_error_a_bad_superblock
        null_blk_calls_a_timeout_an_io_error
        nvme_passthrough_forgets_the_status
        nvme_says_eio_for_every_status
        offlining_is_always_busy
        refused_mtu_is_a_success
        scsi_ignores_the_sense_data
        scsi_retries_far_too_often
        suspend_is_always_busy
    """,
    "leak": """
        ext4_keeps_a_file_whose_read_failed
        ext4_keeps_an_inode_whose_write_failed
        failed_init_keeps_its_dependencies_in_use
        failed_mount_keeps_its_module_in_use
        mount_forgets_the_loop_device_of_a_failed_mount
        nfs_keeps_files_open_after_a_broken_connection
        nfs_never_reconnects_a_third_time
        nvme_loses_a_queue_with_each_timeout
        scsi_abort_leaks_its_slot
        umount_leaves_the_loop_attached
    """,
    "lost data": """
        block_device_forgets_a_writeback_error
        ext4_forgets_a_writeback_error
        ext4_goes_on_without_a_journal
        mmc_believes_that_a_failed_write_was_written
        mmc_goes_on_from_the_beginning
        nfs_drops_a_write_whose_connection_broke
        null_blk_puts_a_request_back_without_its_data
        nvme_comes_back_with_another_disk
        nvme_completes_an_aborted_read_with_zeros
        nvme_retries_a_write_with_an_unmapped_buffer
        scsi_takes_half_of_the_data_for_all_of_it
    """,
    "state left behind": """
        bond_keeps_the_type_of_a_refused_slave
        dust_forgets_to_heal
        ext4_leaves_a_page_locked_after_a_read_error
        failed_init_leaves_the_module
        md_remembers_bad_sectors_for_ever
        mkdir_makes_the_directory_before_it_fails
        nfs_server_makes_a_directory_twice
        null_blk_leaves_a_node_without_queues
        nvme_stays_resetting_for_ever
        refused_device_is_there
        refused_memory_block_is_offline
        refused_mtu_stays
        refused_name_stays
        refused_port_stays_in_the_bridge
        refused_suspend_keeps_its_lock
        snapshot_device_stays_open
        unlink_removes_the_file_before_it_fails
    """,
    "late crash": """
        device_that_was_refused_crashes_when_it_goes
        exit_function_does_not_look_at_its_memory
        ext4_crashes_at_unmount_after_a_write_error
        mmc_forgets_the_card_when_its_reset_fails
        nfs_crashes_at_unmount_after_a_broken_connection
        null_blk_goes_with_a_lost_request
        nvme_frees_a_failed_admin_command_twice
        nvme_third_retry_uses_a_freed_command
        nvme_uses_a_failed_command_two_commands_later
        scsi_error_handler_runs_once_only
        second_load_after_a_failed_init_crashes
        thread_that_met_a_deadlock_crashes_when_it_ends
    """,
}


@cache
def healthy(campaign, steps):
    return run(ROOT / "campaigns" / f"{campaign}.yaml", only=steps, forecasting=False).steps


def caught(bug, steps):
    """The steps that fail, with a reason that names the symptom."""
    return {
        name: ended.why
        for name, ended in steps.items()
        if ended.verdict in BAD and re.search(bug.symptom, ended.why, re.DOTALL)
    }


@pytest.mark.parametrize("name", sorted(BUGS))
def test_the_shipped_campaign_catches_it(name, monkeypatch):
    bug = BUGS[name]
    before = healthy(bug.campaign, bug.steps)
    assert {ended.verdict for ended in before.values()} == {"PASS"}, before
    bug.plant(monkeypatch)
    file = ROOT / "campaigns" / f"{bug.campaign}.yaml"
    after = run(file, only=bug.steps, forecasting=False).steps
    assert caught(bug, after), f"{bug.says}\n{after}"
    calm = {step for step, ended in before.items() if not ended.injected}
    calm -= {step for step in calm if step.partition("[")[0] in bug.steps}
    assert {after[step].verdict for step in calm} <= {"PASS"}, "an ordinary test finds it"
    monkeypatch.undo()
    assert run(file, only=bug.steps, forecasting=False).steps == before


def test_the_list_of_the_caught_is_complete():
    assert {kind: sorted(names.split()) for kind, names in CAUGHT.items()} == {
        kind: sorted(bug.name for bug in BUGS.values() if bug.kind == kind) for kind in KINDS
    }
    assert len(BUGS) == 68
    assert min(Counter(bug.kind for bug in BUGS.values()).values()) >= 6
