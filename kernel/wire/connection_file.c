#include "wire/connection_file.h"

#include "base/json.h"

#include <stdio.h>
#include <string.h>

struct fields {
    struct lk_str transport, ip, signature_scheme, key, kernel_name;
    json_t *ports[LK_CHANNELS];
    json_t *registration_port;
};

static enum lk_status read_port(const json_t *value, const char *name, uint16_t *ret,
                                struct lk_error *err)
{
    int64_t port = json_is_integer(value) ? json_integer_value(value) : 0;

    /* JEP 106 allows strings as well. */
    if (json_is_string(value) && !lk_str_to_i64(lk_json_str(value), &port))
        port = 0;
    if (port < 1 || port > 65535)
        return lk_error_set(err, LK_INVALID, "BadConnectionFile",
                            "the connection file's %s is no port number", name);
    *ret = (uint16_t)port;
    return LK_OK;
}

static const char *const port_names[LK_CHANNELS] = {
    [LK_SHELL] = "shell_port",     [LK_IOPUB] = "iopub_port",  [LK_STDIN] = "stdin_port",
    [LK_CONTROL] = "control_port", [LK_HEARTBEAT] = "hb_port",
};

static enum lk_status check_kind(const struct fields *fields, struct lk_connection *ret,
                                 struct lk_error *err)
{
    if (fields->registration_port)
        return lk_error_set(err, LK_UNSUPPORTED, "HandshakeFile",
                            "this is a registration file of the handshake protocol (JEP 66), "
                            "which livy-kernel does not speak");
    if (fields->signature_scheme.len && !lk_str_eq(fields->signature_scheme, LK_STR("hmac-sha256")))
        return lk_error_set(err, LK_UNSUPPORTED, "SignatureScheme",
                            "the connection file asks for signature_scheme '%.*s'; livy-kernel "
                            "knows hmac-sha256",
                            LK_STR_ARGS(fields->signature_scheme));
    ret->ipc = lk_str_eq(fields->transport, LK_STR("ipc"));
    if (fields->transport.len && !ret->ipc && !lk_str_eq(fields->transport, LK_STR("tcp")))
        return lk_error_set(err, LK_UNSUPPORTED, "Transport",
                            "the connection file asks for transport '%.*s'; livy-kernel knows tcp "
                            "and ipc",
                            LK_STR_ARGS(fields->transport));
    if (fields->ip.len >= sizeof ret->ip)
        return lk_error_set(err, LK_INVALID, "BadConnectionFile",
                            "the connection file's ip is too long");
    return LK_OK;
}

enum lk_status lk_connection_read(struct lk_str json_text, struct lk_connection *ret,
                                  struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_OPTIONAL(struct fields, transport, "transport", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct fields, ip, "ip", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct fields, signature_scheme, "signature_scheme", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct fields, key, "key", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct fields, kernel_name, "kernel_name", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct fields, registration_port, "registration_port", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct fields, ports[LK_SHELL], "shell_port", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct fields, ports[LK_IOPUB], "iopub_port", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct fields, ports[LK_STDIN], "stdin_port", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct fields, ports[LK_CONTROL], "control_port", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct fields, ports[LK_HEARTBEAT], "hb_port", LK_JSON_ANY),
    };
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct fields fields = {.transport = LK_STR_EMPTY};
    enum lk_status st;

    memset(ret, 0, sizeof *ret);
    st = lk_json_parse(json_text, "the connection file", &json, err);
    if (!st)
        st = lk_json_read(json, "the connection file", table, LK_COUNT(table), &fields, err);
    if (!st)
        st = check_kind(&fields, ret, err);
    for (int i = 0; i < LK_CHANNELS && !st; i++)
        st = read_port(fields.ports[i], port_names[i], &ret->ports[i], err);
    if (st)
        return st;
    snprintf(ret->ip, sizeof ret->ip, "%.*s",
             LK_STR_ARGS(fields.ip.len ? fields.ip : LK_STR("127.0.0.1")));
    snprintf(ret->kernel_name, sizeof ret->kernel_name, "%.*s", LK_STR_ARGS(fields.kernel_name));
    lk_secret_set(&ret->key, fields.key);
    return LK_OK;
}

void lk_connection_done(struct lk_connection *connection)
{
    lk_secret_done(&connection->key);
}

/* What libzmq can bind: it takes numbers and interfaces, no names, and IPv6 in brackets. */
static void put_host(const char *ip, char ret[300])
{
    if (strcmp(ip, "localhost") == 0)
        ip = "127.0.0.1";
    if (strchr(ip, ':') && ip[0] != '[')
        snprintf(ret, 300, "[%s]", ip);
    else
        snprintf(ret, 300, "%s", ip);
}

void lk_connection_address(const struct lk_connection *connection, enum lk_channel channel,
                           char ret[512])
{
    char host[300];

    put_host(connection->ip, host);
    if (connection->ipc)
        snprintf(ret, 512, "ipc://%s-%u", connection->ip, connection->ports[channel]);
    else
        snprintf(ret, 512, "tcp://%s:%u", host, connection->ports[channel]);
}
