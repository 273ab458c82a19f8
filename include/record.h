/*
 * record.h - the kinds of output records, as the journal carries them and the
 * sinks choose among them. Each is one EVE JSON line.
 */
#ifndef HANSHO_RECORD_H
#define HANSHO_RECORD_H

enum record_kind {
	RECORD_ALERT = 1, RECORD_BEACON, RECORD_HTTP, RECORD_TLS, RECORD_DNS, RECORD_FLOW,
	RECORD_SMTP, RECORD_FILEINFO, RECORD_LOGIN, RECORD_REMOTE, RECORD_IDENTITY, RECORD_UNKNOWN,
	RECORD_MEMBER,		/* an alert that is told by its host's case: nobody is called for it again */
	RECORD_HELD,		/* an alert beyond an hourly limit: a summary tells of it */
	RECORD_CENSUS,		/* how many C2 servers answered, of a malware on a day */
	RECORD_KINDS
};

#endif
