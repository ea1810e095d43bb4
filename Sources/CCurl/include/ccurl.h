// libcurl, as far as meterd-notify needs it: one mail, or one POST, per call. See <https://curl.se/libcurl/c/>.
#ifndef CCURL_H
#define CCURL_H

#include <stdbool.h>
#include <stddef.h>

// What came of a transfer.
typedef struct {
    // libcurl's CURLcode; 0 if it went well.
    int code;
    // The last status of the server's, of SMTP or HTTP; 0 if it sent none.
    long status;
    // The command that the server answered last, its first word only: "MAIL", "RCPT", "DATA", "AUTH"; empty for HTTP.
    char command[8];
    // What the server said last (SMTP), or libcurl's words for what went wrong.
    char words[256];
    // For this module's own use.
    bool is_mail, is_over;
} ccurl_outcome;

// A mail to one address.
typedef struct {
    // smtp://HOST:PORT/NAME or smtps://HOST:PORT/NAME. NAME is what this machine calls itself (EHLO).
    const char *url;
    // NULL for none.
    const char *user, *password;
    // The envelope's addresses, without angle brackets.
    const char *sender, *recipient;
    const char *message;
    size_t length;
    // Whether nothing is sent without TLS.
    bool requires_tls;
    // The certificates that are trusted, as a PEM file; NULL for the system's.
    const char *ca_file;
    long connect_milliseconds, total_milliseconds;
} ccurl_mail;

// Sends it, and returns when the server has taken or refused it.
ccurl_outcome ccurl_send_mail(const ccurl_mail *mail);

// Whether a connection may be made to that address. family is AF_INET or AF_INET6, address 4 or 16 bytes.
typedef bool (*ccurl_allows)(void *context, int family, const unsigned char *address);

// A POST of https.
typedef struct {
    const char *url;
    // Lines as "Name: value".
    const char *const *fields;
    size_t field_count;
    const char *body;
    size_t length;
    const char *ca_file;
    ccurl_allows allows;
    void *context;
    long connect_milliseconds, total_milliseconds;
} ccurl_request;

// Sends it. No redirect is followed, no proxy is used, and the answer's body is thrown away.
ccurl_outcome ccurl_post(const ccurl_request *request);

// What has to be done once, before any thread is started.
void ccurl_begin(void);

#endif
