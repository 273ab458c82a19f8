/*
 * case.h - what the findings of one host come to: how far has this infection got?
 *
 * Borrowed like the finding that carries it.
 */
#ifndef HANSHO_CASE_H
#define HANSHO_CASE_H

#include <stdint.h>

#include "base/addr.h"

/* In the order in which infections go. Names are part of the output: see case_stage_text(). */
enum case_stage {
	STAGE_DELIVERY, STAGE_C2, STAGE_THEFT, STAGE_SPREADING, STAGE_MASS_MAIL, STAGE_DESTRUCTION, CASE_STAGES
};

/* Why there is no more to come. */
enum case_end {
	CASE_GOES_ON,
	CASE_ADDRESS_TAKEN,		/* another machine has the host's address now */
	CASE_ADDRESS_RELEASED,		/* the host gave its address back */
	CASE_EVICTED			/* too many hosts */
};

enum {
	CASE_ID_TEXT = 17, CASE_EVIDENCE = 8, CASE_LEFT_OUT = 16, CASE_KINDS = 16, CASE_FAMILIES = 4, CASE_ADDRESSES = 4,
	CASE_NAME_MAX = 64, CASE_FAMILY_MAX = 48
};

/* One incident of the host. */
struct case_evidence {
	const char *what;		/* static: "feed-c2", "beacon", or the behaviour's name */
	const char *kind;		/* static: evidence of one kind is not independent of each other */
	const char *word;		/* static: one of a few words of a behaviour's evidence; NULL without */
	char alert_id[CASE_ID_TEXT];	/* of its alert, the first when there were several */
	char name[CASE_NAME_MAX];	/* of the peer, cut; "" when it has none */
	char family[CASE_FAMILY_MAX];	/* as the feed has it, cut; "" without */
	struct addr peer;
	uint16_t peer_port;
	uint8_t confidence;		/* 0..99 */
	uint8_t points;			/* what it adds to the case when it stands alone */
	uint32_t subject;		/* short hash of what makes it one incident */
	uint64_t number;		/* one number of a behaviour's evidence; 0 without */
	uint64_t count;			/* findings */
	int64_t first_ns, last_ns;
};

struct case_stage_seen {
	int64_t first_ns, last_ns;
	uint64_t count;			/* findings, of what was left out too */
	unsigned left_out;		/* incidents that found no room in `evidence`; so many are told apart */
	uint32_t left_out_tag[CASE_LEFT_OUT];
	unsigned pieces;
	struct case_evidence evidence[CASE_EVIDENCE];
};

struct case_numbers {
	const char *title;		/* static, in the configured language */
	int64_t opened_ns;		/* two cases of one host differ in it */
	unsigned points;
	enum case_end end;
	const struct case_stage_seen *stage[CASE_STAGES];	/* NULL: not seen */
	unsigned kinds;			/* independent kinds of evidence; used of `kind` */
	const char *kind[CASE_KINDS];
	unsigned families;		/* used of `family`, in the order of their coming */
	char family[CASE_FAMILIES][CASE_FAMILY_MAX];
	unsigned addresses;		/* used of the next two; the last is the one it has now */
	struct addr address[CASE_ADDRESSES];
	int64_t address_since_ns[CASE_ADDRESSES];
};

enum { CASE_WHO_MAX = 768, CASE_TEXT_MAX = 1536 };

/* The same for people, in the configured language. */
struct case_story {
	char who[CASE_WHO_MAX];
	const char *title[CASE_STAGES];		/* static */
	char text[CASE_STAGES][CASE_TEXT_MAX];	/* "" when the stage was not seen */
	/* What to do next, for each family that is known; outlives the story. */
	const char *next_title;			/* static */
	unsigned nexts;
	struct {
		const char *family;		/* "": whatever it is */
		unsigned steps;
		const char *const *step;
	} next[CASE_FAMILIES];
};

/* "delivery", "command-and-control", "theft", "spreading", "mass-mail", "destruction" */
const char *case_stage_text(enum case_stage s);
/* "" while it goes on; "address-taken", "address-released", "evicted" */
const char *case_end_text(enum case_end e);

#endif
