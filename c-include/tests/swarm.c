/* Two devices in a swarm, on one machine. */

#include <poll.h>
#include <pthread.h>

#include "check.h"

static swarmlet_node *founder(const char *folder) {
    swarmlet_node *node = reachable(folder, "dashboard");
    swarmlet_founded *founded = NULL;
    char *id = NULL;
    OK(swarmlet_swarm_id(node, &id));
    CHECK(id == NULL);
    OK(swarmlet_swarm_create(node, swarmlet_text_of("plant"), swarmlet_text_of("dashboard"),
                             &founded));
    OK(swarmlet_swarm_id(node, &id));
    CHECK(text_is(founded->swarm, id));
    CHECK(founded->root_key.len > 0);
    swarmlet_string_free(id);
    swarmlet_founded_free(founded);
    return node;
}

static void events_come_over_and_everybody_is_listed(const char *folder) {
    swarmlet_node *dashboard = founder(folder);
    swarmlet_node *press = reachable(folder, "press");
    swarmlet_label label = {swarmlet_text_of("hall"), swarmlet_text_of("2")};
    swarmlet_terms terms = swarmlet_terms_init();
    terms.capabilities = swarmlet_text_of("rw:*");
    terms.labels = &label;
    terms.label_count = 1;
    terms.valid_ms = 3600000;
    char *invite = NULL;
    char *picture = NULL;
    OK(swarmlet_swarm_invite(dashboard, &terms, &invite));
    OK(swarmlet_qr_svg(swarmlet_text_of(invite), &picture));
    CHECK(strstr(picture, "<svg") != NULL);
    swarmlet_string_free(picture);
    OK(swarmlet_qr_terminal(swarmlet_text_of(invite), &picture));
    swarmlet_string_free(picture);
    publish_numbers(press, 1, 50);
    OK(swarmlet_swarm_join(press, swarmlet_text_of(invite), swarmlet_text_of("press-7"), LIMIT_MS));
    CHECK_STATUS(SWARMLET_STATUS_ALREADY_EXISTS,
                 swarmlet_swarm_join(press, swarmlet_text_of(invite), swarmlet_text_of("press-7"),
                                     LIMIT_MS));
    swarmlet_string_free(invite);
    bool was_good = false;
    OK(swarmlet_swarm_invite(dashboard, NULL, &invite));
    OK(swarmlet_swarm_withdraw(dashboard, swarmlet_text_of(invite), &was_good));
    CHECK(was_good);
    OK(swarmlet_swarm_withdraw(dashboard, swarmlet_text_of(invite), &was_good));
    CHECK(!was_good);
    OK(swarmlet_swarm_withdraw(dashboard, swarmlet_text_of(invite), NULL));
    swarmlet_string_free(invite);

    swarmlet_cursor *cursor = subscribed(dashboard, "FROM 'n'");
    expect_numbers(cursor, 1, 50);
    publish_numbers(press, 51, 60);
    expect_numbers(cursor, 51, 60);
    swarmlet_cursor_free(cursor);
    OK(swarmlet_swarm_wait_in_sync(press, LIMIT_MS));

    char *id = NULL;
    swarmlet_members *members = NULL;
    OK(swarmlet_node_id(press, &id));
    OK(swarmlet_swarm_members(dashboard, &members));
    CHECK(members->count == 2);
    size_t place = text_is(members->items[0].node, id) ? 0 : 1;
    const swarmlet_member *member = &members->items[place];
    CHECK(text_is(member->node, id) && text_is(member->name, "press-7"));
    CHECK(text_is(member->capabilities, "rw:*") && !member->is_issuer && !member->is_revoked);
    CHECK(member->label_count == 1 && text_is(member->labels[0].value, "2"));
    CHECK(members->items[1 - place].is_issuer && member->not_after > 0);
    swarmlet_members_free(members);

    swarmlet_changes *changes = NULL;
    int descriptor = -1;
    OK(swarmlet_swarm_changes(dashboard, &changes));
    OK(swarmlet_changes_fd(changes, &descriptor));
    bool is_in_sync = false;
    while (!is_in_sync) {
        swarmlet_swarm_status *status = NULL;
        OK(swarmlet_changes_next(changes, LIMIT_MS, &status));
        is_in_sync = status->is_in_sync;
        CHECK(status->listening_count == 1);
        CHECK(!is_in_sync || text_is(status->peers[0].node, id));
        swarmlet_swarm_status_free(status);
    }
    OK(swarmlet_changes_cancel(changes));
    swarmlet_swarm_status *none = NULL;
    CHECK_STATUS(SWARMLET_STATUS_END, swarmlet_changes_next(changes, 0, &none));
    CHECK(none == NULL);
    swarmlet_changes_free(changes);

    OK(swarmlet_swarm_network_changed(press));
    OK(swarmlet_swarm_renew(dashboard, swarmlet_text_of(id)));
    OK(swarmlet_swarm_revoke(dashboard, swarmlet_text_of(id), swarmlet_text_of("lost")));
    OK(swarmlet_swarm_members(dashboard, &members));
    CHECK(members->items[place].is_revoked);
    swarmlet_members_free(members);
    swarmlet_string_free(id);
    closed(press);
    closed(dashboard);
}

