/* The floor: the smallest program that a client takes for a kernel. libzmq and HMAC-SHA256, nothing
 * else: it reads the connection file, binds the five sockets, checks every signature, answers
 * kernel_info, execute and shutdown with the messages that livy-kernel sends for a cell without
 * output, and runs nothing. What a kernel takes beyond this is its own doing.
 *
 *   floor_kernel -f CONNECTION_FILE */
#include "bench/raw_json.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

enum { PARTS_MAX = 16, FILE_MAX = 4096, HEADER_MAX = 512, CODE_MAX = 64 << 10 };

/* Where the parts of a request lie, counted from the delimiter. */
enum { DELIMITER, SIGNATURE, HEADER, PARENT, METADATA, CONTENT, DICTS = 4 };

static const char kernel_info[] =
    "{\"status\":\"ok\",\"protocol_version\":\"5.4\",\"implementation\":\"floor\","
    "\"implementation_version\":\"1\",\"language_info\":{\"name\":\"none\",\"version\":\"1\","
    "\"mimetype\":\"text/plain\",\"file_extension\":\".txt\"},\"banner\":\"floor\","
    "\"help_links\":[]}";

struct kernel {
    void *shell, *control, *in, *iopub, *heartbeat;
    crypto_auth_hmacsha256_state keyed; /* before the first byte of a message */
    char session[33];
    unsigned long sent, executed;
};

struct request {
    zmq_msg_t parts[PARTS_MAX];
    struct lk_str views[PARTS_MAX];
    size_t count, delimiter;
};

/* ---- sending ------------------------------------------------------------------------------- */

static void sign(const struct kernel *kernel, const struct lk_str dicts[DICTS], char ret[65])
{
    crypto_auth_hmacsha256_state state = kernel->keyed;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];

    for (int i = 0; i < DICTS; i++)
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)dicts[i].ptr, dicts[i].len);
    crypto_auth_hmacsha256_final(&state, mac);
    sodium_bin2hex(ret, 65, mac, sizeof mac);
}

static struct lk_str write_header(struct kernel *kernel, const char *type, char ret[HEADER_MAX])
{
    struct timespec now;
    struct tm utc;
    char date[32];
    int len;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    len = snprintf(ret, HEADER_MAX,
                   "{\"msg_id\":\"%s-%lu\",\"session\":\"%s\",\"username\":\"floor\","
                   "\"date\":\"%s.%03ldZ\",\"msg_type\":\"%s\",\"version\":\"5.4\"}",
                   kernel->session, kernel->sent++, kernel->session, date, now.tv_nsec / 1000000,
                   type);
    return (struct lk_str){ret, (size_t)len};
}

/* first: the client's identity, or the topic on iopub. */
static void send_message(struct kernel *kernel, void *socket, struct lk_str first,
                         const struct request *request, const char *type, struct lk_str content)
{
    char text[HEADER_MAX], signature[65];
    struct lk_str dicts[DICTS] = {write_header(kernel, type, text),
                                  request->views[request->delimiter + HEADER], LK_STR("{}"),
                                  content};

    sign(kernel, dicts, signature);
    zmq_send(socket, first.ptr, first.len, ZMQ_SNDMORE);
    zmq_send(socket, "<IDS|MSG>", 9, ZMQ_SNDMORE);
    zmq_send(socket, signature, 64, ZMQ_SNDMORE);
    for (int i = 0; i < DICTS; i++)
        zmq_send(socket, dicts[i].ptr, dicts[i].len, i + 1 < DICTS ? ZMQ_SNDMORE : 0);
}

static void publish(struct kernel *kernel, const struct request *request, const char *type,
                    struct lk_str content)
{
    send_message(kernel, kernel->iopub, lk_str_from(type), request, type, content);
}

static void publish_status(struct kernel *kernel, const struct request *request, bool busy)
{
    publish(kernel, request, "status",
            busy ? LK_STR("{\"execution_state\":\"busy\"}")
                 : LK_STR("{\"execution_state\":\"idle\"}"));
}

/* ---- answering ----------------------------------------------------------------------------- */

static void execute(struct kernel *kernel, const struct request *request)
{
    struct lk_str code =
        raw_json_str(request->views[request->delimiter + CONTENT], LK_STR("\"code\""));
    static char content[CODE_MAX + 128];
    int len;

    if (code.len > CODE_MAX)
        code.len = CODE_MAX;
    kernel->executed++;
    len = snprintf(content, sizeof content, "{\"code\":\"%.*s\",\"execution_count\":%lu}",
                   LK_STR_ARGS(code), kernel->executed);
    publish(kernel, request, "execute_input", (struct lk_str){content, (size_t)len});
    len = snprintf(content, sizeof content,
                   "{\"status\":\"ok\",\"execution_count\":%lu,\"payload\":[],"
                   "\"user_expressions\":{}}",
                   kernel->executed);
    send_message(kernel, kernel->shell, request->views[0], request, "execute_reply",
                 (struct lk_str){content, (size_t)len});
}

/* False: it was the goodbye. */
static bool answer(struct kernel *kernel, void *socket, const struct request *request)
{
    struct lk_str type =
        raw_json_str(request->views[request->delimiter + HEADER], LK_STR("\"msg_type\""));
    bool leaving = lk_str_eq(type, LK_STR("shutdown_request"));

    publish_status(kernel, request, true);
    if (lk_str_eq(type, LK_STR("execute_request")))
        execute(kernel, request);
    else if (lk_str_eq(type, LK_STR("kernel_info_request")))
        send_message(kernel, socket, request->views[0], request, "kernel_info_reply",
                     (struct lk_str){kernel_info, sizeof kernel_info - 1});
    else if (leaving)
        send_message(kernel, socket, request->views[0], request, "shutdown_reply",
                     LK_STR("{\"status\":\"ok\",\"restart\":false}"));
    publish_status(kernel, request, false);
    return !leaving;
}

