#include "proto/kerberos/names.h"

#include "proto/der.h"
#include "proto/utf16.h"

enum { GENERAL_STRING = 0x1b, PARTS_MAX = 4, ELEMENTS_MAX = 8, AP_REQ = 14, TICKET = 1 };

bool
kerberos_text(struct span in, char to[KERBEROS_TEXT_BYTES])
{
	struct span text;

	if (!der_take(&in, GENERAL_STRING, &text))
		return false;
	text_read(text, to, KERBEROS_TEXT_BYTES);
	return true;
}

bool
kerberos_principal(struct span in, char to[KERBEROS_TEXT_BYTES])
{
	struct span sequence, wrapped, parts, text;
	size_t used = 0;
	unsigned i;

	to[0] = '\0';
	if (!der_enter(&in, DER_SEQUENCE, &sequence) ||
	    !der_find(&sequence, DER_CONTEXT(1), 2, &wrapped) || !der_enter(&wrapped, DER_SEQUENCE, &parts))
		return false;
	for (i = 0; i < PARTS_MAX && der_take(&parts, GENERAL_STRING, &text); i++) {
		if (i > 0 && used + 1 < KERBEROS_TEXT_BYTES)
			to[used++] = '/';
		used += text_read(text, to + used, KERBEROS_TEXT_BYTES - used);
	}
	return i > 0;
}

bool
kerberos_ticket(struct span in, char realm[KERBEROS_TEXT_BYTES], char service[KERBEROS_TEXT_BYTES])
{
	struct span application, sequence, body;

	return der_enter(&in, DER_APPLICATION(TICKET), &application) &&
	    der_enter(&application, DER_SEQUENCE, &sequence) &&
	    der_find(&sequence, DER_CONTEXT(1), 2, &body) && kerberos_text(body, realm) &&
	    der_find(&sequence, DER_CONTEXT(2), 1, &body) && kerberos_principal(body, service);
}

bool
kerberos_ap_req(struct span in, char realm[KERBEROS_TEXT_BYTES], char service[KERBEROS_TEXT_BYTES])
{
	struct span application, sequence, body;

	return der_enter(&in, DER_APPLICATION(AP_REQ), &application) &&
	    der_enter(&application, DER_SEQUENCE, &sequence) &&
	    der_find(&sequence, DER_CONTEXT(3), ELEMENTS_MAX, &body) && kerberos_ticket(body, realm, service);
}
