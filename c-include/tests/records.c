/* What is said and known of blobs: pulled, polled, and called back, as bytes are too. */

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "blobs.h"
#include "check.h"

static void records_are_listed_and_changes_followed(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_info *info = stored(node, NULL);
    swarmlet_blob_info *again = stored(node, NULL);
    swarmlet_blob_records *list = NULL;
    swarmlet_blob_records *changes = NULL;
    swarmlet_blob_batch *batch = NULL;
    int descriptor = -1;
    OK(swarmlet_blobs_list(node, &list));
    for (unsigned count = 0; count < 2; count++) {
        OK(swarmlet_blob_records_next(list, 1, LIMIT_MS, &batch));
        CHECK(batch->count == 1 && text_is(batch->items[0].id, info->id.data));
        CHECK(batch->items[0].info->key.offset == count && batch->items[0].key.offset == count);
        swarmlet_blob_batch_free(batch);
    }
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_blob_records_next(list, 1, LIMIT_MS, &batch));
    CHECK(batch == NULL);
    swarmlet_blob_records_free(list);

    OK(swarmlet_blobs_changes(node, &changes));
    OK(swarmlet_blob_records_fd(changes, &descriptor));
    unsigned seen = 0;
    while (seen < 2) {
        CHECK(is_readable(descriptor, LIMIT_MS));
        swarmlet_status status = SWARMLET_STATUS_OK;
        while ((status = swarmlet_blob_records_next(changes, 9, 0, &batch)) == SWARMLET_STATUS_OK) {
            seen += (unsigned)batch->count;
            swarmlet_blob_batch_free(batch);
        }
        CHECK(status == SWARMLET_STATUS_TIMEOUT);
    }
    uint64_t left = 7;
    OK(swarmlet_blobs_delete(node, info->id, &left));
    CHECK(left == 0);
    CHECK(is_readable(descriptor, LIMIT_MS));
    OK(swarmlet_blob_records_next(changes, 9, LIMIT_MS, &batch));
    CHECK(batch->count == 1 && batch->items[0].info == NULL);
    CHECK(text_is(batch->items[0].id, info->id.data) && batch->items[0].key.offset == 2);
    swarmlet_blob_batch_free(batch);
    OK(swarmlet_blob_records_cancel(changes));
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_blob_records_next(changes, 1, -1, &batch));
    swarmlet_blob_records_free(changes);
    swarmlet_blob_info_free(again);
    swarmlet_blob_info_free(info);
    closed(node);
}

static void blobs_are_watched_pinned_and_counted(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_info *info = stored(node, NULL);
    swarmlet_blob_watch *watch = NULL;
    swarmlet_blob_state state = {SWARMLET_BLOB_STATE_KIND_ABSENT, 0, 0};
    int descriptor = -1;
    OK(swarmlet_blobs_watch(node, info->id, &watch));
    OK(swarmlet_blob_watch_next(watch, LIMIT_MS, &state));
    CHECK(state.kind == SWARMLET_BLOB_STATE_KIND_HERE && state.size == sizeof film);
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT, swarmlet_blob_watch_next(watch, 0, &state));
    OK(swarmlet_blob_watch_fd(watch, &descriptor));

    swarmlet_blob_ids *pinned = NULL;
    swarmlet_blob_stat *stat = NULL;
    swarmlet_blob_usage *usage = NULL;
    OK(swarmlet_blobs_stat(node, info->id, &stat));
    CHECK(stat->record_count == 1 && !stat->is_pinned);
    CHECK(text_is(stat->records[0].id, info->id.data) && stat->state.missing == 0);
    swarmlet_blob_stat_free(stat);
    OK(swarmlet_blobs_usage(node, &usage));
    CHECK(usage->blobs == 1 && usage->bytes >= sizeof film && usage->bytes_max == 0);
    swarmlet_blob_usage_free(usage);
    OK(swarmlet_blobs_pin(node, info->id));
    OK(swarmlet_blobs_pinned(node, &pinned));
    CHECK(pinned->count == 1 && text_is(pinned->items[0], info->id.data));
    swarmlet_blob_ids_free(pinned);
    OK(swarmlet_blobs_delete(node, info->id, NULL));
    OK(swarmlet_blobs_stat(node, info->id, &stat));
    CHECK(stat->record_count == 0 && stat->is_pinned);
    CHECK(stat->state.kind == SWARMLET_BLOB_STATE_KIND_HERE);
    swarmlet_blob_stat_free(stat);
    OK(swarmlet_blobs_unpin(node, info->id));
    CHECK(is_readable(descriptor, LIMIT_MS));
    OK(swarmlet_blob_watch_next(watch, LIMIT_MS, &state));
    CHECK(state.kind == SWARMLET_BLOB_STATE_KIND_ABSENT && state.size == 0);
    OK(swarmlet_blobs_state(node, info->id, &state));
    CHECK(state.kind == SWARMLET_BLOB_STATE_KIND_ABSENT);
    OK(swarmlet_blob_watch_cancel(watch));
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_blob_watch_next(watch, -1, &state));
    swarmlet_blob_watch_free(watch);
    swarmlet_blob_info_free(info);
    closed(node);
}

