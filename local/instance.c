#include "local/instance.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "local/demo.h"
#include "local/entra.h"
#include "local/faults.h"
#include "local/livy.h"
#include "local/livy_face.h"
#include "local/onelake.h"
#include "local/pki.h"
#include "local/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { ENTRA, LIVY, ONELAKE, SERVERS, LOOK_EVERY_MS = 1000, SAY_EVERY_S = 10 };

struct local_instance {
    struct local_instance_options options;
    int lock_fd;
    char *onelake_root, *spool, *records, *state_file, *runner_file, *seed_file;
    struct local_pki pki;
    struct local_faults *faults;
    struct local_entra *entra;
    struct local_onelake *onelake;
    struct local_livy *livy;
    struct local_faulty faulty[SERVERS];
    struct local_server *servers[SERVERS];
};

static const struct local_place demo_place = {
    .workspace_id = LOCAL_DEMO_WORKSPACE,
    .workspace_name = LOCAL_DEMO_WORKSPACE_NAME,
    .lakehouse_id = LOCAL_DEMO_LAKEHOUSE,
    .lakehouse_name = LOCAL_DEMO_LAKEHOUSE_NAME,
};

/* ---- the home folder ----------------------------------------------------------------------- */

static enum lk_status make_folders(struct local_instance *self, struct lk_error *err)
{
    const char *const folders[] = {self->options.home, self->onelake_root, self->spool,
                                   self->records};
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < LK_COUNT(folders) && !st; i++)
        st = lk_file_make_folders(folders[i], 0700, err);
    return st;
}

