"""The guest's side of a machine: a small server of files, commands and log on one byte stream.

This package runs on the machine under test, under whatever python3 (3.9 or later) is there: it
uses the standard library only, and of faultrun nothing but itself. ``targets/link.py`` is the
other end.

It has to go on working while the fault hits everything, itself included. So the files that
disarming needs are opened before arming and written through their descriptors (``files.py``); the
child that becomes the workload is forked before arming too, and waits on shared memory
(``job.py``); what was said once is said again byte for byte, so that a lost request can simply be
sent again (``server.py``). If the runner falls silent while something is armed, it disarms by
itself (``guard.py``).
"""
