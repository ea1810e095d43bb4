// libcurl, as far as meterd-notify needs it: one mail per call. See <https://curl.se/libcurl/c/>.
#ifndef CCURL_H
#define CCURL_H

#include <stdbool.h>
#include <stddef.h>

// What came of a transfer.
typedef struct {
    // libcurl's CURLcode; 0 if it went well.
    int code;
    // The server's last status; 0 if it sent none.
    long status;
    // The command that the server answered last, its first word only: "MAIL", "RCPT", "DATA", "AUTH".
    char command[8];
    // What the server said last, or libcurl's words for what went wrong.
    char words[256];
    // For this module's own use.
    bool is_over;
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

// What has to be done once, before any thread is started.
void ccurl_begin(void);

#endif