/* The lock lives as long as the process, whatever ends it. */
static enum lk_status take_lock(struct local_instance *self, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(self->options.home, LK_STR("lock"));

    self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (self->lock_fd < 0)
        return lk_error_errno(err, errno, "NoLock", "%s cannot be opened", path);
    if (flock(self->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return LK_OK;
    return lk_error_set(err, LK_EXISTS, "AlreadyRunning", "another livy-local runs on %s",
                        self->options.home);
}

static struct local_instance *new_instance(const struct local_instance_options *options)
{
    struct local_instance *self = lk_alloc(sizeof *self);

    memset(self, 0, sizeof *self);
    self->options = *options;
    self->lock_fd = -1;
    self->onelake_root = lk_path_join(options->home, LK_STR("onelake"));
    self->spool = lk_path_join(options->home, LK_STR("spool"));
    self->records = lk_path_join(options->home, LK_STR("livy"));
    self->state_file = lk_path_join(options->home, LK_STR("state.json"));
    self->runner_file = lk_path_join(options->share_folder, LK_STR("spark_runner.py"));
    self->seed_file = lk_path_join(options->share_folder, LK_STR("seed_green_tripdata.py"));
    return self;
}

/* ---- the services -------------------------------------------------------------------------- */

static enum lk_status start_server(struct local_instance *self, int which, const char *name,
                                   local_handler *handler, void *service, struct lk_error *err)
{
    self->faulty[which] = (struct local_faulty){.faults = self->faults,
                                                .name = name,
                                                .clock = lk_clock_system(),
                                                .handler = handler,
                                                .service = service};
    return local_server_start(
        &(struct local_server_options){.certificate_pem = self->pki.server_certificate_pem,
                                       .key_pem = self->pki.server_key_pem,
                                       .spool_folder = self->spool,
                                       .handler = local_faults_handle,
                                       .service = &self->faulty[which]},
        &self->servers[which], err);
}

static enum lk_status start_entra(struct local_instance *self, struct lk_error *err)
{
    char authority[64];
    enum lk_status st = local_entra_new(
        &(struct local_entra_options){.key = self->pki.signing_key,
                                      .app_secret = &self->pki.app_secret,
                                      .app_certificate_pem = self->pki.app_certificate_pem,
                                      .tenant = LOCAL_DEMO_TENANT,
                                      .client_id = LOCAL_DEMO_CLIENT,
                                      .user_name = LOCAL_DEMO_USER,
                                      .user_oid = LOCAL_DEMO_USER_OID,
                                      .clock = lk_clock_system(),
                                      .token_life_s = self->options.token_life_s},
        &self->entra, err);

    if (!st)
        st = start_server(self, ENTRA, "entra", local_entra_handle, self->entra, err);
    if (st)
        return st;
    snprintf(authority, sizeof authority, "https://localhost:%u",
             local_server_port(self->servers[ENTRA]));
    local_entra_set_authority(self->entra, authority);
    return LK_OK;
}

static enum lk_status start_onelake(struct local_instance *self, struct lk_error *err)
{
    enum lk_status st =
        local_onelake_new(&(struct local_onelake_options){.root = self->onelake_root,
                                                          .spool_folder = self->spool,
                                                          .key = self->pki.signing_key,
                                                          .issuer = local_entra_issuer(self->entra),
                                                          .clock = lk_clock_system(),
                                                          .demo = demo_place},
                          &self->onelake, err);

    return st ? st
              : start_server(self, ONELAKE, "onelake", local_onelake_handle, self->onelake, err);
}

static struct local_livy_options livy_options(struct local_instance *self)
{
    return (struct local_livy_options){
        .key = self->pki.signing_key,
        .issuer = self->entra ? local_entra_issuer(self->entra) : NULL,
        .clock = lk_clock_system(),
        .onelake_root = self->onelake_root,
        .records_folder = self->records,
        .spark_home = self->options.spark_home,
        .java_home = self->options.java_home,
        .python = self->options.python,
        .runner_file = self->runner_file,
        .seed_file = self->seed_file,
        .demo = demo_place,
        .basic_user = LOCAL_DEMO_BASIC_USER,
        .basic_password = &self->pki.basic_password,
        .limits = self->options.limits,
        .seed = true,
    };
}

static enum lk_status start_livy(struct local_instance *self, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *secret = lk_str_dup(lk_secret_reveal(&self->pki.app_secret));
    struct local_livy_options options = livy_options(self);
    char endpoint[64], token_url[256];
    enum lk_status st;

    snprintf(endpoint, sizeof endpoint, "127.0.0.1:%u", local_server_port(self->servers[ONELAKE]));
    snprintf(token_url, sizeof token_url, "https://localhost:%u/%s/oauth2/v2.0/token",
             local_server_port(self->servers[ENTRA]), LOCAL_DEMO_TENANT);
    options.abfss = (struct local_livy_abfss){.endpoint = endpoint,
                                              .token_url = token_url,
                                              .client_id = LOCAL_DEMO_CLIENT,
                                              .client_secret = secret,
                                              .ca_file = self->pki.ca_file};
    st = local_livy_new(&options, &self->livy, err);
    lk_wipe(secret, strlen(secret));
    if (!st)
        st = start_server(self, LIVY, "livy", local_livy_handle, self->livy, err);
    if (!st)
        self->faulty[LIVY].lose = local_livy_lose;
    return st;
}

/* ---- the state file ------------------------------------------------------------------------ */

/* Of which folders Apache Livy's file: paths are taken. */
static json_t *folders_state(const struct local_instance *self)
{
    const char *const *folder = self->options.limits.folders;
    json_t *list = json_array();

    for (; folder && *folder; folder++)
        json_array_append_new(list, lk_json_text(lk_str_from(*folder)));
    return list;
}

static json_t *demo_state(const struct local_instance *self)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "tenant",
        LOCAL_DEMO_TENANT, "client", LOCAL_DEMO_CLIENT, "workspace", LOCAL_DEMO_WORKSPACE,
        "workspace_name", LOCAL_DEMO_WORKSPACE_NAME, "lakehouse", LOCAL_DEMO_LAKEHOUSE,
        "lakehouse_name", LOCAL_DEMO_LAKEHOUSE_NAME, "certificate", self->pki.app_certificate_file,
        "key", self->pki.app_key_file, "thumbprint", self->pki.app_thumbprint, "secret_file",
        self->pki.secret_file, "user", LOCAL_DEMO_USER, "basic_user", LOCAL_DEMO_BASIC_USER,
        "basic_password_file", self->pki.basic_password_file, "folders", folders_state(self));
}

/* "apache_endpoint" and the like: where batches are posted. */
static void add_endpoints(json_t *state, unsigned livy)
{
    for (int i = LOCAL_FACE_APACHE; i < LOCAL_FACES; i++) {
        const struct local_livy_face *face = local_livy_face((enum local_face)i);
        char name[32];

        snprintf(name, sizeof name, "%s_endpoint", face->name);
        json_object_set_new(
            state, name,
            lk_json_textf("https://localhost:%u%.*s%s/batches", livy, LK_STR_ARGS(face->root),
                          i == LOCAL_FACE_SYNAPSE ? "/" LOCAL_DEMO_WORKSPACE_NAME : ""));
    }
}

