/* Blobs: stored from memory, file and writer; read in pieces, at once, and into a file. */

#include <dirent.h>
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "blobs.h"
#include "check.h"

static void a_blob_says_what_was_said(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text tags[] = {swarmlet_text_of("press:7"), swarmlet_text_of("jam")};
    swarmlet_put_options options = swarmlet_put_options_init();
    options.name = swarmlet_text_of("film.mp4");
    options.media_type = swarmlet_text_of("video/mp4");
    options.tags = tags;
    options.tag_count = 2;
    options.hold = swarmlet_text_of("{\"labels\": {\"hall\": \"2\"}}");
    options.keep = swarmlet_text_of("{\"until_next\": [\"jam\"]}");
    swarmlet_blob_info *info = stored(node, &options);
    CHECK(text_is(info->name, "film.mp4") && text_is(info->media_type, "video/mp4"));
    CHECK(text_is(info->hold, "{\"labels\":{\"hall\":\"2\"}}"));
    CHECK(text_is(info->keep, "{\"until_next\":[\"jam\"]}"));
    CHECK(info->tag_count == 5 && info->timestamp > 0 && info->app_id.len > 0);

    /* The row of its record says the same, every other one nothing. */
    publish_numbers(node, 1, 1);
    swarmlet_cursor *cursor = queried(node, "FROM 'blob' | 'n'");
    const swarmlet_batch *batch = NULL;
    const swarmlet_blob_info *found = NULL;
    OK(swarmlet_cursor_next(cursor, 2, LIMIT_MS, &batch));
    CHECK(batch->count == 2);
    OK(swarmlet_batch_blob(batch, 0, &found));
    CHECK(text_is(found->id, info->id.data) && found->key.offset == info->key.offset);
    CHECK_STATUS(SWARMLET_STATUS_NOT_FOUND, swarmlet_batch_blob(batch, 1, &found));
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);
    swarmlet_blob_info_free(info);

    swarmlet_bytes none = {NULL, 0};
    OK(swarmlet_blobs_put(node, none, NULL, &info));
    CHECK(text_is(info->id, NOTHING) && info->size == 0);
    CHECK(info->name.data == NULL && info->media_type.data == NULL);
    CHECK(text_is(info->hold, "\"everyone\"") && text_is(info->keep, "\"forever\""));
    swarmlet_blob_info_free(info);
    OK(swarmlet_blobs_put(node, none, NULL, NULL));
    closed(node);
}

static void bytes_come_in_pieces_and_at_once(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_info *info = stored(node, NULL);
    swarmlet_blob_reader *reader = reader_of(node, info->id);
    swarmlet_bytes piece = {NULL, 0};
    size_t seen = 0;
    swarmlet_status status = SWARMLET_STATUS_OK;
    while ((status = swarmlet_blob_reader_next(reader, LIMIT_MS, &piece)) == SWARMLET_STATUS_OK) {
        CHECK(piece.len > 0 && piece.len <= 64 * 1024);
        CHECK(memcmp(piece.data, film + seen, piece.len) == 0);
        seen += piece.len;
    }
    CHECK(status == SWARMLET_STATUS_END && seen == sizeof film && piece.data == NULL);
    swarmlet_blob_reader_free(reader);

    static uint8_t buffer[FILM_BYTES];
    size_t size = 0;
    reader = reader_of(node, info->id);
    OK(swarmlet_blob_reader_next(reader, LIMIT_MS, &piece));
    seen = piece.len;
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_blob_reader_read(reader, buffer, 10, LIMIT_MS, &size));
    OK(swarmlet_blob_reader_read(reader, buffer, sizeof buffer, LIMIT_MS, &size));
    CHECK(size == sizeof film - seen && memcmp(buffer, film + seen, size) == 0);
    OK(swarmlet_blob_reader_read(reader, NULL, 0, LIMIT_MS, &size));
    CHECK(size == 0);
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_blob_reader_next(reader, LIMIT_MS, &piece));
    swarmlet_blob_progress progress = {false, 0, 0};
    OK(swarmlet_blob_reader_progress(reader, &progress));
    CHECK(progress.is_size_known && progress.size == sizeof film && progress.here == sizeof film);
    swarmlet_blob_reader_free(reader);

    OK(swarmlet_blobs_get(node, info->id, 100000, 100007, &reader));
    OK(swarmlet_blob_reader_read(reader, buffer, 7, LIMIT_MS, &size));
    CHECK(size == 7 && memcmp(buffer, film + 100000, 7) == 0);
    swarmlet_blob_reader_free(reader);
    swarmlet_blob_info_free(info);
    closed(node);
}

