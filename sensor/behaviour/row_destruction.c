/*
 * row_destruction.c - a host that does to the files of others what encryption
 * does: rewrites what is there, gives it an ending that nobody knows, deletes
 * it; by the hundred. And commands that take away what one would restore
 * from. Copies make files and no more.
 */
#include "behaviour/private.h"

enum { CONNECTIONS = 8, SERVERS = 8, COMMANDS = 4, ENDING_MAX = 16, DAY_SEC = 86400,
	POINTS_COMMAND = 60, POINTS_FURTHER = 20, POINTS_AFTER = 15, POINTS_REPLACED = 10 };

/* What one connection told last: its sums begin anew from time to time. */
struct connection {
	uint64_t flow;			/* 0: unused */
	uint32_t files, existing, deleted, marked;
};

struct destruction {
	int64_t first_ns;		/* of what counts now; WHEN_UNKNOWN: nothing */
	struct connection connection[CONNECTIONS];
	uint32_t files, existing, deleted, marked;
	uint32_t server[SERVERS], command[COMMANDS];
	unsigned servers, next_server, commands, next_command, next_connection;
	char ending[ENDING_MAX];
	bool begun;
};

const size_t destruction_part_bytes = sizeof(struct destruction);

/* Whoever says these by a service or task of another machine wants that nothing can be restored. */
static const char *const commands[][3] = {
	{ "vssadmin", "delete" }, { "vssadmin", "resize" }, { "shadowcopy", "delete" }, { "wbadmin", "delete" },
	{ "bcdedit", "recoveryenabled" }, { "bcdedit", "bootstatuspolicy" }, { "diskshadow", "delete" },
	{ "fsutil", "deletejournal" }, { "cipher", "/w" },
};

/* Endings that files are given in good faith: formats, copies kept, packed ones. */
static const char *const usual_endings[] = {
	"7z", "aac", "ai", "avi", "bak", "bmp", "bz2", "c", "cab", "cpp", "cr2", "css", "csv", "db", "dll", "doc", "docm", "docx",
	"dwg", "dxf", "eml", "exe", "flac", "gif", "gpg", "gz", "h", "heic", "htm", "html", "ini", "iso", "java", "jpeg", "jpg", "js",
	"json", "lnk", "log", "m4a", "md", "mkv", "mov", "mp3", "mp4", "mpg", "msg", "msi", "nef", "o", "obj", "odp", "ods", "odt",
	"old", "orig", "pdf", "php", "png", "pps", "ppt", "pptx", "ps1", "psd", "pst", "py", "rar", "raw", "rtf", "sql", "svg", "tar",
	"tgz", "tif", "tiff", "tmp", "txt", "vsd", "wav", "webp", "wma", "wmv", "xls", "xlsm", "xlsx", "xml", "xz", "yaml", "yml",
	"zip", "zst",
};

static bool
is_usual(struct span ending)
{
	size_t i;

	for (i = 0; i < sizeof usual_endings / sizeof *usual_endings; i++)
		if (span_equal(ending, span_text(usual_endings[i])))
			return true;
	return false;
}

static const char *
command_of(struct span text)
{
	size_t i;

	for (i = 0; i < sizeof commands / sizeof *commands; i++)
		if (span_has(text, commands[i][0]) && span_has(text, commands[i][1]))
			return commands[i][0];
	return NULL;
}

static struct destruction *
part_of(struct sight *s)
{
	struct destruction *k = sight_part(s, ROW_DESTRUCTION);
	int64_t now = s->o->ts_ns;

	if (k == NULL)
		return NULL;
	if (!k->begun || now < k->first_ns || now - k->first_ns > (int64_t)s->limits->destroy_sec * NS_PER_SEC) {
		k->files = k->existing = k->deleted = k->marked = 0;
		k->servers = k->commands = k->next_server = k->next_command = 0;
		k->begun = true;
		k->first_ns = now;
	}
	return k;
}

static struct connection *
connection_of(struct destruction *k, uint64_t flow)
{
	struct connection *c;

	for (c = k->connection; c < k->connection + CONNECTIONS; c++)
		if (c->flow == flow)
			return c;
	c = &k->connection[k->next_connection++ % CONNECTIONS];
	*c = (struct connection){ .flow = flow };
	return c;
}

/* What came since the sum that was told before. */
static uint32_t
more(uint32_t now, uint32_t before, bool anew)
{
	return anew ? now : now - before;
}

static uint32_t
capped(uint32_t sum, uint32_t add)
{
	return add > UINT32_MAX - sum ? UINT32_MAX : sum + add;
}