static void blobs_have_the_room_that_they_are_given(const char *folder) {
    char path[256];
    swarmlet_options options = swarmlet_options_init();
    swarmlet_node *node = NULL;
    swarmlet_blob_usage *usage = NULL;
    options.blobs_bytes_max = sizeof film * 3 / 2;
    options.blobs_sweep_period_ms = 50;
    OK(swarmlet_node_open(below(path, sizeof path, folder, "node"), &options, &node));
    swarmlet_blob_info_free(stored(node, NULL));
    CHECK_STATUS(SWARMLET_STATUS_DISK_FULL, swarmlet_blobs_put(node, film_from(1), NULL, NULL));
    OK(swarmlet_blobs_usage(node, &usage));
    CHECK(usage->bytes_max == options.blobs_bytes_max);
    swarmlet_blob_usage_free(usage);
    swarmlet_put_options past = swarmlet_put_options_init();
    swarmlet_blob_info *info = NULL;
    past.keep = swarmlet_text_of("{\"until\": 0}");
    OK(swarmlet_blobs_put(node, film_from(FILM_BYTES - 10), &past, &info));
    CHECK(text_is(info->keep, "{\"until\":0}"));
    swarmlet_blob_watch *watch = NULL;
    swarmlet_blob_state state = {SWARMLET_BLOB_STATE_KIND_HERE, 0, 0};
    OK(swarmlet_blobs_watch(node, info->id, &watch));
    while (state.kind != SWARMLET_BLOB_STATE_KIND_ABSENT) {
        OK(swarmlet_blob_watch_next(watch, LIMIT_MS, &state));
    }
    swarmlet_blob_watch_free(watch);
    swarmlet_blob_info_free(info);
    closed(node);
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    CHECK(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void folders_are_stored_listed_and_written_elsewhere(const char *folder) {
    char app[256], scripts[256], path[256], copy[256];
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text from = below(app, sizeof app, folder, "app");
    swarmlet_text to = below(copy, sizeof copy, folder, "installed");
    CHECK(mkdir(app, 0700) == 0);
    below(scripts, sizeof scripts, app, "js");
    CHECK(mkdir(scripts, 0700) == 0);
    below(path, sizeof path, app, "index.html");
    write_text(path, "<script src=js/app.js></script>");
    below(path, sizeof path, scripts, "app.js");
    write_text(path, "start()");
    swarmlet_put_options options = swarmlet_put_options_init();
    swarmlet_blob_info *info = NULL;
    options.name = swarmlet_text_of("app");
    OK(swarmlet_blobs_put_folder(node, from, &options, &info));
    CHECK(text_is(info->media_type, "application/vnd.swarmlet.collection"));
    CHECK(text_is(info->name, "app") && info->collection.data == NULL);

    swarmlet_collection *files = NULL;
    OK(swarmlet_blobs_collection(node, info->id, LIMIT_MS, &files));
    CHECK(files->count == 2 && files->items[0].size == 31 && files->items[1].size == 7);
    CHECK(text_is(files->items[0].path, "index.html"));
    CHECK(text_is(files->items[1].path, "js/app.js"));
    swarmlet_blob_stat *stat = NULL;
    OK(swarmlet_blobs_stat(node, files->items[1].id, &stat));
    CHECK(stat->record_count == 1 && text_is(stat->records[0].collection, info->id.data));
    swarmlet_blob_stat_free(stat);
    swarmlet_collection_free(files);

    swarmlet_saved_folder saved = {0, 0};
    OK(swarmlet_blobs_save_folder(node, info->id, to, LIMIT_MS, &saved));
    CHECK(saved.written == 2 && saved.unchanged == 0);
    below(path, sizeof path, copy, "index.html");
    write_text(path, "changed");
    OK(swarmlet_blobs_save_folder(node, info->id, to, -1, &saved));
    CHECK(saved.written == 1 && saved.unchanged == 1);
    OK(swarmlet_blobs_save_folder(node, info->id, to, -1, NULL));
    swarmlet_blob_info_free(info);

    info = stored(node, NULL);
    CHECK_STATUS(SWARMLET_STATUS_CORRUPT,
                 swarmlet_blobs_collection(node, info->id, LIMIT_MS, &files));
    CHECK_STATUS(SWARMLET_STATUS_NOT_FOUND,
                 swarmlet_blobs_put_folder(node, swarmlet_text_of("/nowhere"), NULL, NULL));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_blobs_save_folder(node, swarmlet_text_of("x"), to, -1, NULL));
    swarmlet_blob_info_free(info);
    closed(node);
}

/* What callbacks leave behind, and who waits for it. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    swarmlet_blob_reader *own;
    size_t bytes;
    unsigned records;
    unsigned states;
    unsigned drops;
    swarmlet_status last;
} heard;

#define HEARD {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, 0, 0, 0, 0, 0}

static heard *entered(void *user) {
    heard *here = user;
    CHECK(pthread_mutex_lock(&here->lock) == 0);
    return here;
}

static void leave(heard *here) {
    CHECK(pthread_cond_broadcast(&here->changed) == 0);
    CHECK(pthread_mutex_unlock(&here->lock) == 0);
}

/* The alarm of the harness is the deadline. */
#define WAIT_UNTIL(heard, claim)                                                                   \
    do {                                                                                           \
        entered(heard);                                                                            \
        while (!(claim)) {                                                                         \
            CHECK(pthread_cond_wait(&(heard)->changed, &(heard)->lock) == 0);                      \
        }                                                                                          \
        leave(heard);                                                                              \
    } while (0)

static void hear_piece(void *user, swarmlet_status status, swarmlet_bytes piece) {
    heard *here = entered(user);
    CHECK((status == SWARMLET_STATUS_OK) == (piece.len > 0) && here->drops == 0);
    CHECK(piece.len == 0 || memcmp(piece.data, film + here->bytes, piece.len) == 0);
    here->bytes += piece.len;
    here->last = status;
    leave(here);
}

static void hear_batch(void *user, swarmlet_status status, const swarmlet_blob_batch *batch) {
    heard *here = entered(user);
    CHECK((status == SWARMLET_STATUS_OK) == (batch != NULL) && here->drops == 0);
    here->records += batch == NULL ? 0 : (unsigned)batch->count;
    here->last = status;
    leave(here);
}

static void hear_state(void *user, swarmlet_status status, const swarmlet_blob_state *state) {
    heard *here = entered(user);
    CHECK((status == SWARMLET_STATUS_OK) == (state != NULL) && here->drops == 0);
    here->states += state != NULL;
    here->last = status;
    leave(here);
}

static void hear_drop(void *user) {
    heard *here = entered(user);
    here->drops++;
    leave(here);
}

static void free_own_reader(void *user, swarmlet_status status, swarmlet_bytes piece) {
    heard *here = entered(user);
    CHECK(status == SWARMLET_STATUS_OK && piece.len > 0);
    swarmlet_blob_reader *own = here->own;
    here->own = NULL;
    leave(here);
    swarmlet_blob_reader_free(own);
    CHECK(piece.data[0] == film[0] && here->drops == 0);
}

static void everything_is_called_back_in_order(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_info *info = stored(node, NULL);
    heard pieces = HEARD;
    swarmlet_blob_reader *reader = reader_of(node, info->id);
    OK(swarmlet_blob_reader_on_piece(reader, hear_piece, &pieces, hear_drop));
    CHECK_STATUS(SWARMLET_STATUS_ALREADY_EXISTS,
                 swarmlet_blob_reader_on_piece(reader, hear_piece, &pieces, hear_drop));
    WAIT_UNTIL(&pieces, pieces.drops == 1);
    CHECK(pieces.last == SWARMLET_STATUS_END && pieces.bytes == sizeof film);
    swarmlet_blob_reader_free(reader);
    heard own = HEARD;
    own.own = reader_of(node, info->id);
    OK(swarmlet_blob_reader_on_piece(own.own, free_own_reader, &own, hear_drop));
    WAIT_UNTIL(&own, own.drops == 1);
    for (unsigned round = 0; round < 20; round++) {
        heard cut = HEARD;
        reader = reader_of(node, info->id);
        OK(swarmlet_blob_reader_on_piece(reader, hear_piece, &cut, hear_drop));
        swarmlet_blob_reader_free(reader);
        /* Nobody calls any more, so nobody locks. */
        CHECK(cut.drops == 1);
    }

    heard listed = HEARD;
    heard changed = HEARD;
    heard watched = HEARD;
    swarmlet_blob_records *list = NULL;
    swarmlet_blob_records *changes = NULL;
    swarmlet_blob_watch *watch = NULL;
    OK(swarmlet_blobs_list(node, &list));
    OK(swarmlet_blob_records_on_batch(list, 9, hear_batch, &listed, hear_drop));
    WAIT_UNTIL(&listed, listed.drops == 1);
    CHECK(listed.records == 1 && listed.last == SWARMLET_STATUS_END);
    OK(swarmlet_blobs_changes(node, &changes));
    OK(swarmlet_blob_records_on_batch(changes, 9, hear_batch, &changed, hear_drop));
    OK(swarmlet_blobs_watch(node, info->id, &watch));
    OK(swarmlet_blob_watch_on_state(watch, hear_state, &watched, hear_drop));
    WAIT_UNTIL(&changed, changed.records == 1);
    WAIT_UNTIL(&watched, watched.states == 1);
    OK(swarmlet_blobs_delete(node, info->id, NULL));
    WAIT_UNTIL(&changed, changed.records == 2);
    WAIT_UNTIL(&watched, watched.states == 2);
    OK(swarmlet_node_close(node, LIMIT_MS));
    WAIT_UNTIL(&changed, changed.drops == 1);
    WAIT_UNTIL(&watched, watched.drops == 1);
    CHECK(changed.last == SWARMLET_STATUS_CLOSED && watched.last == SWARMLET_STATUS_CLOSED);
    swarmlet_blob_records_free(list);
    swarmlet_blob_records_free(changes);
    swarmlet_blob_watch_free(watch);
    swarmlet_blob_info_free(info);
    swarmlet_node_free(node);
}

int main(void) {
    static const test tests[] = {
        {"records_are_listed_and_changes_followed", records_are_listed_and_changes_followed},
        {"blobs_are_watched_pinned_and_counted", blobs_are_watched_pinned_and_counted},
        {"blobs_have_the_room_that_they_are_given", blobs_have_the_room_that_they_are_given},
        {"folders_are_stored_listed_and_written_elsewhere",
         folders_are_stored_listed_and_written_elsewhere},
        {"everything_is_called_back_in_order", everything_is_called_back_in_order},
    };
    make_film();
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