static void check_file(const char *path, size_t start) {
    static uint8_t buffer[FILM_BYTES + 1];
    FILE *file = fopen(path, "rb");
    CHECK(file != NULL);
    CHECK(fread(buffer, 1, sizeof buffer, file) == sizeof film - start);
    CHECK(memcmp(buffer, film + start, sizeof film - start) == 0);
    fclose(file);
}

static void a_file_is_stored_and_saved(const char *folder) {
    char path[256];
    char copy[256];
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text source = below(path, sizeof path, folder, "film.mp4");
    swarmlet_text target = below(copy, sizeof copy, folder, "copy.mp4");
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(film, 1, sizeof film, file) == sizeof film);
    CHECK(fclose(file) == 0);
    swarmlet_blob_info *info = NULL;
    OK(swarmlet_blobs_put_file(node, source, NULL, -1, &info));
    CHECK(text_is(info->name, "film.mp4") && info->size == sizeof film);
    check_file(path, 0);
    swarmlet_blob_reader *reader = reader_of(node, info->id);
    OK(swarmlet_blob_reader_save(reader, target, LIMIT_MS));
    check_file(copy, 0);
    swarmlet_blob_reader_free(reader);
    OK(swarmlet_blobs_get(node, info->id, 5, 0, &reader));
    OK(swarmlet_blob_reader_save(reader, target, -1));
    check_file(copy, 5);
    swarmlet_blob_reader_free(reader);
    swarmlet_blob_info_free(info);
    OK(swarmlet_blobs_put_file(node, source, NULL, LIMIT_MS, NULL));

    swarmlet_text none = below(path, sizeof path, folder, "none");
    CHECK_STATUS(SWARMLET_STATUS_NOT_FOUND, swarmlet_blobs_put_file(node, none, NULL, -1, NULL));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_blobs_put_file(node, swarmlet_text_of(folder), NULL, -1, NULL));
    /* Too much to be copied at once, and almost no room on any disk. */
    file = fopen(path, "wb");
    CHECK(file != NULL && ftruncate(fileno(file), (off_t)1 << 36) == 0 && fclose(file) == 0);
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT, swarmlet_blobs_put_file(node, none, NULL, 1, NULL));
    CHECK(text_is(swarmlet_last_error()->operation, "put"));
    closed(node);
}

static void a_file_can_stay_where_it_is(const char *folder) {
    char path[256];
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text source = below(path, sizeof path, folder, "film.mp4");
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(film, 1, sizeof film, file) == sizeof film && fclose(file) == 0);
    swarmlet_put_options options = swarmlet_put_options_init();
    options.reference = SWARMLET_SWITCH_ON;
    swarmlet_blob_info *info = NULL;
    OK(swarmlet_blobs_put_file(node, source, &options, -1, &info));
    uint8_t buffer[sizeof film];
    size_t size = 0;
    swarmlet_blob_reader *reader = reader_of(node, info->id);
    OK(swarmlet_blob_reader_read(reader, buffer, sizeof buffer, LIMIT_MS, &size));
    CHECK(size == sizeof film && memcmp(buffer, film, size) == 0);
    swarmlet_blob_reader_free(reader);
    CHECK(truncate(path, (off_t)(sizeof film - 1)) == 0);
    reader = reader_of(node, info->id);
    CHECK_STATUS(SWARMLET_STATUS_CORRUPT,
                 swarmlet_blob_reader_read(reader, buffer, sizeof buffer, LIMIT_MS, &size));
    swarmlet_blob_reader_free(reader);
    swarmlet_blob_info_free(info);
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_blobs_put(node, film_from(0), &options, NULL));
    options.reference = 7;
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_blobs_put_file(node, source, &options, -1, NULL));
    closed(node);
}

/* How many files there are in the folder of blobs. */
static unsigned files(const char *folder) {
    char path[256];
    unsigned count = 0;
    below(path, sizeof path, folder, "node/blobs");
    DIR *blobs = opendir(path);
    CHECK(blobs != NULL);
    for (struct dirent *entry = readdir(blobs); entry != NULL; entry = readdir(blobs)) {
        count += entry->d_name[0] != '.';
    }
    CHECK(closedir(blobs) == 0);
    return count;
}

