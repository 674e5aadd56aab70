"""Scripts as the kernel's document and its tools have them, word for word or in their style."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from sim_machine import machine, run

DEBUG = "/sys/kernel/debug"
MODULES = """#!/bin/bash

FAILTYPE=failslab
echo Y > /sys/kernel/debug/$FAILTYPE/task-filter
echo 10 > /sys/kernel/debug/$FAILTYPE/probability
echo 100 > /sys/kernel/debug/$FAILTYPE/interval
echo -1 > /sys/kernel/debug/$FAILTYPE/times
echo 0 > /sys/kernel/debug/$FAILTYPE/space
echo 2 > /sys/kernel/debug/$FAILTYPE/verbose
echo Y > /sys/kernel/debug/$FAILTYPE/ignore-gfp-wait

faulty_system()
{
    bash -c "echo 1 > /proc/self/make-it-fail && exec $*"
}

if [ $# -eq 0 ]
then
    echo "Usage: $0 modulename [ modulename ... ]"
    exit 1
fi

for m in $*
do
    echo inserting $m...
    faulty_system echo $m

    echo removing $m...
    faulty_system cat /proc/self/make-it-fail
done
"""
INTERRUPTED = """#!/bin/bash
FAILTYPE=fail_page_alloc
module=$1

if [ -z $module ]
then
    echo "Usage: $0 <modulename>"
    exit 1
fi
if [ ! -d /sys/kernel/debug/$module ]
then
    echo Module $module is not loaded
    exit 1
fi
echo 10 > /sys/kernel/debug/$FAILTYPE/probability
trap "echo 0 > /sys/kernel/debug/$FAILTYPE/probability" SIGINT SIGTERM EXIT
echo "Injecting errors into the module $module... (interrupt to stop)"
sleep 1000000
"""
FAILCMD = """#!/bin/bash
SCRIPT_NAME=$(basename "$0")
DEFAULT_PROBABILITY=1
usage()
{
	cat >&2 <<EOF
Usage: $SCRIPT_NAME [options] command [args]
EOF
}
exit_if_not_hex()
{
	local value="$1"
	if ! [[ $value =~ ^0x[0-9a-fA-F]+$ ]]; then
		echo "Error: The provided value '$value' is not a valid hexadecimal number." >&2
		exit 1
	fi
}
if [ $UID != 0 ]; then
	echo must be run as root >&2
	exit 1
fi
mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
DEBUGFS=/sys/kernel/debug
if [ ! -d "$DEBUGFS" ]; then
	echo debugfs is not mounted >&2
	exit 1
fi
FAILCMD_TYPE=${FAILCMD_TYPE:-failslab}
FAULTATTR=$DEBUGFS/$FAILCMD_TYPE
if [ ! -d $FAULTATTR ]; then
	echo $FAILCMD_TYPE is not available >&2
	exit 1
fi
restore_values()
{
	echo N > $FAULTATTR/task-filter
	echo 0 > $FAULTATTR/probability
	echo 1 > $FAULTATTR/times
}
restore_values
declare -i probability=$DEFAULT_PROBABILITY
declare -i times=1
LONGOPTS=probability:,interval:,times:,require-start:,help
args=$(getopt -o p:i:t:h --longoptions $LONGOPTS -n "$SCRIPT_NAME" -- "$@")
if [ $? != 0 ]; then
	usage
	exit 1
fi
eval set -- "$args"
while true; do
	case "$1" in
	-p|--probability)
		probability=$2
		shift 2
		;;
	-i|--interval)
		echo $2 > $FAULTATTR/interval
		shift 2
		;;
	-t|--times)
		times=$2
		shift 2
		;;
	--require-start)
		exit_if_not_hex "$2"
		shift 2
		;;
	-h|--help)
		usage
		exit 0
		;;
	--)
		shift
		break
		;;
	*)
		shift
		;;
	esac
done
[ -z "$*" ] && exit 0
echo $probability > $FAULTATTR/probability
echo $times > $FAULTATTR/times
trap "restore_values" SIGINT SIGTERM EXIT
cmd="echo 1 > /proc/self/make-it-fail && exec $@"
bash -c "$cmd"
"""


def put(target, text):
    run(target, "cat > s.sh; chmod +x s.sh", stdin=text)


def test_the_module_script_marks_each_program_that_it_runs():
    target = machine()
    put(target, MODULES)
    assert run(target, "./s.sh").exit_code == 1
    done = run(target, "./s.sh a b")
    assert done.stdout == (
        "inserting a...\na\nremoving a...\n1\ninserting b...\nb\nremoving b...\n1\n"
    )
    assert (
        run(target, f"cat {DEBUG}/failslab/times {DEBUG}/failslab/interval").stdout == "-1\n100\n"
    )


def test_an_interrupt_disarms_what_the_script_armed():
    target = machine()
    put(target, INTERRUPTED)
    assert "Usage: ./s.sh <modulename>" in run(target, "./s.sh").stdout
    assert run(target, "./s.sh nosuch").stdout == "Module nosuch is not loaded\n"
    probability = f"{DEBUG}/fail_page_alloc/probability"
    script = f"./s.sh failslab & sleep 1; cat {probability}; kill $!; sleep 1; cat {probability}"
    assert run(target, script).stdout.splitlines()[1:] == ["10", "10"]
    done = run(target, f"timeout -s INT 5 ./s.sh failslab; echo $?; cat {probability}")
    assert done.stdout.splitlines()[1:] == ["124", "0"]


def test_failcmd_arms_runs_and_restores():
    target = machine()
    put(target, FAILCMD)
    state = f"cat {DEBUG}/failslab/probability {DEBUG}/failslab/times {DEBUG}/failslab/interval"
    done = run(target, f"./s.sh -p 7 --times=9 --interval 2 -- {state}")
    assert done.stdout == "7\n9\n2\n"
    assert run(target, state).stdout == "0\n1\n2\n"
    assert run(target, "./s.sh --probability 3 -- sh -c 'exit 3'").exit_code in (0, 3)
    assert run(target, "./s.sh --require-start xyz -- true").exit_code == 1
    assert run(target, "./s.sh --nosuch").exit_code == 1
    assert run(target, "./s.sh --help").exit_code == 0


def test_a_negative_errno_and_a_substituted_process_as_in_the_document():
    target = machine()
    assert run(target, "printf %#x -12 > f; cat f").stdout == "0xfffffffffffffff4"
    assert run(target, "cat <(echo WRITE_RO) > f; cat f").stdout == "WRITE_RO\n"


def test_awk_and_getopt_as_scripts_use_them():
    target = machine()
    assert run(target, "mount | head -1 | awk '{ print $3}'").stdout.strip().startswith("/")
    assert run(target, "printf 'a:b c\\nd:e\\n' | awk -F: '/a/ {print $2, NR}'").stdout == "b c 1\n"
    made = run(target, "getopt -o ab: -l long,with: -- -a x -b 'q r' --with=1 --long -- -z")
    assert made.stdout == " -a -b 'q r' --with '1' --long -- 'x' '-z'\n"
    refused = target.run(run.__globals__["Command"](script="awk 'BEGIN{x=1}'", timeout_ns=10**9))
    assert "awk program" in refused.unmodelled
