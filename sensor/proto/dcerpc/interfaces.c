#include "proto/dcerpc/interfaces.h"

#include <stdio.h>

static const struct {
	const char *uuid, *name;
	enum dcerpc_interface interface;
} interfaces[] = {
	{ "367abb81-9844-35f1-ad32-98f038001003", "svcctl", INTERFACE_SVCCTL },
	{ "1ff70682-0a51-30e8-076d-740be8cee98b", "atsvc", INTERFACE_ATSVC },
	{ "86d35949-83c9-4044-b424-db363231fd0c", "ITaskSchedulerService", INTERFACE_TASKS },
	{ "378e52b0-c0a9-11cf-822d-00aa0051e40f", "sasec", INTERFACE_NAMED },
	{ "12345778-1234-abcd-ef00-0123456789ac", "samr", INTERFACE_NAMED },
	{ "12345778-1234-abcd-ef00-0123456789ab", "lsarpc", INTERFACE_NAMED },
	{ "12345678-1234-abcd-ef00-01234567cffb", "netlogon", INTERFACE_NAMED },
	{ "12345678-1234-abcd-ef00-0123456789ab", "spoolss", INTERFACE_NAMED },
	{ "e3514235-4b06-11d1-ab04-00c04fc2dcd2", "drsuapi", INTERFACE_NAMED },
	{ "338cd001-2244-31f1-aaaa-900038001003", "winreg", INTERFACE_NAMED },
	{ "4b324fc8-1670-01d3-1278-5a47bf6ee188", "srvsvc", INTERFACE_NAMED },
	{ "6bffd098-a112-3610-9833-46c3f87e345a", "wkssvc", INTERFACE_NAMED },
	{ "82273fdc-e32a-18c3-3f78-827929dc23ea", "eventlog", INTERFACE_NAMED },
	{ "4fc742e0-4a10-11cf-8273-00aa004ae673", "netdfs", INTERFACE_NAMED },
	{ "c681d488-d850-11d0-8c52-00c04fd90f7e", "efsrpc", INTERFACE_NAMED },
	{ "df1941c5-fe89-4e79-bf10-463657acf44d", "efsrpc", INTERFACE_NAMED },
	{ "894de0c0-0d55-11d3-a322-00c04fa321a1", "InitShutdown", INTERFACE_NAMED },
	{ "e1af8308-5d1f-11c9-91a4-08002b14a0fa", "epmapper", INTERFACE_NAMED },
	{ "99fcfec4-5260-101b-bbcb-00aa0021347a", "IObjectExporter", INTERFACE_NAMED },
	{ "000001a0-0000-0000-c000-000000000046", "IRemoteSCMActivator", INTERFACE_NAMED },
	{ "00000131-0000-0000-c000-000000000046", "IRemUnknown", INTERFACE_NAMED },
	{ "00000143-0000-0000-c000-000000000046", "IRemUnknown2", INTERFACE_NAMED },
	{ "00020400-0000-0000-c000-000000000046", "IDispatch", INTERFACE_NAMED },
	{ "f309ad18-d86a-11d0-a075-00c04fb68820", "IWbemLevel1Login", INTERFACE_NAMED },
	{ "d4781cd6-e5d3-44df-ad94-930efe48a887", "IWbemLoginClientID", INTERFACE_NAMED },
	{ "9556dc99-828c-11cf-a37e-00aa003240c7", "IWbemServices", INTERFACE_NAMED },
};

void
dcerpc_uuid_text(const uint8_t u[16], char text[DCERPC_UUID_TEXT])
{
	snprintf(text, DCERPC_UUID_TEXT, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
	    u[3], u[2], u[1], u[0], u[5], u[4], u[7], u[6], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

const char *
dcerpc_interface_name(const char *text, enum dcerpc_interface *interface)
{
	size_t i;

	*interface = INTERFACE_OTHER;
	for (i = 0; i < sizeof interfaces / sizeof interfaces[0]; i++) {
		if (strcmp(interfaces[i].uuid, text) != 0)
			continue;
		*interface = interfaces[i].interface;
		return interfaces[i].name;
	}
	return text;
}
