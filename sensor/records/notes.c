#include "records/notes.h"

static const struct {
	const char *name;
	const char *sentence[LANGUAGES];
} notes[SENSOR_NOTES] = {
	[NOTE_JOURNAL_LOST] = { "journal-lost",
	  { "{count} records had to give way in the journal before every sink had them: a sink is down or slow, or "
	    "journal.max_mib and journal.max_hours are too small",
	    "ジャーナルの記録 {count} 件が、すべての送り先に届く前に削除された。送り先の停止や遅れ、または journal.max_mib と "
	    "journal.max_hours の不足が原因。" } },
	[NOTE_JOURNAL_FULL] = { "journal-full",
	  { "{count} records could not be written to the journal and are lost: its disk was full or failed",
	    "記録 {count} 件をジャーナルに書き込めず失った。ディスクの空き不足か故障が原因。" } },
};

const char *
note_name(enum sensor_note n)
{
	return n < SENSOR_NOTES ? notes[n].name : "?";
}

const char *
note_text(enum sensor_note n, enum language l, const struct piece *pieces, char *buf, size_t size)
{
	return sentence_fill(notes[n].sentence[l], pieces, buf, size);
}