static void what_is_written_is_a_blob_once_it_is_finished(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_writer *writer = NULL;
    swarmlet_blob_info *info = NULL;
    swarmlet_put_options options = swarmlet_put_options_init();
    options.name = swarmlet_text_of("film");
    OK(swarmlet_blobs_writer(node, &options, &writer));
    for (size_t round = 0; round < 10; round++) {
        OK(swarmlet_blob_writer_write(writer, film_from(0)));
    }
    CHECK(files(folder) > 0);
    swarmlet_blob_writer_free(writer);
    /* The alarm of the harness is the deadline. */
    while (files(folder) > 0) {
        sched_yield();
    }

    OK(swarmlet_blobs_writer(node, &options, &writer));
    for (size_t start = 0; start < sizeof film; start += 1000) {
        swarmlet_bytes some = {film + start, 1000};
        OK(swarmlet_blob_writer_write(writer, some));
    }
    OK(swarmlet_blob_writer_finish(writer, &info));
    CHECK(info->size == sizeof film && text_is(info->name, "film"));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_blob_writer_finish(writer, NULL));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_blob_writer_write(writer, film_from(0)));
    swarmlet_blob_writer_free(writer);
    swarmlet_blob_info *same = stored(node, NULL);
    CHECK(text_is(same->id, info->id.data));
    swarmlet_blob_info_free(same);
    swarmlet_blob_info_free(info);
    closed(node);
}

static void *read_for_ever(void *reader) {
    uint8_t buffer[1];
    size_t size = 0;
    CHECK_STATUS(SWARMLET_STATUS_CANCELLED,
                 swarmlet_blob_reader_read(reader, buffer, sizeof buffer, -1, &size));
    return NULL;
}

static void devices_fetch_from_each_other(const char *folder) {
    char path[256];
    swarmlet_node *press = reachable(folder, "press");
    swarmlet_node *tablet = reachable(folder, "tablet");
    char *invite = NULL;
    swarmlet_founded *founded = NULL;
    OK(swarmlet_swarm_create(press, swarmlet_text_of("plant"), swarmlet_text_of("press"),
                             &founded));
    swarmlet_founded_free(founded);
    OK(swarmlet_swarm_invite(press, NULL, &invite));
    OK(swarmlet_swarm_join(tablet, swarmlet_text_of(invite), swarmlet_text_of("tablet"), LIMIT_MS));
    swarmlet_string_free(invite);
    swarmlet_put_options options = swarmlet_put_options_init();
    options.hold = swarmlet_text_of("\"on_demand\"");
    swarmlet_blob_info *info = stored(press, &options);
    swarmlet_blob_records *changes = NULL;
    swarmlet_blob_batch *batch = NULL;
    OK(swarmlet_blobs_changes(tablet, &changes));
    OK(swarmlet_blob_records_next(changes, 9, LIMIT_MS, &batch));
    CHECK(batch->count == 1 && text_is(batch->items[0].info->hold, "\"on_demand\""));
    swarmlet_blob_batch_free(batch);
    swarmlet_blob_records_free(changes);
    swarmlet_blob_state state = {SWARMLET_BLOB_STATE_KIND_HERE, 0, 0};
    OK(swarmlet_blobs_state(tablet, info->id, &state));
    CHECK(state.kind == SWARMLET_BLOB_STATE_KIND_ABSENT);
    swarmlet_blob_reader *reader = reader_of(tablet, info->id);
    OK(swarmlet_blob_reader_save(reader, below(path, sizeof path, folder, "copy"), LIMIT_MS));
    check_file(path, 0);
    swarmlet_blob_reader_free(reader);
    CHECK_STATUS(SWARMLET_STATUS_PERMISSION_DENIED, swarmlet_blobs_delete(tablet, info->id, NULL));

    /* Nobody has it, so this waits until it is given up. */
    pthread_t thread;
    swarmlet_bytes piece = {NULL, 0};
    uint8_t buffer[1];
    size_t size = 0;
    swarmlet_blob_progress progress = {true, 1, 1};
    reader = reader_of(tablet, swarmlet_text_of(NOTHING));
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT, swarmlet_blob_reader_next(reader, 1, &piece));
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT,
                 swarmlet_blob_reader_read(reader, buffer, sizeof buffer, 1, &size));
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT,
                 swarmlet_blob_reader_save(reader, swarmlet_text_of(path), 1));
    check_file(path, 0);
    OK(swarmlet_blob_reader_progress(reader, &progress));
    CHECK(!progress.is_size_known && progress.here == 0);
    CHECK(pthread_create(&thread, NULL, read_for_ever, reader) == 0);
    OK(swarmlet_blob_reader_cancel(reader));
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_blob_reader_next(reader, -1, &piece));
    swarmlet_blob_reader_free(reader);
    swarmlet_blob_info_free(info);
    closed(tablet);
    closed(press);
}

