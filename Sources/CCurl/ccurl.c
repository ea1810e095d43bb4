#include "ccurl.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

// curl_easy_setopt takes any type, which Swift can't call: that is all that this file is for.

typedef struct {
    const char *bytes;
    size_t length, taken;
} source;

static size_t give(char *to, size_t size, size_t count, void *context) {
    source *from = context;
    size_t room = size * count, left = from->length - from->taken;
    size_t part = left < room ? left : room;
    memcpy(to, from->bytes + from->taken, part);
    from->taken += part;
    return part;
}

static int rewind_source(void *context, curl_off_t offset, int origin) {
    source *from = context;
    if (origin != SEEK_SET || offset < 0 || (size_t)offset > from->length) return CURL_SEEKFUNC_FAIL;
    from->taken = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

// A line without its end, and without bytes that aren't printable.
static void copy_line(char *to, size_t room, const char *from, size_t length) {
    size_t count = 0;
    while (count < length && count + 1 < room && from[count] != '\r' && from[count] != '\n') {
        to[count] = from[count] >= 0x20 && from[count] < 0x7f ? from[count] : '?';
        count += 1;
    }
    to[count] = 0;
}

// Notes the last command's name, never its arguments: those of AUTH are secrets; and the last reply. How a server says goodbye after it
// has refused something is of no interest.
static int watch(CURL *handle, curl_infotype type, char *data, size_t length, void *context) {
    ccurl_outcome *outcome = context;
    (void)handle;
    if (type == CURLINFO_HEADER_OUT && outcome->status >= 400 && length >= 4 && memcmp(data, "QUIT", 4) == 0) {
        outcome->is_over = true;
    }
    if (outcome->is_over) return 0;
    if (type == CURLINFO_HEADER_OUT) {
        size_t count = 0;
        while (count < length && count + 1 < sizeof outcome->command && data[count] >= 'A' && data[count] <= 'Z') {
            outcome->command[count] = data[count];
            count += 1;
        }
        // What follows on AUTH is no command.
        if (count > 0) outcome->command[count] = 0;
    } else if (type == CURLINFO_HEADER_IN) {
        copy_line(outcome->words, sizeof outcome->words, data, length);
        outcome->status = length >= 3 ? strtol(outcome->words, NULL, 10) : 0;
    }
    return 0;
}

static void finish(CURLcode code, const char *words, ccurl_outcome *outcome) {
    outcome->code = (int)code;
    if (code == CURLE_OK) return;
    const char *said = words[0] ? words : curl_easy_strerror(code);
    // What a mail server said about a command tells more.
    bool has_reply = outcome->command[0] && outcome->status >= 400 && outcome->words[0];
    if (!has_reply) copy_line(outcome->words, sizeof outcome->words, said, strlen(said));
}

static void common(CURL *handle, char *words, const char *ca_file, long connect_milliseconds, long total_milliseconds) {
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, words);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_milliseconds);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, total_milliseconds);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(handle, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    // The variables http_proxy and so on would have somebody else make the connection.
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    if (ca_file) curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file);
}

void ccurl_begin(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

ccurl_outcome ccurl_send_mail(const ccurl_mail *mail) {
    ccurl_outcome outcome = {.code = CURLE_FAILED_INIT};
    char words[CURL_ERROR_SIZE] = "";
    CURL *handle = curl_easy_init();
    if (!handle) return outcome;
    source body = {mail->message, mail->length, 0};
    struct curl_slist *recipients = curl_slist_append(NULL, mail->recipient);
    common(handle, words, mail->ca_file, mail->connect_milliseconds, mail->total_milliseconds);
    curl_easy_setopt(handle, CURLOPT_URL, mail->url);
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(handle, CURLOPT_USE_SSL, mail->requires_tls ? (long)CURLUSESSL_ALL : (long)CURLUSESSL_TRY);
    if (mail->user) curl_easy_setopt(handle, CURLOPT_USERNAME, mail->user);
    if (mail->password) curl_easy_setopt(handle, CURLOPT_PASSWORD, mail->password);
    curl_easy_setopt(handle, CURLOPT_MAIL_FROM, mail->sender);
    curl_easy_setopt(handle, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(handle, CURLOPT_READDATA, &body);
    curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, rewind_source);
    curl_easy_setopt(handle, CURLOPT_SEEKDATA, &body);
    curl_easy_setopt(handle, CURLOPT_VERBOSE, 1L);
    curl_easy_setopt(handle, CURLOPT_DEBUGFUNCTION, watch);
    curl_easy_setopt(handle, CURLOPT_DEBUGDATA, &outcome);
    finish(recipients ? curl_easy_perform(handle) : CURLE_OUT_OF_MEMORY, words, &outcome);
    curl_slist_free_all(recipients);
    curl_easy_cleanup(handle);
    return outcome;
}
