/*
 * What PCRE2 makes of patterns, as Varnish asks it: no options, bytes. Lines in, lines out:
 *   P<hex>       pattern       "ok GROUPS" or "error CODE OFFSET"
 *   S<hex>       subject       "match FROM-TO FROM-TO - …" (- took no part), "none" or "failed CODE"
 * cc -o oracle oracle.c -lpcre2-8
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t unhex(const char *hex, unsigned char *out)
{
	size_t n = 0;
	unsigned byte;

	for (; sscanf(hex, "%2x", &byte) == 1; hex += 2)
		out[n++] = (unsigned char)byte;
	return n;
}

static pcre2_code *compile(const unsigned char *text, size_t length)
{
	int code;
	PCRE2_SIZE offset;
	uint32_t groups;
	pcre2_code *re = pcre2_compile(text, length, 0, &code, &offset, NULL);

	if (re == NULL) {
		printf("error %d %zu\n", code, (size_t)offset);
		return NULL;
	}
	pcre2_pattern_info(re, PCRE2_INFO_CAPTURECOUNT, &groups);
	printf("ok %u\n", groups);
	return re;
}

static void match(const pcre2_code *re, const unsigned char *text, size_t length, pcre2_match_context *limits)
{
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(re, NULL);
	int rc = pcre2_match(re, text, length, 0, 0, data, limits);
	PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);

	if (rc == PCRE2_ERROR_NOMATCH)
		printf("none");
	else if (rc < 0)
		printf("failed %d", rc);
	else
		printf("match");
	for (int i = 0; i < rc; i++)
		if (at[2 * i] == PCRE2_UNSET)
			printf(" -");
		else
			printf(" %zu-%zu", at[2 * i], at[2 * i + 1]);
	printf("\n");
	pcre2_match_data_free(data);
}

int main(void)
{
	static char line[1 << 20];
	static unsigned char text[1 << 19];
	pcre2_code *re = NULL;
	pcre2_match_context *limits = pcre2_match_context_create(NULL);

	pcre2_set_match_limit(limits, 1000000);
	while (fgets(line, sizeof line, stdin) != NULL) {
		size_t length = unhex(line + 1, text);

		if (line[0] == 'P') {
			pcre2_code_free(re);
			re = compile(text, length);
		} else if (re == NULL)
			printf("none\n");
		else
			match(re, text, length, limits);
	}
	return 0;
}