static void a_device_without_invite_is_approved(const char *folder) {
    swarmlet_node *dashboard = founder(folder);
    swarmlet_node *tablet = reachable(folder, "tablet");
    swarmlet_swarm_status *status = NULL;
    swarmlet_pending *pending = NULL;
    char *code = NULL;
    OK(swarmlet_swarm_status_now(dashboard, &status));
    CHECK(status->peer_count == 0 && !status->is_in_sync);
    OK(swarmlet_swarm_ask(tablet, status->listening[0], swarmlet_text_of("tablet"), LIMIT_MS,
                          &code));
    swarmlet_swarm_status_free(status);
    CHECK(strlen(code) == 6);
    CHECK_STATUS(SWARMLET_STATUS_TIMEOUT, swarmlet_swarm_wait_joined(tablet, 1));
    OK(swarmlet_swarm_pending(dashboard, &pending));
    CHECK(pending->count == 1 && text_is(pending->items[0].code, code));
    CHECK(text_is(pending->items[0].name, "tablet") && pending->items[0].since > 0);
    CHECK_STATUS(SWARMLET_STATUS_UNAVAILABLE,
                 swarmlet_swarm_approve(tablet, pending->items[0].device, NULL));
    swarmlet_terms terms = swarmlet_terms_init();
    terms.capabilities = swarmlet_text_of("r:*");
    OK(swarmlet_swarm_approve(dashboard, pending->items[0].device, &terms));
    OK(swarmlet_swarm_wait_joined(tablet, LIMIT_MS));
    OK(swarmlet_swarm_wait_in_sync(tablet, LIMIT_MS));
    swarmlet_string_free(code);
    swarmlet_pending_free(pending);
    closed(tablet);
    closed(dashboard);
}

/* What the callback has seen. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned calls;
    unsigned drops;
    size_t peers;
    swarmlet_status last;
} watched;

static void note(void *user, swarmlet_status status, const swarmlet_swarm_status *standing) {
    watched *here = user;
    CHECK(pthread_mutex_lock(&here->lock) == 0);
    CHECK((status == SWARMLET_STATUS_OK) == (standing != NULL) && here->drops == 0);
    here->calls++;
    here->last = status;
    here->peers = standing == NULL ? 0 : standing->peer_count;
    CHECK(pthread_cond_broadcast(&here->changed) == 0);
    CHECK(pthread_mutex_unlock(&here->lock) == 0);
}

static void note_drop(void *user) {
    watched *here = user;
    CHECK(pthread_mutex_lock(&here->lock) == 0);
    here->drops++;
    CHECK(pthread_cond_broadcast(&here->changed) == 0);
    CHECK(pthread_mutex_unlock(&here->lock) == 0);
}

static void changes_are_called_back_and_polled(const char *folder) {
    watched watched = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0, 0};
    swarmlet_node *dashboard = founder(folder);
    swarmlet_node *press = reachable(folder, "press");
    swarmlet_changes *heard = NULL;
    swarmlet_changes *polled = NULL;
    swarmlet_swarm_status *status = NULL;
    char *invite = NULL;
    OK(swarmlet_swarm_changes(dashboard, &heard));
    OK(swarmlet_swarm_changes(dashboard, &polled));
    OK(swarmlet_changes_on_change(heard, note, &watched, note_drop));
    struct pollfd ready = {-1, POLLIN, 0};
    OK(swarmlet_changes_fd(polled, &ready.fd));
    OK(swarmlet_swarm_invite(dashboard, NULL, &invite));
    OK(swarmlet_swarm_join(press, swarmlet_text_of(invite), swarmlet_text_of("press"), LIMIT_MS));
    swarmlet_string_free(invite);
    size_t peers = 0;
    while (peers == 0) {
        CHECK(poll(&ready, 1, LIMIT_MS) == 1);
        if (swarmlet_changes_next(polled, 0, &status) == SWARMLET_STATUS_OK) {
            peers = status->peer_count;
            swarmlet_swarm_status_free(status);
        }
    }
    swarmlet_changes_free(polled);

    CHECK(pthread_mutex_lock(&watched.lock) == 0);
    while (watched.peers == 0) {
        CHECK(pthread_cond_wait(&watched.changed, &watched.lock) == 0);
    }
    CHECK(pthread_mutex_unlock(&watched.lock) == 0);
    OK(swarmlet_node_close(dashboard, LIMIT_MS));
    CHECK(pthread_mutex_lock(&watched.lock) == 0);
    while (watched.drops == 0) {
        CHECK(pthread_cond_wait(&watched.changed, &watched.lock) == 0);
    }
    CHECK(watched.last == SWARMLET_STATUS_CLOSED);
    CHECK(pthread_mutex_unlock(&watched.lock) == 0);
    swarmlet_changes_free(heard);
    closed(press);
    swarmlet_node_free(dashboard);
}

static void a_device_that_is_in_no_swarm_says_so(const char *folder) {
    swarmlet_node *node = opened(folder, "node");
    swarmlet_terms terms = swarmlet_terms_init();
    char *invite = NULL;
    CHECK_STATUS(SWARMLET_STATUS_UNAVAILABLE, swarmlet_swarm_invite(node, NULL, &invite));
    terms.capabilities = swarmlet_text_of("everything");
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT, swarmlet_swarm_invite(node, &terms, &invite));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_swarm_reject(node, swarmlet_text_of("no device")));
    CHECK_STATUS(SWARMLET_STATUS_INVALID_ARGUMENT,
                 swarmlet_swarm_become_issuer(node, swarmlet_text_of("no key")));
    CHECK(invite == NULL);
    closed(node);
}

int main(void) {
    static const test tests[] = {
        {"events_come_over_and_everybody_is_listed", events_come_over_and_everybody_is_listed},
        {"a_device_without_invite_is_approved", a_device_without_invite_is_approved},
        {"changes_are_called_back_and_polled", changes_are_called_back_and_polled},
        {"a_device_that_is_in_no_swarm_says_so", a_device_that_is_in_no_swarm_says_so},
    };
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
