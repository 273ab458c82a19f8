/* rows.c - the table of behaviours. */
#include "behaviour/private.h"

#define BIT(kind) (1u << OBSERVE_##kind)

const struct row rows[ROWS] = {
	[ROW_DOWNLOAD] = { "T1105", "TA0011", SEVERITY_HIGH,
	    { [REACH_NAMED] = BIT(FILE), [REACH_BARE] = BIT(FILE) }, NULL, download_note },
	[ROW_CHECK_IN] = { "T1071.001", "TA0011", SEVERITY_HIGH,
	    { [REACH_BARE] = BIT(HTTP) | BIT(CONTACT) | BIT(FLOW) }, &check_in_part_bytes, check_in_note },
	[ROW_CHAIN] = { "T1204.002", "TA0002", SEVERITY_HIGH,
	    { [REACH_BARE] = BIT(CONTACT) }, &chain_part_bytes, chain_note },
	[ROW_TLS] = { "T1573.002", "TA0011", SEVERITY_MEDIUM,
	    { [REACH_NAMED] = BIT(TLS), [REACH_BARE] = BIT(TLS) }, NULL, tls_note },
	[ROW_SPAM] = { "T1566", "TA0001", SEVERITY_HIGH,
	    { [REACH_NAMED] = BIT(MAIL) | BIT(CONTACT), [REACH_BARE] = BIT(MAIL) | BIT(CONTACT) }, &spam_part_bytes, spam_note },
	[ROW_SPREADING] = { "T1021", "TA0008", SEVERITY_HIGH,
	    { [REACH_INSIDE] = BIT(CONTACT) | BIT(FLOW) | BIT(LOGIN) | BIT(REMOTE) }, &spreading_part_bytes, spreading_note },
	[ROW_LURE] = { "T1566.001", "TA0001", SEVERITY_HIGH,
	    { [REACH_NAMED] = BIT(MAIL) | BIT(FILE), [REACH_BARE] = BIT(MAIL) | BIT(FILE) }, &lure_part_bytes, lure_note },
	[ROW_IMPERSONATED] = { "T1656", "TA0005", SEVERITY_MEDIUM,
	    { [REACH_NAMED] = BIT(MAIL) | BIT(CONTACT), [REACH_BARE] = BIT(MAIL) | BIT(CONTACT) }, &impersonated_part_bytes,
	    impersonated_note },
	[ROW_FAMILY] = { "T1105", "TA0011", SEVERITY_HIGH, { 0 }, &family_part_bytes, NULL },
	[ROW_TUNNEL] = { "T1071.004", "TA0011", SEVERITY_HIGH,
	    { [REACH_INSIDE] = BIT(DNS) | BIT(NAME), [REACH_NAMED] = BIT(DNS) | BIT(NAME) }, &tunnel_part_bytes, dns_tunnel_note },
	[ROW_GENERATED] = { "T1568.002", "TA0011", SEVERITY_HIGH,
	    { [REACH_INSIDE] = BIT(DNS), [REACH_NAMED] = BIT(DNS) }, &generated_part_bytes, generated_note },
	[ROW_STROBE] = { "T1071", "TA0011", SEVERITY_MEDIUM,
	    { [REACH_NAMED] = BIT(CONTACT), [REACH_BARE] = BIT(CONTACT) }, &strobe_part_bytes, strobe_note },
	[ROW_ACCOUNT] = { "T1078", "TA0001", SEVERITY_HIGH,
	    { [REACH_NAMED] = BIT(LOGIN) | BIT(MAIL), [REACH_BARE] = BIT(LOGIN) | BIT(MAIL) }, &account_part_bytes, account_note },
	[ROW_LASTING] = { "T1071", "TA0011", SEVERITY_MEDIUM,
	    { [REACH_NAMED] = BIT(LASTING), [REACH_BARE] = BIT(LASTING) }, NULL, lasting_note },
	[ROW_THEFT] = { "T1048", "TA0010", SEVERITY_HIGH,
	    { [REACH_NAMED] = BIT(CONTACT) | BIT(FLOW) | BIT(LASTING),
	    [REACH_BARE] = BIT(CONTACT) | BIT(FLOW) | BIT(LASTING) }, &theft_part_bytes, theft_note },
};