/* ---- receiving ----------------------------------------------------------------------------- */

static bool receive(void *socket, struct request *ret)
{
    int more = 1;

    for (ret->count = 0; more && ret->count < PARTS_MAX; ret->count++) {
        zmq_msg_t *part = &ret->parts[ret->count];
        zmq_msg_init(part);
        if (zmq_msg_recv(part, socket, ZMQ_DONTWAIT) < 0)
            return false;
        ret->views[ret->count] = (struct lk_str){zmq_msg_data(part), zmq_msg_size(part)};
        more = zmq_msg_more(part);
    }
    return true;
}

static void request_done(struct request *request)
{
    for (size_t i = 0; i < request->count; i++)
        zmq_msg_close(&request->parts[i]);
}

static bool is_genuine(const struct kernel *kernel, struct request *request)
{
    const struct lk_str *signature;
    char right[65];

    request->delimiter = 0;
    while (request->delimiter < request->count &&
           !lk_str_eq(request->views[request->delimiter], LK_STR("<IDS|MSG>")))
        request->delimiter++;
    if (request->delimiter == 0 || request->count < request->delimiter + CONTENT + 1)
        return false;
    signature = &request->views[request->delimiter + SIGNATURE];
    sign(kernel, &request->views[request->delimiter + HEADER], right);
    return signature->len == 64 && sodium_memcmp(signature->ptr, right, 64) == 0;
}

static bool serve(struct kernel *kernel, void *socket)
{
    struct request request;
    bool going = true;

    while (going && receive(socket, &request)) {
        if (is_genuine(kernel, &request))
            going = answer(kernel, socket, &request);
        request_done(&request);
    }
    return going;
}

static void *echo(void *heartbeat)
{
    char bytes[256];
    int len;

    while ((len = zmq_recv(heartbeat, bytes, sizeof bytes, 0)) >= 0)
        zmq_send(heartbeat, bytes, len < (int)sizeof bytes ? (size_t)len : sizeof bytes, 0);
    zmq_close(heartbeat);
    return NULL;
}

/* ---- start --------------------------------------------------------------------------------- */

static struct lk_str read_file(const char *path, char ret[FILE_MAX])
{
    FILE *file = fopen(path, "r");
    size_t len = file ? fread(ret, 1, FILE_MAX, file) : 0;

    if (file)
        fclose(file);
    return (struct lk_str){ret, len};
}

static void *bind_socket(void *zmq, int kind, struct lk_str file, const char *port_key)
{
    const char *at = strstr(file.ptr, port_key);
    struct lk_str ip = raw_json_str(file, LK_STR("\"ip\""));
    const int unlimited = 0, linger_ms = 1000;
    void *socket = zmq_socket(zmq, kind);
    char address[128];

    zmq_setsockopt(socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
    zmq_setsockopt(socket, ZMQ_SNDHWM, &unlimited, sizeof unlimited);
    snprintf(address, sizeof address, "tcp://%.*s:%d", LK_STR_ARGS(ip),
             at ? atoi(strpbrk(at, "123456789")) : 0);
    if (zmq_bind(socket, address)) {
        fprintf(stderr, "floor_kernel: cannot listen on %s\n", address);
        exit(1);
    }
    return socket;
}

static void run(struct kernel *kernel)
{
    zmq_pollitem_t items[] = {{.socket = kernel->control, .events = ZMQ_POLLIN},
                              {.socket = kernel->shell, .events = ZMQ_POLLIN}};

    for (;;) {
        zmq_poll(items, 2, -1);
        if (!serve(kernel, kernel->control) || !serve(kernel, kernel->shell))
            return;
    }
}

int main(int argc, char **argv)
{
    char text[FILE_MAX + 1] = "";
    struct lk_str file, key;
    struct kernel kernel = {.sent = 0};
    unsigned char random[16];
    pthread_t heartbeat;
    void *zmq;

    if (argc != 3 || sodium_init() < 0)
        return 2;
    file = read_file(argv[2], text);
    key = raw_json_str(file, LK_STR("\"key\""));
    crypto_auth_hmacsha256_init(&kernel.keyed, (const unsigned char *)key.ptr, key.len);
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(kernel.session, sizeof kernel.session, random, sizeof random);
    zmq = zmq_ctx_new();
    kernel.heartbeat = bind_socket(zmq, ZMQ_REP, file, "\"hb_port\"");
    kernel.shell = bind_socket(zmq, ZMQ_ROUTER, file, "\"shell_port\"");
    kernel.control = bind_socket(zmq, ZMQ_ROUTER, file, "\"control_port\"");
    kernel.in = bind_socket(zmq, ZMQ_ROUTER, file, "\"stdin_port\"");
    kernel.iopub = bind_socket(zmq, ZMQ_PUB, file, "\"iopub_port\"");
    pthread_create(&heartbeat, NULL, echo, kernel.heartbeat);
    run(&kernel);
    zmq_close(kernel.shell);
    zmq_close(kernel.control);
    zmq_close(kernel.in);
    zmq_close(kernel.iopub);
    zmq_ctx_term(zmq);
    pthread_join(heartbeat, NULL);
    return 0;
}