#define REFUSED(call) CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, call)

static void what_cannot_be_meant_is_refused(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    const char *holds[] = {"everyone", "\"nobody\"", "{\"copies\": 0}", "{\"labels\": {}}", ""};
    const char *keeps[] = {"forever", "{\"until\": \"monday\"}", "{\"until_next\": [1]}",
                           "{\"until_next\": []}"};
    swarmlet_put_options options = swarmlet_put_options_init();
    for (size_t index = 0; index < sizeof holds / sizeof holds[0]; index++) {
        options.hold = swarmlet_text_of(holds[index]);
        REFUSED(swarmlet_blobs_put(node, film_from(0), &options, NULL));
        CHECK(text_is(swarmlet_last_error()->operation, "put"));
    }
    options = swarmlet_put_options_init();
    for (size_t index = 0; index < sizeof keeps / sizeof keeps[0]; index++) {
        options.keep = swarmlet_text_of(keeps[index]);
        REFUSED(swarmlet_blobs_put(node, film_from(0), &options, NULL));
    }
    options = swarmlet_put_options_init();
    options.name = swarmlet_text_of("a/b");
    swarmlet_blob_writer *writer = NULL;
    REFUSED(swarmlet_blobs_writer(node, &options, &writer));
    options = swarmlet_put_options_init();
    options.media_type = swarmlet_text_of("png");
    REFUSED(swarmlet_blobs_put_file(node, swarmlet_text_of("/dev/null"), &options, -1, NULL));
    options = swarmlet_put_options_init();
    options.tag_count = 3;
    REFUSED(swarmlet_blobs_put(node, film_from(0), &options, NULL));
    options = swarmlet_put_options_init();
    options.size = 1;
    REFUSED(swarmlet_blobs_put(node, film_from(0), &options, NULL));
    swarmlet_bytes hole = {NULL, 3};
    REFUSED(swarmlet_blobs_put(node, hole, NULL, NULL));

    swarmlet_text short_id = swarmlet_text_of("7");
    swarmlet_text id = swarmlet_text_of(NOTHING);
    swarmlet_blob_reader *reader = NULL;
    swarmlet_blob_watch *watch = NULL;
    swarmlet_blob_stat *stat = NULL;
    swarmlet_blob_state state;
    REFUSED(swarmlet_blobs_get(node, short_id, 0, 0, &reader));
    REFUSED(swarmlet_blobs_get(node, id, 7, 3, &reader));
    REFUSED(swarmlet_blobs_watch(node, short_id, &watch));
    REFUSED(swarmlet_blobs_state(node, short_id, &state));
    REFUSED(swarmlet_blobs_stat(node, short_id, &stat));
    REFUSED(swarmlet_blobs_delete(node, short_id, NULL));
    REFUSED(swarmlet_blobs_pin(node, short_id));
    REFUSED(swarmlet_blobs_unpin(node, short_id));
    CHECK(writer == NULL && reader == NULL && watch == NULL && stat == NULL);
    /* In no swarm there is nobody to wait for. */
    swarmlet_bytes piece = {NULL, 0};
    reader = reader_of(node, id);
    CHECK_STATUS(SWARMLET_STATUS_NOT_FOUND, swarmlet_blob_reader_next(reader, -1, &piece));
    swarmlet_blob_reader_free(reader);
    closed(node);
}

