#include "system/handover.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/error.h"

union rights {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int
handover_send(int socket, const void *bytes, size_t len, int descriptor)
{
	char one = 0;
	struct iovec v = {
		.iov_base = len == 0 ? (void *)&one : (void *)(uintptr_t)bytes,
		.iov_len = len == 0 ? 1 : len,
	};
	union rights rights;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (descriptor >= 0) {
		memset(&rights, 0, sizeof rights);
		m.msg_control = rights.bytes;
		m.msg_controllen = sizeof rights.bytes;
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof descriptor);
		memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
	}
	return sendmsg(socket, &m, MSG_NOSIGNAL) < 0 ? SE_SYSTEM : 0;
}

/* The first is taken. There is room for a second one, which nobody asked for. */
static void
take_descriptors(const struct cmsghdr *c, int *descriptor)
{
	size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof *descriptor, i;
	int one;

	for (i = 0; i < count; i++) {
		memcpy(&one, CMSG_DATA(c) + i * sizeof one, sizeof one);
		if (*descriptor < 0)
			*descriptor = one;
		else
			close(one);
	}
}

ssize_t
handover_receive(int socket, void *bytes, size_t size, int *descriptor)
{
	char one;
	struct iovec v = { .iov_base = size == 0 ? &one : bytes, .iov_len = size == 0 ? 1 : size };
	union rights rights;
	struct msghdr m = {
		.msg_iov = &v, .msg_iovlen = 1,
		.msg_control = rights.bytes, .msg_controllen = sizeof rights.bytes,
	};
	struct cmsghdr *c;
	ssize_t n;

	*descriptor = -1;
	n = recvmsg(socket, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : SE_SYSTEM;
	for (c = CMSG_FIRSTHDR(&m); c != NULL; c = CMSG_NXTHDR(&m, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
			take_descriptors(c, descriptor);
	return n;
}
