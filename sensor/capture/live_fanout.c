/*
 * The kernel deals the frames of one interface out to the sockets of a group:
 * it runs a classic BPF program on each frame and takes the socket whose index
 * the program returns. The kernel reduces that index modulo the number of
 * sockets of the moment, so the program computes the modulo itself: while a
 * dead worker's socket and its replacement are both members, the shards stay
 * where they are, and when the dead one is closed the kernel moves the last
 * member, which is the replacement, into the free place.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/live.h"

#define PROGRAM_MAX 160
#define MIX 0x9e3779b1u			/* an odd number near 2^32 / golden ratio */

/* Words of the program's memory. */
enum { MEM_OFFSET, MEM_FIRST, MEM_SECOND, MEM_SCRATCH };

/*
 * The program is run before the kernel has put the link header back, on the way
 * out also with it. Only offsets from the network header mean the same in both
 * cases. The outermost VLAN tag has left the frame by then.
 */
#define FROM_NETWORK(n) ((uint32_t)SKF_NET_OFF + (uint32_t)(n))

struct program {
	struct sock_filter code[PROGRAM_MAX];
	unsigned len;
};

static void
add(struct program *p, unsigned code, uint32_t k)
{
	p->code[p->len++] = (struct sock_filter) { .code = (uint16_t)code, .k = k };
}

/* Jump when A == value; the place to go to is told later, to land(). */
static unsigned
add_jump(struct program *p, uint32_t value)
{
	add(p, BPF_JMP | BPF_JEQ | BPF_K, value);
	return p->len - 1;
}

static void
land(struct program *p, unsigned jump)
{
	p->code[jump].jt = (uint8_t)(p->len - jump - 1);
}

/* MEM_OFFSET and X are the place behind the network header where a layer begins. */
static void
add_offset(struct program *p, uint32_t offset)
{
	add(p, BPF_LDX | BPF_IMM, offset);
	add(p, BPF_STX, MEM_OFFSET);
}

/* M[to] = the address of `words` words at `at`, folded to one. X is the layer's offset before and after. */
static void
add_fold(struct program *p, uint32_t at, unsigned words, unsigned to)
{
	unsigned i;

	add(p, BPF_LD | BPF_W | BPF_IND, FROM_NETWORK(at));
	for (i = 1; i < words; i++) {
		add(p, BPF_ALU | BPF_MUL | BPF_K, MIX);
		add(p, BPF_ST, MEM_SCRATCH);
		add(p, BPF_LD | BPF_W | BPF_IND, FROM_NETWORK(at + 4 * i));
		add(p, BPF_LDX | BPF_MEM, MEM_SCRATCH);
		add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
		add(p, BPF_LDX | BPF_MEM, MEM_OFFSET);
	}
	add(p, BPF_ST, to);
}