static void null_is_an_error_everywhere(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_text id = swarmlet_text_of(NOTHING);
    swarmlet_text none = {NULL, 0};
    swarmlet_bytes no_bytes = {NULL, 0};
    uint8_t buffer[1];
    REFUSED(swarmlet_blobs_put(NULL, no_bytes, NULL, NULL));
    REFUSED(swarmlet_blobs_put_file(NULL, id, NULL, 0, NULL));
    REFUSED(swarmlet_blobs_put_file(node, none, NULL, 0, NULL));
    REFUSED(swarmlet_blobs_writer(NULL, NULL, NULL));
    REFUSED(swarmlet_blobs_writer(node, NULL, NULL));
    REFUSED(swarmlet_blobs_get(NULL, id, 0, 0, NULL));
    REFUSED(swarmlet_blobs_get(node, id, 0, 0, NULL));
    REFUSED(swarmlet_blobs_state(NULL, id, NULL));
    REFUSED(swarmlet_blobs_state(node, id, NULL));
    REFUSED(swarmlet_blobs_watch(NULL, id, NULL));
    REFUSED(swarmlet_blobs_watch(node, id, NULL));
    REFUSED(swarmlet_blobs_list(NULL, NULL));
    REFUSED(swarmlet_blobs_list(node, NULL));
    REFUSED(swarmlet_blobs_changes(NULL, NULL));
    REFUSED(swarmlet_blobs_changes(node, NULL));
    REFUSED(swarmlet_blobs_stat(NULL, id, NULL));
    REFUSED(swarmlet_blobs_stat(node, id, NULL));
    REFUSED(swarmlet_blobs_usage(NULL, NULL));
    REFUSED(swarmlet_blobs_usage(node, NULL));
    REFUSED(swarmlet_blobs_delete(NULL, id, NULL));
    REFUSED(swarmlet_blobs_pin(NULL, id));
    REFUSED(swarmlet_blobs_unpin(node, none));
    REFUSED(swarmlet_blobs_pinned(NULL, NULL));
    REFUSED(swarmlet_blobs_pinned(node, NULL));
    REFUSED(swarmlet_blob_writer_write(NULL, no_bytes));
    REFUSED(swarmlet_blob_writer_finish(NULL, NULL));
    REFUSED(swarmlet_blob_records_next(NULL, 1, 0, NULL));
    REFUSED(swarmlet_blob_records_fd(NULL, NULL));
    REFUSED(swarmlet_blob_records_on_batch(NULL, 1, NULL, NULL, NULL));
    REFUSED(swarmlet_blob_records_cancel(NULL));
    REFUSED(swarmlet_blob_watch_next(NULL, 0, NULL));
    REFUSED(swarmlet_blob_watch_fd(NULL, NULL));
    REFUSED(swarmlet_blob_watch_on_state(NULL, NULL, NULL, NULL));
    REFUSED(swarmlet_blob_watch_cancel(NULL));
    REFUSED(swarmlet_batch_blob(NULL, 0, NULL));

    size_t size = 0;
    swarmlet_blob_reader *reader = reader_of(node, id);
    REFUSED(swarmlet_blob_reader_next(NULL, 0, NULL));
    REFUSED(swarmlet_blob_reader_next(reader, 0, NULL));
    REFUSED(swarmlet_blob_reader_fd(reader, NULL));
    REFUSED(swarmlet_blob_reader_on_piece(reader, NULL, NULL, NULL));
    REFUSED(swarmlet_blob_reader_read(reader, NULL, 1, 0, &size));
    REFUSED(swarmlet_blob_reader_read(reader, buffer, 1, 0, NULL));
    REFUSED(swarmlet_blob_reader_save(reader, none, 0));
    REFUSED(swarmlet_blob_reader_progress(reader, NULL));
    REFUSED(swarmlet_blob_reader_cancel(NULL));
    swarmlet_blob_reader_free(reader);

    swarmlet_blob_batch_free(NULL);
    swarmlet_blob_ids_free(NULL);
    swarmlet_blob_info_free(NULL);
    swarmlet_blob_reader_free(NULL);
    swarmlet_blob_records_free(NULL);
    swarmlet_blob_stat_free(NULL);
    swarmlet_blob_usage_free(NULL);
    swarmlet_blob_watch_free(NULL);
    swarmlet_blob_writer_free(NULL);
    closed(node);
}

#define CLOSED(call) CHECK_STATUS(SWARMLET_STATUS_CLOSED, call)

