"""Every code that a diagnostic can carry: its title, how bad it is, and what to do about it.

FR0xx are mistakes of structure, value or name; FR1xx are lint rules: campaigns that say something
else than their author meant. FR120 and FR121 need a dry run and are raised by whoever makes one.
"""

from dataclasses import dataclass

from faultrun.model.diagnostic import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One row of the table. ``title`` is a few words, ``explanation`` whole paragraphs."""

    title: str
    explanation: str
    severity: Severity = Severity.ERROR


def _warning(title: str, explanation: str) -> Code:
    return Code(title=title, explanation=explanation, severity=Severity.WARNING)


CODES: dict[str, Code] = {
    "FR001": Code(
        title="a file cannot be read",
        explanation=(
            "The path does not exist, may not be read, or is a directory or a device. A campaign"
            " is one regular file."
        ),
    ),
    "FR002": Code(
        title="a file is too large",
        explanation=(
            "A campaign or library may have 1 MiB. The size is looked at before anything is read."
            " Variation belongs into `matrix:`, common parts into a library with `use:`."
        ),
    ),
    "FR003": Code(
        title="a file is not text",
        explanation=(
            "Campaigns are UTF-8 text. NUL bytes, control characters and other encodings are"
            " refused at the first place where they occur."
        ),
    ),
    "FR004": Code(
        title="not YAML",
        explanation=(
            "The YAML parser cannot make sense of the text. Usual causes: a tab as indentation, a"
            " value that contains ': ' or starts with one of {[*&!|>%@` and is not quoted, a"
            " bracket that is not closed."
        ),
    ),
    "FR005": Code(
        title="a key stands twice",
        explanation=(
            "Most YAML readers silently keep the last one. Both places are shown; keep one of them."
        ),
    ),
    "FR006": Code(
        title="a document is too deep or too wide",
        explanation=(
            "Limits: 32 levels, 1,000 aliases, 200,000 nodes that aliases may stand for, 1,000"
            " fragments in a step, 16 of them within each other, and 64 Mi characters that templates"
            " make in all cells. They stop documents of a few lines that unfold to gigabytes."
        ),
    ),
    "FR007": Code(
        title="an alias leads nowhere or into itself",
        explanation=(
            "`*name` repeats what `&name` marked earlier. It must have been marked, and it may not"
            " contain itself."
        ),
    ),
    "FR008": Code(
        title="a YAML feature that campaigns do not use",
        explanation=(
            "Merge keys (`<<`), tags (`!!str`), keys that are lists or mappings, and several"
            " documents in one file are refused. Fragments of a library (`use:`) do what merge keys"
            " do, with parameters and places; quotes do what tags do. A template must stand in"
            ' quotes: status: "{{ status }}".'
        ),
    ),
    "FR009": _warning(
        "a scalar that older YAML reads otherwise",
        "faultrun reads scalars by YAML 1.2: on, off, yes, no, 010, 1:30 and 1_000 are texts. Most"
        " tools still read YAML 1.1, where they are true, false, 8, 90 and 1000. Write true, false"
        " or the plain number if that is meant, or put the text into quotes.",
    ),
    "FR010": Code(
        title="an empty document",
        explanation="The file holds no YAML value: nothing, or comments only.",
    ),
    "FR011": Code(
        title="an unknown key",
        explanation=(
            "A key that means nothing at its place is refused, because a typing error would"
            " otherwise silently switch off what was meant. The hint names the nearest known one."
        ),
    ),
    "FR012": Code(
        title="an unknown attribute",
        explanation=(
            "The capability has no control file of that name. Attributes have the kernel's own file"
            " names, `-` and `_` included: task-filter, dont_retry. `faultrun explain CAPABILITY`"
            " lists them with unit, range and default."
        ),
    ),
    "FR013": Code(
        title="a key is missing",
        explanation="Something that cannot be guessed is not there, such as what a step runs.",
    ),
    "FR014": Code(
        title="a value of the wrong type",
        explanation=(
            "A number where a text is needed, or the other way round; a list where a mapping is"
            " needed. Quoted numbers are texts; unquoted true and 6.10 are not texts."
        ),
    ),
    "FR015": Code(
        title="a value that is none of those allowed",
        explanation="The text does not have the form, or is not among the words, that fit here.",
    ),
    "FR016": Code(
        title="too few or too many",
        explanation="A list, a mapping or a text is empty, too long, or holds something twice.",
    ),
    "FR017": Code(
        title="an unknown capability",
        explanation="`faultrun explain` lists everything that can be injected.",
    ),
    "FR018": Code(
        title="an unknown expectation",
        explanation="`faultrun explain` lists everything that can be expected of a run.",
    ),
    "FR021": Code(
        title="a number out of range",
        explanation=(
            "The kernel stores nearly anything: probability 300 is kept, times 4294967295 becomes"
            " -1. The ranges here are the values that mean something; `faultrun explain ATTRIBUTE`"
            " gives range, unit and kernel source."
        ),
    ),
    "FR022": Code(
        title="a fraction where a whole number is needed",
        explanation=(
            "Control files take whole numbers: the kernel answers EINVAL to '100.0'. For failures"
            " rarer than one percent use `interval` with probability 100."
        ),
    ),
    "FR023": Code(
        title="not a duration",
        explanation=(
            "A duration is a whole number and its unit, without a blank: 500us, 30s, 2m. Units: ns,"
            " us, ms, s, m, h. 1.5s is 1500ms."
        ),
    ),
    "FR024": Code(
        title="an attribute that the target's kernel does not have",
        explanation=(
            "Control files came and went with kernel versions. The target's version is"
            " `target: simulated: kernel:`."
        ),
    ),
    "FR025": Code(
        title="an unknown device",
        explanation=(
            "The fault is armed on a device that the target does not have. Devices are listed in"
            " `target:`; an NVMe controller nvme0 with two namespaces has nvme0n1 and nvme0n2."
        ),
    ),
    "FR026": Code(
        title="an expectation that cannot be judged",
        explanation=(
            "A regular expression that does not compile, an errno or signal that Linux does not"
            " have, a range that nothing can lie in, an attribute that no injection arms."
        ),
    ),
    "FR027": Code(
        title="a workload that is not exactly one thing",
        explanation=(
            "`run:` is a shell script (text), an argument vector (list), or a mapping with exactly"
            " one of `script`, `argv` and `use`."
        ),
    ),
    "FR028": Code(
        title="a fault that is armed twice",
        explanation=(
            "Two injections of one step write the same control files. Only one set of values can be"
            " in the kernel at a time."
        ),
    ),
    "FR029": Code(
        title="not a range of callers",
        explanation=(
            "`require:` and `reject:` say by name which callers the kernel's stack filter wants or"
            " refuses. One of: `symbol: NAME` or `function: NAME` (up to the next symbol; `module:`"
            " beside it if several have that name), `module: NAME` (its code), `section: .init.text`"
            " with it, or `from: .text` and `to: .data` with it. Addresses are looked up in"
            " /proc/kallsyms and /sys/module just before arming: the module has to be loaded then."
        ),
    ),
    "FR030": Code(
        title="an unknown variable",
        explanation=(
            "A template may use the names in `vars:`, the axes of the step's `matrix:`, and, inside"
            " a library, the fragment's own parameters. Inside a library the campaign's variables"
            " are not seen: pass them `with:`."
        ),
    ),
    "FR031": Code(
        title="a template that cannot be evaluated",
        explanation=(
            "The expression is not well formed, or does not work for these values: a text plus a"
            " number, a division by zero."
        ),
    ),
    "FR032": Code(
        title="a template that reaches too far",
        explanation=(
            "Templates compute with texts, numbers and booleans: operators, comparisons, `a if b"
            " else c`, and the filters abs, hex, int, length, lower, replace, string, trim, upper."
            " Attributes of objects, calls, loops and results above 64 KiB are refused."
        ),
    ),
    "FR040": Code(
        title="a library that cannot be used",
        explanation="The file of a `use:` is missing, not readable, or not a library.",
    ),
    "FR041": Code(
        title="a library outside the campaign's folder",
        explanation=(
            "`use:` takes files in the campaign's own folder or below it, also after symbolic links"
            " are followed, so that a campaign means the same wherever its folder is copied."
        ),
    ),
    "FR042": Code(
        title="a circle of libraries or fragments",
        explanation="A library or a fragment uses itself, directly or through others.",
    ),
    "FR043": Code(
        title="an unknown fragment",
        explanation=(
            "Fragments are named LIBRARY.FRAGMENT, after the `library:` line of a file listed in"
            " the campaign's `use:`. A place that takes a fault takes fragments of `faults:` only;"
            " the same holds for `workloads:` and `expectations:`."
        ),
    ),
    "FR044": Code(
        title="a parameter is unknown or missing",
        explanation=(
            "`with:` gives values to the parameters that the fragment declares; those without a"
            " default must be given."
        ),
    ),
    "FR045": Code(
        title="a parameter's value is not allowed",
        explanation="The fragment's author declared type, range or pattern of the parameter.",
    ),
    "FR046": Code(
        title="one name, two things",
        explanation=(
            "Two libraries of one name, a matrix axis that is called like a variable, or an axis"
            " that holds a value twice: a name would no longer say what it means."
        ),
    ),
    "FR047": Code(
        title="an override that fits no fragment",
        explanation=(
            "Keys beside `use:` replace attributes of the fragment. If the fragment arms the same"
            " capability in two places it is not clear which one is meant."
        ),
    ),
    "FR050": Code(
        title="an unknown step",
        explanation=(
            "`needs:` names steps as they are written, not their cells or repeats: needing a step"
            " means needing all of them."
        ),
    ),
    "FR051": Code(title="a step that needs itself", explanation="It could never start."),
    "FR052": Code(
        title="steps that need each other in a circle",
        explanation="None of them could ever start. Every `needs` of the circle is shown.",
    ),
    "FR053": Code(
        title="too many steps",
        explanation=(
            "A campaign may have 100,000 steps, cells and repeats counted. The product is checked"
            " before anything is built."
        ),
    ),
    "FR060": Code(
        title="an override of a variable that is not there",
        explanation="`--set NAME=VALUE` replaces variables that the campaign has in `vars:`.",
    ),
    "FR101": _warning(
        "probability is set, times is left at 1",
        "The kernel's default of `times` is 1: after the first failure nothing fails any more,"
        " whatever the probability. Write `times: 1` if that is meant, `times: -1` for no limit."
        " lib/fault-inject.c:should_fail_ex() asks times before it draws.",
    ),
    "FR102": _warning(
        "interval and probability together",
        "Every interval-th check is *then* drawn against probability, so that the two multiply:"
        " interval 10 with probability 10 fails 1 check in 100. The kernel's document recommends"
        " probability 100 with interval. lib/fault-inject.c:should_fail_ex().",
    ),
    "FR103": _warning(
        "the fault sits where the workload does not pass",
        "An NVMe controller's attributes see admin commands only (identify, reset), a namespace's"
        " see I/O only (read, write): drivers/nvme/host/fault_inject.c:nvme_should_fail(). With"
        " the wrong one nothing is injected and the step is VACUOUS. Silent if the step expects"
        " `injected: none`.",
    ),
    "FR104": Code(
        title="a fault that could not be disarmed",
        explanation=(
            "Unfiltered (task-filter N), at 100 percent and without limit, the fault hits the very"
            " write that is meant to end it. fail_usercopy then has no way back but a reboot, so it"
            " is an error. Keep the task filter, or set `times`."
        ),
    ),
    "FR105": _warning(
        "times may already be used up",
        "A fail-nth hit counts down `times` of whichever capability it met"
        " (lib/fault-inject.c:should_fail_ex()). A step that keeps the kernel's default of times,"
        " after a fail-nth step on the same machine, may find 0 and inject nothing. Write `times`.",
    ),
    "FR106": _warning(
        "a fault without an expectation",
        "The step injects, but says nothing about what should happen. It will pass as long as the"
        " fault fires and the kernel does not oops, even if the error is lost.",
    ),
    "FR107": _warning(
        "a fault is expected, but none is injected",
        "The step expects injections or looks at attributes of a fault, but has no `inject:`. It"
        " can never pass.",
    ),
    "FR108": _warning(
        "a task filter where no task is",
        "The hook runs in interrupt context, where the task filter never matches"
        " (lib/fault-inject.c:fail_task()): nothing will be injected. Leave task-filter out.",
    ),
    "FR109": _warning(
        "armed with probability 0",
        "At probability 0 nothing ever fails; it is the kernel's default and what disarming"
        " writes. Unless `injected: none` is expected, the step is VACUOUS by construction.",
    ),
    "FR110": _warning(
        "times 0",
        "With `times: 0` nothing ever fails. Unless `injected: none` is expected, the step is"
        " VACUOUS by construction.",
    ),
    "FR111": _warning(
        "something is never used",
        "A variable that no template names, a matrix axis that changes nothing, or a library of"
        " which no fragment is used.",
    ),
    "FR112": _warning(
        "interval in a machine that is not fresh",
        "The counter behind `interval` can neither be read nor reset, so that what happened on the"
        " machine before decides which check fails. A step with interval above 1 that repeats in"
        " one group, or follows another step that arms the same fault there, does not behave the"
        " same each time. Leave out `group`, or use `space`.",
    ),
    "FR113": _warning("a tag stands twice", "One of them is enough."),
    "FR114": _warning(
        "a gate that cannot be passed",
        "`min_passed` asks for more passing steps than the campaign has.",
    ),
    "FR115": _warning(
        "an expectation that contradicts another",
        "The step can only fail: for example `injected: exactly 3` with `times: 1`.",
    ),
    "FR116": _warning(
        "a device that the simulated kernel would not have",
        "The campaign says nothing about its `target:`, so that the simulated kernel has no"
        " devices, and a step that arms one of them is skipped there. On a real machine the device"
        " may well exist. Declare it: target: {simulated: {devices: {nvme0: {kind: nvme}}}}.",
    ),
    "FR117": _warning(
        "a range of callers that is never looked at",
        "With `stacktrace-depth: 0` the kernel walks no stack"
        " (lib/fault-inject.c:fail_stacktrace()): with a required range nothing ever fails, and a"
        " rejected range rejects nothing. Leave stacktrace-depth out: the default is 32.",
    ),
    "FR118": _warning(
        "a cache is marked that nothing looks at",
        "`cache:` of failslab marks a slab cache, and only `cache-filter: true` looks at marks"
        " (mm/failslab.c:should_failslab()): without it every cache fails.",
    ),
    "FR119": _warning(
        "an injected value that means success",
        "The fault fires and is counted, but what it injects is what the caller hopes for: an NVMe"
        " I/O status whose code is 0 is a success (drivers/nvme/host/core.c:nvme_error_status())."
        " Nothing is different, so the step is VACUOUS.",
    ),
    "FR120": _warning(
        "interval resonates with the checks of an operation",
        "The workload passes a number of checks for each operation, and the interval divides it or"
        " shares a factor with it: the same check of each operation is hit every time, and others"
        " never. Take a prime number that does not divide the number of checks.",
    ),
    "FR121": _warning(
        "the step is predicted to be vacuous",
        "A dry run of the workload on the simulated kernel passes the fault's checks too seldom:"
        " most likely, nothing will be injected. `faultrun plan` prints mean, spread and chance.",
    ),
    "FR122": _warning(
        "a kernel of which faultrun does not know what is different",
        "Facts about the kernel carry the version that they came and went with, of the kernels that"
        " were read: 6.1, 6.8, 6.12, 6.19 and 7.3. A change between two of them counts from the later"
        " one. The simulated kernel takes an older version for 6.1 and a newer one for 7.3, which is"
        " a guess.",
    ),
    "FR130": Code(
        title="a return value that the function does not take",
        explanation=(
            "An injectable function is of one of four types (lib/error-inject.c): NULL takes 0,"
            " ERRNO -1 to -4095, ERRNO_NULL both, TRUE takes 1. The kernel refuses any other value"
            " with EINVAL. `/sys/kernel/debug/fail_function/injectable` lists the functions of a"
            " kernel with their types; on a machine, faultrun looks there before it arms anything."
        ),
    ),
    "FR140": _warning(
        "a dropped completion that nothing ends",
        "fail_io_timeout throws a request's completion away, and the driver's timeout handler has to"
        " end the request. loop and virtio_blk have none, that of MMC only starts the timer anew: the"
        " task that waits stays in state D, no signal ends it, and only a reboot helps. A disk has"
        " the file queue/io_timeout exactly if its driver has a handler. Say `outcome: hang` if the hang is the point.",
    ),
    "FR150": _warning(
        "two steps want one boot option differently",
        "`faultrun plan --boot-options` makes one command line for the whole campaign, and an"
        " option has one value there: it is left out of that line. For a module's parameter such"
        " as nvme_core.fail_request, which is a template for every device, two devices of one step"
        " are enough. Choose steps with --only and boot once for each setting.",
    ),
    "FR160": _warning(
        "a place that the kernel refuses",
        "The place exists in the kernel's list, and arming it fails all the same. LKDTM's crash"
        " points INT_HARDWARE_ENTRY, MEM_SWAPOUT and TIMERADD sit on functions that have no symbol"
        " on x86_64, so that the kernel answers ENOENT and says `lkdtm: Couldn't register kprobe`"
        " (drivers/misc/lkdtm/core.c:lkdtm_register_cpoint()). To show that refusal, write the file"
        " in a step without `inject:` and expect the errno.",
    ),
    "FR161": _warning(
        "a crash that nobody provokes",
        "A crash through DIRECT happens to whoever writes the type, so that the workload has to"
        " write it; a crash point needs somebody who calls its function. Otherwise the step is"
        " VACUOUS by construction.",
    ),
    "FR162": _warning(
        "a count that comes too late",
        "LKDTM reads recur_count when it is loaded and never again. cpoint_count, written later,"
        " counts from the next firing on, and DIRECT does not count at all"
        " (drivers/misc/lkdtm/core.c:lkdtm_kprobe_handler()). Give them as arguments of the module.",
    ),
    "FR163": _warning(
        "a crash type that the kernel does not have",
        "Types come and go with versions; the kernel refuses one that it does not know with EINVAL."
        " `cat /sys/kernel/debug/provoke-crash/DIRECT` lists them.",
    ),
    "FR170": Code(
        title="a step that runs on none of the campaign's targets",
        explanation=(
            "`targets:` of a step names the kinds of machine on which it runs; on any other it is"
            " skipped. The keys of the campaign's `target:` are where the campaign runs (without"
            " that key: on the simulated kernel). A step that has none of them in common with the"
            " campaign would be skipped for ever."
        ),
    ),
    "FR171": _warning(
        "a step whose need never runs where it does",
        "A step whose need was skipped is skipped as well. These two have no kind of target in"
        " common among those of the campaign, so that the step runs nowhere.",
    ),
    "FR172": _warning(
        "a target that the campaign does not list",
        "The keys of a campaign's `target:` say on which kinds of target it was made to run. On"
        " another one it is tried all the same, with the devices and the kernel version of the"
        " first: what that machine lacks makes steps SKIP, and expectations may not hold there.",
    ),
    "FR164": _warning(
        "a crash point that is used up",
        "LKDTM's crash points are disarmed by a second write, after which their kprobe keeps the"
        " address that it was given and is refused with EINVAL when it is armed again"
        " (kernel/kprobes.c:register_kprobe()). Only loading the module anew makes it usable.",
    ),
    "FR180": Code(
        title="a crash of a machine that is not disposable",
        explanation=(
            "LKDTM breaks the kernel on purpose. On a machine that faultrun did not boot (`local`,"
            " `ssh`) only types that it survives unharmed are run, and only at DIRECT, where the"
            " workload itself provokes them. If the machine may be lost, write `disposable: true`"
            " under the target in the campaign and --yes-crash-this-machine on the command line."
        ),
    ),
    "FR181": Code(
        title="a fault on a device that the machine lives on",
        explanation=(
            "Its root or another of its own directories, its swap, or the record of this very run"
            " lies on the device, on a partition of it, or on something that is made of it"
            " (device mapper, md, loop). Errors there are kept by file systems for ever. A disk is"
            " taken as a whole, since a reset is felt by all of it. If it cannot be told where the"
            " machine lives (in a container), every disk is refused but null_blk and scsi_debug."
        ),
    ),
    "FR182": Code(
        title="a fault that hits every process of the machine",
        explanation=(
            "Without a task filter, at 90 percent or more, without a limit of 100 or less and"
            " without required callers, everybody is hit: also the shell that would help. In a"
            " guest that is a test, on a machine with users an outage."
        ),
    ),
    "FR183": Code(
        title="a function that fails for everybody",
        explanation=(
            "fail_function without a task filter and without required callers makes the function"
            " fail for every process; among the functions are the ones that fork and open files."
        ),
    ),
    "FR184": Code(
        title="a notifier that cuts the machine off",
        explanation=(
            "Errors of the netdev chain keep network devices from being changed, errors of the pm"
            " chain the machine from sleeping or waking: through which the way to it may be lost."
        ),
    ),
    "FR185": Code(
        title="a workload that ends the machine",
        explanation=(
            "The text of the workload or of the cleanup crashes the kernel, puts the machine to"
            " sleep, or switches it off. Only what can be read in the text is found."
        ),
    ),
}
"""By code. Codes are never reused for something else."""
