/* Stores a file as a blob, says which blobs there are, and reads it back:
 *
 *     blobs FOLDER FILE COPY [APP INSTALLED]
 *
 * FOLDER is that of the node. With APP, a folder, it stores that too, and writes it elsewhere.
 * docs/guide/c.md quotes it.
 */

#include <stdio.h>
#include <swarmlet.h>

static int failed(void) {
    fprintf(stderr, "error: %s\n", swarmlet_last_error_message());
    return 1;
}

static swarmlet_blob_info *stored(const swarmlet_node *node, const char *path) {
    swarmlet_text tags[] = {swarmlet_text_of("press:7"), swarmlet_text_of("drawing")};
    swarmlet_put_options options = swarmlet_put_options_init();
    options.tags = tags;
    options.tag_count = 2;
    options.hold = swarmlet_text_of("{\"copies\": 3}");
    options.keep = swarmlet_text_of("{\"until_next\": []}");
    swarmlet_blob_info *info = NULL;
    if (swarmlet_blobs_put_file(node, swarmlet_text_of(path), &options, -1, &info)
        != SWARMLET_STATUS_OK) {
        return NULL;
    }
    return info;
}

/* Shows the records that are here. */
static int list(const swarmlet_node *node) {
    swarmlet_blob_records *records = NULL;
    swarmlet_blob_batch *batch = NULL;
    if (swarmlet_blobs_list(node, &records) != SWARMLET_STATUS_OK) {
        return failed();
    }
    while (swarmlet_blob_records_next(records, 256, -1, &batch) == SWARMLET_STATUS_OK) {
        for (size_t index = 0; index < batch->count; index++) {
            const swarmlet_blob_info *info = batch->items[index].info;
            printf("%s has %llu bytes\n", info->name.data, (unsigned long long)info->size);
        }
        swarmlet_blob_batch_free(batch);
    }
    swarmlet_blob_records_free(records);
    return 0;
}

/* Counts the bytes as they come, and then has them saved. */
static int read_back(const swarmlet_node *node, swarmlet_text id, const char *path) {
    swarmlet_blob_reader *reader = NULL;
    swarmlet_bytes piece;
    size_t seen = 0;
    if (swarmlet_blobs_get(node, id, 0, 0, &reader) != SWARMLET_STATUS_OK) {
        return failed();
    }
    swarmlet_status status;
    while ((status = swarmlet_blob_reader_next(reader, 30000, &piece)) == SWARMLET_STATUS_OK) {
        seen += piece.len;
    }
    swarmlet_blob_reader_free(reader);
    if (status != SWARMLET_STATUS_END) {
        return failed();
    }
    printf("read %zu bytes\n", seen);

    if (swarmlet_blobs_get(node, id, 0, 0, &reader) != SWARMLET_STATUS_OK) {
        return failed();
    }
    status = swarmlet_blob_reader_save(reader, swarmlet_text_of(path), 30000);
    swarmlet_blob_reader_free(reader);
    return status == SWARMLET_STATUS_OK ? 0 : failed();
}

/* Writes what is missing of a folder that was stored. */
static int install(const swarmlet_node *node, swarmlet_text id, const char *path) {
    swarmlet_saved_folder saved = {0, 0};
    if (swarmlet_blobs_save_folder(node, id, swarmlet_text_of(path), 30000, &saved)
        != SWARMLET_STATUS_OK) {
        return failed();
    }
    printf("%llu files were written\n", (unsigned long long)saved.written);
    return 0;
}

static int copy_folder(const swarmlet_node *node, const char *from, const char *to) {
    swarmlet_blob_info *info = NULL;
    if (swarmlet_blobs_put_folder(node, swarmlet_text_of(from), NULL, &info)
        != SWARMLET_STATUS_OK) {
        return failed();
    }
    int outcome = install(node, info->id, to);
    swarmlet_blob_info_free(info);
    return outcome;
}

int main(int count, char **arguments) {
    if (count != 4 && count != 6) {
        fprintf(stderr, "say `%s FOLDER FILE COPY [APP INSTALLED]`\n", arguments[0]);
        return 1;
    }
    swarmlet_node *node = NULL;
    if (swarmlet_node_open(swarmlet_text_of(arguments[1]), NULL, &node) != SWARMLET_STATUS_OK) {
        return failed();
    }
    swarmlet_blob_info *info = stored(node, arguments[2]);
    int outcome = info == NULL ? failed() : 0;
    if (info != NULL) {
        printf("stored %s\n", info->id.data);
        outcome = list(node) || read_back(node, info->id, arguments[3]);
        swarmlet_blob_info_free(info);
    }
    if (count == 6 && outcome == 0) {
        outcome = copy_folder(node, arguments[4], arguments[5]);
    }
    swarmlet_node_close(node, -1);
    swarmlet_node_free(node);
    return outcome;
}
