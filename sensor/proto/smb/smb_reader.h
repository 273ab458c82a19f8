/*
 * smb_reader.h - the reader of one connection, between its files: smb.c cuts
 * messages, smb1.c and smb2.c read them, smb_asked.c remembers what has no
 * answer yet, smb_deeds.c counts what is done to files, smb_tell.c tells,
 * smb_pipe.c follows pipes.
 */
#ifndef SENSOR_SMB_READER_H
#define SENSOR_SMB_READER_H

#include "proto/dcerpc/dcerpc.h"
#include "proto/ntlm/attempt.h"
#include "proto/pdu.h"
#include "proto/smb/smb.h"

enum {
	SMB_NAME_BYTES = 192,	/* in UTF-8, its NUL included; longer ones are cut */
	SMB_ASKED_MAX = 16, SMB_TREES_MAX = 16, SMB_OPEN_PIPES_MAX = 4,
	SMB_FILES_MAX = 8,	/* whose endings are remembered; the oldest gives way */
	SMB_ENDING_BYTES = 16
};

enum { ACTION_OPENED = 1, ACTION_CREATED = 2 };	/* MS-SMB2 2.2.14; what an open did */

enum { STATUS_SUCCESS = 0, STATUS_PENDING = 0x103 };
#define STATUS_BUFFER_OVERFLOW 0x80000005U
#define STATUS_MORE_PROCESSING_REQUIRED 0xc0000016U

enum smb_want { SMB_WANT_SHARE = 1, SMB_WANT_PIPE, SMB_WANT_WRITE, SMB_WANT_PIPE_DATA,
	SMB_WANT_FILE, SMB_WANT_RENAME, SMB_WANT_DELETE };

/* A request whose answer is waited for. The oldest gives way. */
struct smb_asked {
	uint64_t id;
	uint8_t want;			/* enum smb_want; 0: free */
	uint8_t pipe;			/* PIPE_DATA */
	bool tells;			/* WRITE: worth telling by itself */
	bool goes;			/* WRITE, FILE: it is deleted when closed */
	char name[SMB_NAME_BYTES];	/* RENAME: the new one */
	char before[SMB_ENDING_BYTES];	/* RENAME: the ending so far; "": not known */
};

enum smb_tree_kind { SMB_TREE_UNKNOWN, SMB_TREE_PIPES, SMB_TREE_ADMIN, SMB_TREE_OTHER };

struct smb_tree {
	uint32_t id;
	uint8_t kind;			/* enum smb_tree_kind */
	bool used;
};

struct smb_pipe {
	uint8_t id[16];			/* SMB 1: two bytes of it */
	bool used;
	struct dcerpc rpc;
};

/* A file that was opened to be written, renamed or deleted. */
struct smb_file {
	uint8_t id[16];
	char ending[SMB_ENDING_BYTES];
	bool used;
};

/* Since `since_ns`. */
struct smb_deeds {
	int64_t since_ns;
	uint32_t files;			/* opened for writing or renamed */
	uint32_t existing;		/* of these: were there before */
	uint32_t deleted;
	uint32_t marked, lead;		/* renamed to `ending`, or made with it behind another one */
	char ending[SMB_ENDING_BYTES];
};

struct smb_reader {
	struct proto *proto;
	struct pdu_side side[2];
	struct bytes_ceiling ceiling;
	const struct stream_piece *piece;	/* being read now */
	struct attempt attempt, pipe_attempt;
	char dialect[24];
	uint8_t asked_next, tree_next, pipe_next, file_next;
	uint32_t shares, pipes, writes;
	struct smb_deeds deeds;
	char opening[SMB_ENDING_BYTES];	/* of the file that was asked for last */
	struct smb_file file[SMB_FILES_MAX];
	struct smb_tree tree[SMB_TREES_MAX];
	/* Not zeroed from here on: each says whether it is there. */
	struct smb_asked asked[SMB_ASKED_MAX];
	struct smb_pipe pipe[SMB_OPEN_PIPES_MAX];
};

/* The offset within `whole`, and what follows; false beyond its end. */
bool smb_at(struct span whole, size_t offset, struct span *rest);
bool smb_field(struct span whole, size_t offset, size_t len, struct span *field);

void smb1_message(struct smb_reader *r, struct span message);
void smb2_message(struct smb_reader *r, struct span message);

/* ---- smb_asked.c ---- */
void smb_copy(char *to, size_t size, const char *text);	/* cut where there is no room */
struct smb_asked *smb_ask(struct smb_reader *r, uint64_t id, enum smb_want want);
struct smb_asked *smb_asked_of(struct smb_reader *r, uint64_t id);	/* NULL: not remembered */
enum smb_tree_kind smb_tree_of(const struct smb_reader *r, uint32_t id);
void smb_tree_note(struct smb_reader *r, uint32_t id, enum smb_tree_kind kind);
enum smb_tree_kind smb_tree_kind_by_name(const char *share);

/* A file is to be opened: will its answer be of interest? */
struct smb_open {
	uint64_t id;
	uint32_t tree, access, disposition, options;
};
void smb_open_asked(struct smb_reader *r, const struct smb_open *o, const char *name);

/* Its answer; `number`: that what was opened has from now on, absent when the answer is too short. `action`: see above. */
void smb_open_answered(struct smb_reader *r, uint64_t id, int client, uint32_t status, struct span number, uint32_t action);

/* ---- smb_deeds.c: the answer says whether it was done ---- */
void smb_ending(const char *name, char ending[SMB_ENDING_BYTES]);
void smb_did_open(struct smb_reader *r, int client, const struct smb_asked *a, uint32_t status, uint32_t action);
void smb_did_rename(struct smb_reader *r, int client, const struct smb_asked *a, uint32_t status);
void smb_did_delete(struct smb_reader *r, int client, uint32_t status);
void smb_file_opened(struct smb_reader *r, struct span id, const char *name);
const char *smb_file_ending(const struct smb_reader *r, struct span id);	/* "": not known */

/* ---- smb_tell.c: `client` is the side that asked ---- */
struct speaker smb_speaker(const struct smb_reader *r, int client);
void smb_tell_share(struct smb_reader *r, int client, const char *name, uint32_t status);
void smb_tell_pipe(struct smb_reader *r, int client, const char *name, uint32_t status);
void smb_tell_write(struct smb_reader *r, int client, const char *name, uint32_t status, bool tells, bool milestone);
void smb_tell_login(struct smb_reader *r, int client, uint32_t status);

/* ---- smb_pipe.c ---- */
void smb_pipe_opened(struct smb_reader *r, struct span id);
int smb_pipe_of(const struct smb_reader *r, struct span id);	/* -1: none */
void smb_pipe_data(struct smb_reader *r, int pipe, bool asked, struct span data);

#endif