static void blobs_of_a_closed_node_say_so(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_info *info = stored(node, NULL);
    swarmlet_blob_reader *reader = reader_of(node, info->id);
    swarmlet_blob_writer *writer = NULL;
    swarmlet_blob_writer *late = NULL;
    swarmlet_blob_state state;
    swarmlet_blob_stat *stat = NULL;
    swarmlet_blob_usage *usage = NULL;
    swarmlet_blob_ids *ids = NULL;
    swarmlet_bytes piece = {NULL, 0};
    uint8_t buffer[1];
    size_t size = 0;
    OK(swarmlet_blobs_writer(node, NULL, &writer));
    OK(swarmlet_node_close(node, LIMIT_MS));
    CLOSED(swarmlet_blob_writer_write(writer, film_from(0)));
    CLOSED(swarmlet_blob_writer_finish(writer, NULL));
    CLOSED(swarmlet_blob_reader_next(reader, -1, &piece));
    CLOSED(swarmlet_blob_reader_read(reader, buffer, sizeof buffer, -1, &size));
    CLOSED(swarmlet_blob_reader_save(reader, swarmlet_text_of("copy"), -1));
    CLOSED(swarmlet_blobs_put(node, film_from(0), NULL, NULL));
    CLOSED(swarmlet_blobs_put_file(node, swarmlet_text_of("/proc/self/exe"), NULL, -1, NULL));
    CLOSED(swarmlet_blobs_writer(node, NULL, &late));
    CLOSED(swarmlet_blobs_state(node, info->id, &state));
    CLOSED(swarmlet_blobs_stat(node, info->id, &stat));
    CLOSED(swarmlet_blobs_usage(node, &usage));
    CLOSED(swarmlet_blobs_delete(node, info->id, NULL));
    CLOSED(swarmlet_blobs_pin(node, info->id));
    CLOSED(swarmlet_blobs_pinned(node, &ids));
    swarmlet_blob_reader_free(reader);
    swarmlet_blob_writer_free(writer);
    swarmlet_blob_info_free(info);
    swarmlet_node_free(node);
}

#define FORKED(call) CHECK_STATUS(SWARMLET_STATUS_FORKED, call)

static void a_forked_child_leaves_blobs_alone(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_blob_info *info = stored(node, NULL);
    swarmlet_blob_reader *reader = reader_of(node, info->id);
    swarmlet_blob_writer *writer = NULL;
    swarmlet_blob_records *changes = NULL;
    swarmlet_blob_batch *batch = NULL;
    swarmlet_bytes piece = {NULL, 0};
    OK(swarmlet_blobs_writer(node, NULL, &writer));
    OK(swarmlet_blobs_changes(node, &changes));
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(LIMIT_SECONDS);
        FORKED(swarmlet_blobs_put(node, film_from(0), NULL, NULL));
        FORKED(swarmlet_blob_writer_write(writer, film_from(0)));
        FORKED(swarmlet_blob_writer_finish(writer, NULL));
        FORKED(swarmlet_blob_reader_next(reader, -1, &piece));
        FORKED(swarmlet_blob_reader_save(reader, swarmlet_text_of("copy"), -1));
        FORKED(swarmlet_blob_records_next(changes, 1, -1, &batch));
        swarmlet_blob_writer_free(writer);
        swarmlet_blob_reader_free(reader);
        swarmlet_blob_records_free(changes);
        swarmlet_blob_info_free(info);
        /* Not an end of this program: what the parent opened is left alone, not freed. */
        execlp("true", "true", (char *)NULL);
        _exit(127);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    OK(swarmlet_blob_writer_write(writer, film_from(0)));
    OK(swarmlet_blob_writer_finish(writer, NULL));
    OK(swarmlet_blob_reader_next(reader, LIMIT_MS, &piece));
    CHECK(memcmp(piece.data, film, piece.len) == 0);
    swarmlet_blob_writer_free(writer);
    swarmlet_blob_reader_free(reader);
    swarmlet_blob_records_free(changes);
    swarmlet_blob_info_free(info);
    closed(node);
}

int main(void) {
    static const test tests[] = {
        {"a_blob_says_what_was_said", a_blob_says_what_was_said},
        {"bytes_come_in_pieces_and_at_once", bytes_come_in_pieces_and_at_once},
        {"a_file_is_stored_and_saved", a_file_is_stored_and_saved},
        {"a_file_can_stay_where_it_is", a_file_can_stay_where_it_is},
        {"what_is_written_is_a_blob_once_it_is_finished",
         what_is_written_is_a_blob_once_it_is_finished},
        {"devices_fetch_from_each_other", devices_fetch_from_each_other},
        {"what_cannot_be_meant_is_refused", what_cannot_be_meant_is_refused},
        {"null_is_an_error_everywhere", null_is_an_error_everywhere},
        {"blobs_of_a_closed_node_say_so", blobs_of_a_closed_node_say_so},
        {"a_forked_child_leaves_blobs_alone", a_forked_child_leaves_blobs_alone},
    };
    make_film();
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
