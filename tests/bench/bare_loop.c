/*
 * What reading alone costs: libpcap hands over each frame of a capture file,
 * and nobody looks at more than its length. The sensor's times are given as
 * multiples of this program's.
 */
#include <inttypes.h>
#include <pcap/pcap.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
	char words[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *h;
	const u_char *bytes;
	uint64_t frames = 0, sum = 0;
	pcap_t *p;
	int r;

	if (argc != 2) {
		fprintf(stderr, "usage: bare_loop CAPTURE\n");
		return 2;
	}
	if ((p = pcap_open_offline(argv[1], words)) == NULL) {
		fprintf(stderr, "bare_loop: %s\n", words);
		return 1;
	}
	while ((r = pcap_next_ex(p, &h, &bytes)) == 1) {
		frames++;
		sum += h->caplen;
	}
	if (r != PCAP_ERROR_BREAK)
		fprintf(stderr, "bare_loop: %s\n", pcap_geterr(p));
	pcap_close(p);
	printf("%" PRIu64 " frames, %" PRIu64 " bytes\n", frames, sum);
	return r == PCAP_ERROR_BREAK ? 0 : 1;
}