static void
note_files(struct sight *s, struct destruction *k)
{
	const struct observation *o = s->o;
	struct connection *c = connection_of(k, o->flow_id), now = { o->flow_id, o->count,
		(uint32_t)(o->body_bytes < UINT32_MAX ? o->body_bytes : UINT32_MAX), o->refused, o->number };
	struct span ending = observation_text(o, TEXT_FILE_NAME);
	bool anew = now.files < c->files || now.existing < c->existing || now.deleted < c->deleted || now.marked < c->marked;

	k->files = capped(k->files, more(now.files, c->files, anew));
	k->existing = capped(k->existing, more(now.existing, c->existing, anew));
	k->deleted = capped(k->deleted, more(now.deleted, c->deleted, anew));
	if (ending.left > 0 && ending.left < sizeof k->ending && !is_usual(ending)) {
		k->marked = capped(k->marked, more(now.marked, c->marked, anew));
		memcpy(k->ending, ending.at, ending.left);
		k->ending[ending.left] = '\0';
	}
	*c = now;
	tags_add(k->server, SERVERS, &k->servers, &k->next_server, sight_peer_tag(s));
}

static const char *
came_before(const struct sight *s)
{
	static const enum row_number rows_before[] = { ROW_FAMILY, ROW_SPREADING, ROW_CHAIN };
	static const char *const words[] = { "second_malware", "spreading", "dropper" };
	size_t i;

	for (i = 0; i < sizeof rows_before / sizeof *rows_before; i++)
		if (s->host->rung[rows_before[i]].confidence > 0 &&
		    sight_since(s, s->host->rung[rows_before[i]].at_ns, DAY_SEC) >= 0)
			return words[i];
	return NULL;
}

static void
score_commands(struct score *c, const struct destruction *k, const char *command, struct span text)
{
	if (command == NULL)
		return;
	score_word(c, "command", command, POINTS_COMMAND);
	score_text(c, "command_line", text, 0);
	if (k->commands > 1)
		score_number(c, "commands", k->commands, POINTS_FURTHER);
}

static void
score_files(struct score *c, const struct sight *s, const struct destruction *k)
{
	const uint32_t n = s->limits->destroy_files;
	const struct step files[] = { { n, 5 }, { n * 4, 15 }, { n * 16, 20 }, { 0, 0 } };
	const struct step existing[] = { { n, 15 }, { n * 4, 30 }, { n * 16, 45 }, { 0, 0 } };
	const struct step marked[] = { { n / 4, 30 }, { n / 2, 45 }, { n * 2, 60 }, { 0, 0 } };
	const struct step deleted[] = { { n, 5 }, { n * 4, 10 }, { n * 16, 15 }, { 0, 0 } };
	static const struct step servers[] = { { 2, 10 }, { 4, 20 }, { 0, 0 } };
	uint32_t made = k->files - (k->existing < k->files ? k->existing : k->files);
	int odd;

	score_number(c, "files", k->files, score_step(files, k->files));
	score_number(c, "rewritten", k->existing, score_step(existing, k->existing));
	if (k->marked > 0) {
		score_number(c, "renamed", k->marked, score_step(marked, k->marked));
		score_text(c, "ending", span_text(k->ending), 0);
	}
	if (k->deleted > 0)
		score_number(c, "deleted", k->deleted, score_step(deleted, k->deleted));
	if (made >= n && k->deleted >= n && made / 2 <= k->deleted && k->deleted / 2 <= made)
		score_word(c, "replaced", "yes", POINTS_REPLACED);
	odd = score_step(existing, k->existing) + score_step(marked, k->marked) + score_step(deleted, k->deleted);
	if (odd > 0 && k->servers > 1)
		score_number(c, "machines", k->servers, score_step(servers, k->servers));
}

static void
weigh(struct sight *s, const struct destruction *k, const char *command)
{
	struct score c;

	score_begin(&c);
	score_addr(&c, "peer", s->peer, 0);
	score_commands(&c, k, command, observation_text(s->o, TEXT_COMMAND));
	if (k->files + (uint64_t)k->deleted > 0)
		score_files(&c, s, k);
	score_minutes(&c, k->first_ns, s->o->ts_ns);
	if (c.points > 0)
		score_word(&c, "after", came_before(s), POINTS_AFTER);
	sight_ring(s, ROW_DESTRUCTION, &c, k->first_ns);
}

void
destruction_note(struct sight *s)
{
	const struct observation *o = s->o;
	const char *command = NULL;
	struct destruction *k;

	if (o->host_side != ORIGINATOR || in_networks(s->limits->admin_hosts, s->limits->admin_hosts_count, s->addr))
		return;
	if (o->detail == REMOTE_SERVICE || o->detail == REMOTE_TASK)
		command = command_of(observation_text(o, TEXT_COMMAND));
	/* Who is refused a service with such a command wanted it all the same. */
	if ((command == NULL && (o->detail != REMOTE_FILE_WRITE || o->outcome == OUTCOME_FAILURE)) || (k = part_of(s)) == NULL)
		return;
	if (command != NULL)
		tags_add(k->command, COMMANDS, &k->commands, &k->next_command, tag_of(command, strlen(command)));
	else
		note_files(s, k);
	weigh(s, k, command);
}
