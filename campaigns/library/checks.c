/*
 * A sequence of system calls of which each makes a known number of checks, and what came of each.
 *
 * usage: checks MARK NTH CALLS
 *
 * MARK is what is written to make-it-fail, NTH to fail-nth (0: nothing). CALLS has a letter a call:
 *   a to f  an allocation of 256 << n bytes from the slab: the vectors of a read that reads nothing
 *   g       one of four pages, by the same way
 *   u       one copy to user memory
 *   p, s    one private or shared futex is woken, in which nobody waits
 */
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>

static struct iovec parts[1024];
static struct utsname names;
static int word = 1, null, mark, nth;

static long call(char what)
{
	if (what >= 'a' && what <= 'g')
		return readv(null, parts, 16 << (what - 'a'));
	if (what == 'p')
		return syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
	if (what == 's')
		return syscall(SYS_futex, &word, FUTEX_WAKE, 1, 0, 0, 0);
	return uname(&names);
}

int main(int argc, char **argv)
{
	static char seen[4096];
	const char *calls = argv[3];
	int i;

	null = open("/dev/null", O_RDONLY);
	mark = open("/proc/self/make-it-fail", O_WRONLY);
	nth = open("/proc/self/fail-nth", O_WRONLY);
	for (i = 0; calls[i]; i++)
		seen[i] = '.';
	write(mark, argv[1], 1);
	if (argv[2][0] != '0')
		write(nth, argv[2], argv[2][1] ? 2 : 1);
	for (i = 0; calls[i]; i++)
		if (call(calls[i]) < 0)
			seen[i] = 'x';
	while (write(nth, "0", 1) < 0)
		;
	while (write(mark, "0", 1) < 0)
		;
	printf("%s\n", seen);
	return 0;
}