static enum lk_status write_state(const struct local_instance *self, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);
    unsigned entra = local_server_port(self->servers[ENTRA]);
    unsigned livy = local_server_port(self->servers[LIVY]);
    unsigned onelake = local_server_port(self->servers[ONELAKE]);
    json_t *state = json_pack(
        "{s:i, s:s, s:I, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o}", "version", 1, "name", "local",
        "pid", (json_int_t)getpid(), "authority", lk_json_textf("https://localhost:%u", entra),
        "fabric", lk_json_textf("https://localhost:%u", livy), "onelake_blob",
        lk_json_textf("https://localhost:%u", onelake), "onelake_dfs",
        lk_json_textf("https://localhost:%u", onelake), "abfss_host", LOCAL_ABFSS_HOST, "ca_file",
        self->pki.ca_file, "livy_endpoint",
        lk_json_textf("https://localhost:%u/v1/workspaces/%s/lakehouses/%s/livyapi/versions/"
                      "2023-12-01/batches",
                      livy, LOCAL_DEMO_WORKSPACE, LOCAL_DEMO_LAKEHOUSE),
        "demo", demo_state(self));

    add_endpoints(state, livy);
    lk_json_write(state, true, &text);
    json_decref(state);
    lk_buf_put_char(&text, '\n');
    return lk_file_write(self->state_file, 0600, lk_buf_view(&text), err);
}

/* ---- life ---------------------------------------------------------------------------------- */

static enum lk_status start_all(struct local_instance *self, struct lk_error *err)
{
    enum lk_status st = make_folders(self, err);

    if (!st)
        st = take_lock(self, err);
    if (!st && self->options.faults_file)
        st = local_faults_read(self->options.faults_file, &self->faults, err);
    if (!st)
        st =
            local_pki_open(self->options.home, lk_clock_unix_s(lk_clock_system()), &self->pki, err);
    if (!st)
        st = start_entra(self, err);
    if (!st)
        st = start_onelake(self, err);
    if (!st)
        st = start_livy(self, err);
    return st ? st : write_state(self, err);
}

enum lk_status local_instance_start(const struct local_instance_options *options,
                                    struct local_instance **ret, struct lk_error *err)
{
    struct local_instance *self = new_instance(options);
    enum lk_status st = start_all(self, err);

    if (st) {
        local_instance_free(self);
        return st;
    }
    *ret = self;
    return LK_OK;
}

const char *local_instance_state_file(const struct local_instance *instance)
{
    return instance->state_file;
}

static bool is_idle(struct local_instance *self)
{
    if (!self->options.idle_timeout_ms || local_livy_is_busy(self->livy))
        return false;
    for (int i = 0; i < SERVERS; i++)
        if (local_server_idle_ms(self->servers[i]) < self->options.idle_timeout_ms)
            return false;
    return true;
}

void local_instance_serve(struct local_instance *instance, struct lk_cancel *cancel)
{
    struct lk_clock *clock = lk_clock_system();
    struct lk_error ignored;

    while (!is_idle(instance))
        if (clock->wait_ms(clock, LOOK_EVERY_MS, cancel, &ignored))
            return;
}

void local_instance_free(struct local_instance *self)
{
    if (!self)
        return;
    if (self->servers[LIVY])
        unlink(self->state_file);
    local_faults_stop(self->faults);
    for (int i = 0; i < SERVERS; i++)
        local_server_free(self->servers[i]);
    local_livy_free(self->livy);
    local_onelake_free(self->onelake);
    local_entra_free(self->entra);
    local_faults_free(self->faults);
    local_pki_done(&self->pki);
    lk_fd_close(&self->lock_fd);
    free(self->onelake_root);
    free(self->spool);
    free(self->records);
    free(self->state_file);
    free(self->runner_file);
    free(self->seed_file);
    free(self);
}

struct telling {
    bool live; /* a terminal: one line that is drawn anew */
    int lines; /* so far, one a second */
};

static void say(void *arg, const char *line)
{
    struct telling *telling = arg;

    if (telling->live)
        fprintf(stderr, "\r\033[K%s", line);
    else if (telling->lines % SAY_EVERY_S == 0)
        fprintf(stderr, "%s\n", line);
    telling->lines++;
}

enum lk_status local_instance_check(const struct local_instance_options *options,
                                    struct lk_error *err)
{
    return local_runner_check(&(struct local_runner_options){.spark_home = options->spark_home,
                                                             .java_home = options->java_home},
                              err);
}

enum lk_status local_instance_seed(const struct local_instance_options *options,
                                   struct lk_cancel *cancel, struct lk_error *err)
{
    struct local_instance *self = new_instance(options);
    struct telling telling = {.live = isatty(STDERR_FILENO)};
    struct local_livy_options livy;
    enum lk_status st = make_folders(self, err);

    if (!st)
        st = take_lock(self, err);
    if (!st)
        st = local_pki_open(options->home, lk_clock_unix_s(lk_clock_system()), &self->pki, err);
    if (!st) {
        livy = livy_options(self);
        st = local_livy_seed(&livy, say, &telling, cancel, err);
    }
    if (telling.live && telling.lines)
        fputc('\n', stderr);
    local_instance_free(self);
    return st;
}