/* (a ^ b) * MIX + (a + b): the same for both directions; then the high bits are folded in, and the modulo. */
static void
add_verdict(struct program *p, unsigned count)
{
	add(p, BPF_LDX | BPF_MEM, MEM_FIRST);
	add(p, BPF_LD | BPF_MEM, MEM_SECOND);
	add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	add(p, BPF_ST, MEM_SCRATCH);
	add(p, BPF_LD | BPF_MEM, MEM_SECOND);
	add(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	add(p, BPF_ALU | BPF_MUL | BPF_K, MIX);
	add(p, BPF_LDX | BPF_MEM, MEM_SCRATCH);
	add(p, BPF_ALU | BPF_ADD | BPF_X, 0);
	add(p, BPF_MISC | BPF_TAX, 0);
	add(p, BPF_ALU | BPF_RSH | BPF_K, 15);
	add(p, BPF_ALU | BPF_XOR | BPF_X, 0);
	add(p, BPF_ALU | BPF_MUL | BPF_K, MIX);
	add(p, BPF_ALU | BPF_RSH | BPF_K, 16);
	add(p, BPF_ALU | BPF_MOD | BPF_K, count);
	add(p, BPF_RET | BPF_A, 0);
}

struct jumps {				/* to one place that is not written yet */
	unsigned at[8], count;
};

static void
jump_if(struct program *p, struct jumps *to, uint32_t value)
{
	to->at[to->count++] = add_jump(p, value);
}

static void
land_all(struct program *p, const struct jumps *from)
{
	unsigned i;

	for (i = 0; i < from->count; i++)
		land(p, from->at[i]);
}

struct targets {
	struct jumps ip4, ip6, pppoe;
};

/* A is an EtherType: go where it says; behind a VLAN tag look at the next one, `tags` times. */
static void
add_dispatch(struct program *p, struct targets *to, unsigned tags)
{
	struct jumps tag;
	unsigned i;

	for (i = 0; ; i++) {
		jump_if(p, &to->ip4, ETH_P_IP);
		jump_if(p, &to->ip6, ETH_P_IPV6);
		jump_if(p, &to->pppoe, ETH_P_PPP_SES);
		if (i == tags)
			break;
		tag.count = 0;
		jump_if(p, &tag, ETH_P_8021Q);
		jump_if(p, &tag, ETH_P_8021AD);
		jump_if(p, &tag, ETH_P_QINQ1);
		add(p, BPF_RET | BPF_K, 0);
		land_all(p, &tag);
		add_offset(p, 4 * (i + 1));
		add(p, BPF_LD | BPF_H | BPF_IND, FROM_NETWORK(-2));
	}
	add(p, BPF_RET | BPF_K, 0);
}

/* RFC 2516: six bytes, then the PPP protocol number (RFC 1332, RFC 5072), then the packet. */
static void
add_pppoe(struct program *p, struct targets *to)
{
	land_all(p, &to->pppoe);
	add(p, BPF_LD | BPF_H | BPF_IND, FROM_NETWORK(6));
	add(p, BPF_ST, MEM_SCRATCH);
	add(p, BPF_MISC | BPF_TXA, 0);
	add(p, BPF_ALU | BPF_ADD | BPF_K, 8);
	add(p, BPF_MISC | BPF_TAX, 0);
	add(p, BPF_ST, MEM_OFFSET);
	add(p, BPF_LD | BPF_MEM, MEM_SCRATCH);
	jump_if(p, &to->ip4, 0x0021);
	jump_if(p, &to->ip6, 0x0057);
	add(p, BPF_RET | BPF_K, 0);
}

static void
make_program(struct program *p, unsigned count)
{
	struct targets to = { .ip4 = { .count = 0 } };

	p->len = 0;
	add_offset(p, 0);
	add(p, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_PROTOCOL));
	add_dispatch(p, &to, 2);
	add_pppoe(p, &to);
	land_all(p, &to.ip4);
	add_fold(p, 12, 1, MEM_FIRST);
	add_fold(p, 16, 1, MEM_SECOND);
	add_verdict(p, count);
	land_all(p, &to.ip6);
	add_fold(p, 8, 4, MEM_FIRST);
	add_fold(p, 24, 4, MEM_SECOND);
	add_verdict(p, count);
}

int
capture_live_fanout(struct capture *c, uint16_t group, unsigned count, struct fault *fault)
{
	int mode = (int)(group | (uint32_t)PACKET_FANOUT_CBPF << 16);
	struct live *l = (struct live *)c;
	struct program program;
	struct sock_fprog loaded;

	if (c->descriptor < 0 || count == 0)
		return fault_set(fault, SE_USAGE, "only an interface can be shared, among one or more");
	make_program(&program, count);
	loaded.len = (unsigned short)program.len;
	loaded.filter = program.code;
	if (setsockopt(c->descriptor, SOL_PACKET, PACKET_FANOUT, &mode, sizeof mode) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: cannot join fanout group %u: %s",
		    l->interface, group, strerror(errno));
	if (setsockopt(c->descriptor, SOL_PACKET, PACKET_FANOUT_DATA, &loaded, sizeof loaded) < 0)
		return fault_set(fault, SE_SYSTEM, "%s: fanout program not taken: %s",
		    l->interface, strerror(errno));
	capture_live_begin(c);
	return 0;
}
