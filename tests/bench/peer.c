#include "bench/peer.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGV_MAX = 16, TREE_MAX = 64, LOOK_EVERY_NS = 100000, END_LOOK_EVERY_NS = 5000000 };

extern char **environ;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void pause_ns(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

/* ---- before the start ---------------------------------------------------------------------- */

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* All five are held until the last one is found. */
static bool find_ports(uint16_t ports[LK_CHANNELS])
{
    int sockets[LK_CHANNELS];
    bool good = true;

    for (int i = 0; i < LK_CHANNELS; i++) {
        struct sockaddr_in address = loopback(0);
        socklen_t len = sizeof address;
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        good = good && bind(sockets[i], (struct sockaddr *)&address, sizeof address) == 0 &&
               getsockname(sockets[i], (struct sockaddr *)&address, &len) == 0;
        ports[i] = ntohs(address.sin_port);
    }
    for (int i = 0; i < LK_CHANNELS; i++)
        close(sockets[i]);
    return good;
}

bool peer_prepare(struct peer *peer, const char *folder)
{
    FILE *file;

    snprintf(peer->connection_file, sizeof peer->connection_file, "%s/%s.json", folder, peer->name);
    snprintf(peer->log_file, sizeof peer->log_file, "%s/%s.log", folder, peer->name);
    file = find_ports(peer->ports) ? fopen(peer->connection_file, "w") : NULL;
    if (!file)
        return false;
    fprintf(file,
            "{\"shell_port\":%u,\"iopub_port\":%u,\"stdin_port\":%u,\"control_port\":%u,"
            "\"hb_port\":%u,\"ip\":\"127.0.0.1\",\"transport\":\"tcp\",\"key\":\"" PEER_KEY "\","
            "\"signature_scheme\":\"hmac-sha256\",\"kernel_name\":\"\"}\n",
            peer->ports[LK_SHELL], peer->ports[LK_IOPUB], peer->ports[LK_STDIN],
            peer->ports[LK_CONTROL], peer->ports[LK_HEARTBEAT]);
    return fclose(file) == 0;
}

/* ---- the process --------------------------------------------------------------------------- */

bool peer_start(struct peer *peer)
{
    char *argv[ARGV_MAX + 1] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    bool started;

    for (size_t i = 0; i < json_array_size(peer->argv) && i < ARGV_MAX; i++) {
        const char *word = json_string_value(json_array_get(peer->argv, i));
        argv[i] = strcmp(word, "{connection_file}") == 0 ? peer->connection_file : (char *)word;
    }
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, peer->log_file,
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
    posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    started = posix_spawnp(&peer->pid, argv[0], &files, &attributes, argv, environ) == 0;
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (!started)
        peer->pid = 0;
    return started;
}

static bool is_listening(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool listening = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;

    close(fd);
    return listening;
}

static bool has_ended(struct peer *peer)
{
    if (waitpid(peer->pid, NULL, WNOHANG) != peer->pid)
        return false;
    peer->pid = 0;
    return true;
}

bool peer_wait_listening(struct peer *peer, int timeout_ms)
{
    static const enum lk_channel channels[] = {LK_SHELL, LK_IOPUB};
    int64_t deadline = now_ms() + timeout_ms;

    for (size_t i = 0; i < LK_COUNT(channels); i++)
        while (!is_listening(peer->ports[channels[i]])) {
            if (has_ended(peer) || now_ms() > deadline)
                return false;
            pause_ns(LOOK_EVERY_NS);
        }
    return true;
}

bool peer_wait_end(struct peer *peer, int timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;

    while (!has_ended(peer)) {
        if (now_ms() > deadline)
            return false;
        pause_ns(END_LOOK_EVERY_NS);
    }
    return true;
}

void peer_kill(struct peer *peer)
{
    if (!peer->pid)
        return;
    kill(-peer->pid, SIGKILL);
    while (waitpid(peer->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    peer->pid = 0;
}

/* ---- what it takes ------------------------------------------------------------------------- */

struct stat_line {
    pid_t parent;
    unsigned long ticks;
};

static bool read_stat(pid_t pid, struct stat_line *ret)
{
    char path[64], text[1024];
    unsigned long user, system;
    const char *behind_name;
    FILE *file;
    size_t len;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    file = fopen(path, "r");
    if (!file)
        return false;
    len = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[len] = '\0';
    behind_name = strrchr(text, ')'); /* a name may hold blanks and brackets */
    if (!behind_name || sscanf(behind_name, ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
                               &ret->parent, &user, &system) != 3)
        return false;
    ret->ticks = user + system;
    return true;
}

static bool holds(const pid_t *tree, size_t count, pid_t pid)
{
    for (size_t i = 0; i < count; i++)
        if (tree[i] == pid)
            return true;
    return false;
}

/* The process and all below it; children have larger ids than their parents but for a wrap, which
 * a second look finds. */
static size_t find_tree(pid_t root, pid_t tree[TREE_MAX])
{
    size_t count = 1, before = 0;

    tree[0] = root;
    while (count != before) {
        DIR *proc = opendir("/proc");
        struct dirent *entry;
        before = count;
        while (proc && (entry = readdir(proc)) && count < TREE_MAX) {
            struct stat_line line;
            pid_t pid = atoi(entry->d_name);
            if (pid > 0 && !holds(tree, count, pid) && read_stat(pid, &line) &&
                holds(tree, count, line.parent))
                tree[count++] = pid;
        }
        if (proc)
            closedir(proc);
    }
    return count;
}

/* The number behind "Name:" in a file of /proc/PID; -1: not told. */
static long read_kb(pid_t pid, const char *name, const char *field)
{
    char path[64], line[256];
    long kb = -1;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
    file = fopen(path, "r");
    while (file && kb < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, field, strlen(field)) == 0)
            kb = atol(line + strlen(field));
    if (file)
        fclose(file);
    return kb;
}

void peer_memory(const struct peer *peer, struct peer_memory *ret)
{
    pid_t tree[TREE_MAX];
    size_t count = find_tree(peer->pid, tree);

    *ret = (struct peer_memory){.peak_kb = read_kb(peer->pid, "status", "VmHWM:")};
    for (size_t i = 0; i < count; i++) {
        long rss = read_kb(tree[i], "status", "VmRSS:");
        long pss = read_kb(tree[i], "smaps_rollup", "Pss:");
        ret->rss_kb = rss < 0 || ret->rss_kb < 0 ? -1 : ret->rss_kb + rss;
        ret->pss_kb = pss < 0 || ret->pss_kb < 0 ? -1 : ret->pss_kb + pss;
    }
}

double peer_cpu_s(const struct peer *peer)
{
    pid_t tree[TREE_MAX];
    size_t count = find_tree(peer->pid, tree);
    unsigned long ticks = 0;
    struct stat_line line;

    for (size_t i = 0; i < count; i++)
        if (read_stat(tree[i], &line))
            ticks += line.ticks;
    return (double)ticks / (double)sysconf(_SC_CLK_TCK);
}
