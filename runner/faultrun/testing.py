"""What every target has to keep, as checks that a plug-in's author runs too.

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    def test_my_target(check):
        check(open_my_target, Sample(...))

Each check opens a machine of its own and raises AssertionError with what was not kept.
"""

from collections.abc import Callable
from dataclasses import dataclass

from faultrun.model.target import AttrRefused, Command, Renewable, Target

SECOND_NS = 1_000_000_000
Open = Callable[[], Target]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What is known to be on the target: a directory with a file ``number`` that takes numbers."""

    directory: str
    number: str

    @property
    def path(self) -> str:
        """The file's whole path."""
        return f"{self.directory}/{self.number}"


def reads_what_was_written(open_target: Open, sample: Sample) -> None:
    """A write is one write(2); a read gives the whole file with its newline."""
    with open_target() as target:
        target.write(sample.path, b"7\n")
        assert target.read(sample.path) == b"7\n"
        target.write(sample.path, b"123\n")
        assert target.read(sample.path) == b"123\n"
        target.write(sample.path, b"4\n")
        assert target.read(sample.path) == b"4\n"


def lists_sorted_names(open_target: Open, sample: Sample) -> None:
    """A directory's names come sorted, without its path."""
    with open_target() as target:
        names = target.list(sample.directory)
        assert sample.number in names
        assert list(names) == sorted(names)


def refuses_with_errno(open_target: Open, sample: Sample) -> None:
    """What is not there is refused by name of errno, action and path."""
    with open_target() as target:
        missing = f"{sample.directory}/not-there"
        for action in (
            lambda: target.read(missing),
            lambda: target.write(missing, b"1\n"),
            lambda: target.list(missing),
        ):
            try:
                action()
            except AttrRefused as refused:
                assert refused.errno_name == "ENOENT", refused
                assert refused.path == missing
            else:
                raise AssertionError("a missing file was not refused")


def held_files_go_on_working(open_target: Open, sample: Sample) -> None:
    """hold() and release() change nothing about what is read and written."""
    with open_target() as target:
        target.hold([sample.path])
        target.write(sample.path, b"5\n")
        assert target.read(sample.path) == b"5\n"
        target.write(sample.path, b"0\n")
        assert target.read(sample.path) == b"0\n"
        target.release()
        target.write(sample.path, b"6\n")
        assert target.read(sample.path) == b"6\n"


def runs_scripts_and_arguments(open_target: Open, _sample: Sample) -> None:
    """Exit codes, both streams, standard input; arguments travel as data, never re-quoted."""
    with open_target() as target:
        done = target.run(
            Command(timeout_ns=10 * SECOND_NS, script="echo out; echo err >&2; exit 3")
        )
        assert (done.exit_code, done.stdout, done.stderr) == (3, "out\n", "err\n"), done
        hostile = "a  b'c\"$HOME;|*\\"
        done = target.run(Command(timeout_ns=10 * SECOND_NS, argv=("printf", "%s", hostile)))
        assert done.stdout == hostile, done
        done = target.run(Command(timeout_ns=10 * SECOND_NS, argv=("cat",), stdin="line\n"))
        assert done.stdout == "line\n", done


def ends_what_runs_too_long(open_target: Open, _sample: Sample) -> None:
    """A timeout is a way to end, not an exception; it takes the children along."""
    with open_target() as target:
        done = target.run(Command(timeout_ns=SECOND_NS, script="sleep 60 | sleep 60; echo late"))
        assert done.timed_out, done
        assert done.exit_code is None, done
        assert "late" not in done.stdout


def says_what_a_signal_did(open_target: Open, _sample: Sample) -> None:
    """A workload that a signal ended has a signal and no exit code."""
    with open_target() as target:
        done = target.run(Command(timeout_ns=10 * SECOND_NS, script="kill -9 $$"))
        assert done.signal == 9, done
        assert done.exit_code is None, done


def reports_a_missing_program(open_target: Open, _sample: Sample) -> None:
    """127 as a shell says it, or an explicit word that it is not modelled; never a success."""
    with open_target() as target:
        done = target.run(Command(timeout_ns=10 * SECOND_NS, script="no-such-program-here"))
        assert done.exit_code != 0 or done.unmodelled, done


def time_goes_forward(open_target: Open, _sample: Sample) -> None:
    """The clock never goes back, and sleeping moves it by at least as much."""
    with open_target() as target:
        before = target.clock.now_ns()
        target.clock.sleep_ns(1_000_000)
        assert target.clock.now_ns() >= before + 1_000_000


def log_cursor_moves_on(open_target: Open, _sample: Sample) -> None:
    """What was read once is not read again."""
    with open_target() as target:
        _records, cursor, _lost = target.log(0)
        again, same, lost = target.log(cursor)
        assert (again, same, lost) == ((), cursor, 0)


def probes_with_reasons(open_target: Open, _sample: Sample) -> None:
    """What is usable and what is missing exclude each other; every lack has a reason."""
    with open_target() as target:
        facts = target.probe()
        assert facts.release
        assert not facts.capabilities & set(facts.missing)
        assert all(reasons for reasons in facts.missing.values())


def renews_to_a_clean_machine(open_target: Open, sample: Sample) -> None:
    """A renewed machine knows nothing of the old one."""
    with open_target() as target:
        if not isinstance(target, Renewable):
            return
        clean = target.read(sample.path)
        target.write(sample.path, b"99\n")
        target.renew("again")
        assert target.read(sample.path) == clean


CHECKS = (
    reads_what_was_written,
    lists_sorted_names,
    refuses_with_errno,
    held_files_go_on_working,
    runs_scripts_and_arguments,
    ends_what_runs_too_long,
    says_what_a_signal_did,
    reports_a_missing_program,
    time_goes_forward,
    log_cursor_moves_on,
    probes_with_reasons,
    renews_to_a_clean_machine,
)
