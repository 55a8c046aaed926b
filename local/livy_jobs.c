/* The batches that the Livy service knows: looked up, counted, added. Lock held throughout. */
#include "local/livy_service.h"

#include <stdio.h>
#include <stdlib.h>

static bool is_shown(const struct local_livy_job *job, enum local_face face)
{
    return job->batch.face == face && !job->lost;
}

struct local_livy_job *local_livy_find(struct local_livy *livy, struct lk_str id)
{
    for (size_t i = 0; i < livy->job_count; i++) {
        if (is_shown(livy->jobs[i], LOCAL_FACE_FABRIC) &&
            lk_str_eq_nocase(lk_str_from(livy->jobs[i]->batch.id), id))
            return livy->jobs[i];
    }
    return NULL;
}

struct local_livy_job *local_livy_find_number(struct local_livy *livy, enum local_face face,
                                              int64_t number)
{
    for (size_t i = 0; i < livy->job_count; i++) {
        if (is_shown(livy->jobs[i], face) && livy->jobs[i]->batch.number == number)
            return livy->jobs[i];
    }
    return NULL;
}

void local_livy_jobs_of(const struct local_livy *livy, enum local_face face,
                        struct local_livy_jobs *ret)
{
    ret->at = lk_alloc((livy->job_count + 1) * sizeof *ret->at);
    ret->count = 0;
    for (size_t i = 0; i < livy->job_count; i++) {
        if (is_shown(livy->jobs[i], face))
            ret->at[ret->count++] = livy->jobs[i];
    }
}

void local_livy_jobs_done(struct local_livy_jobs *jobs)
{
    free(jobs->at);
}

size_t local_livy_count(const struct local_livy *livy, enum local_batch_phase from,
                        enum local_batch_phase to)
{
    size_t count = 0;

    for (size_t i = 0; i < livy->job_count; i++)
        count += livy->jobs[i]->batch.phase >= from && livy->jobs[i]->batch.phase <= to &&
                 !livy->jobs[i]->batch.phantom;
    return count;
}

void local_livy_explain_waiting(struct local_livy *livy, struct local_batch *batch)
{
    size_t running = local_livy_count(livy, LOCAL_BATCH_PACKAGING, LOCAL_BATCH_RUNNING);

    if (livy->seeding)
        snprintf(batch->waits_for, sizeof batch->waits_for,
                 "waiting for the demo table green_tripdata_2022, which is being generated "
                 "(once, under a minute)");
    else if (running >= (size_t)livy->limits.at_once)
        snprintf(batch->waits_for, sizeof batch->waits_for,
                 "waiting for one of the %d batches that run at the same time",
                 livy->limits.at_once);
}

bool local_livy_is_full(const struct local_livy *livy)
{
    return local_livy_count(livy, LOCAL_BATCH_QUEUED, LOCAL_BATCH_QUEUED) >=
           (size_t)livy->limits.waiting;
}

void local_livy_make(struct local_livy *livy, json_t *request, const struct local_caller *caller,
                     struct local_batch *ret)
{
    local_batch_init(ret, request, livy->clock->unix_ms(livy->clock));
    snprintf(ret->submitter_id, sizeof ret->submitter_id, "%s", caller->oid);
    snprintf(ret->submitter_name, sizeof ret->submitter_name, "%s", caller->name);
    ret->submitter_is_user = caller->is_user;
}

struct local_livy_job *local_livy_keep(struct local_livy *livy, const struct local_batch *batch)
{
    struct local_livy_job *job = lk_alloc(sizeof *job);

    *job = (struct local_livy_job){.batch = *batch};
    livy->jobs = lk_realloc(livy->jobs, (livy->job_count + 1) * sizeof *livy->jobs);
    livy->jobs[livy->job_count++] = job;
    return job;
}

struct local_livy_job *local_livy_add(struct local_livy *livy, const struct local_batch *batch)
{
    struct local_livy_job *job = local_livy_keep(livy, batch);

    if (batch->phantom)
        return job;
    local_livy_explain_waiting(livy, &job->batch);
    local_livy_save(livy, &job->batch);
    local_livy_note(livy, &job->batch, "accepted from %s; queued",
                    batch->submitter_name[0] ? batch->submitter_name : "this machine");
    pthread_cond_signal(&livy->wake);
    return job;
}

void local_livy_lose(void *service)
{
    struct local_livy *livy = service;

    pthread_mutex_lock(&livy->lock);
    if (livy->job_count)
        livy->jobs[livy->job_count - 1]->lost = true;
    pthread_mutex_unlock(&livy->lock);
}
