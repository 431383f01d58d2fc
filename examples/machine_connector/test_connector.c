/* The connector at a pseudo-terminal, in a swarm with the dashboard that is this test.
 *
 *     test_connector CONNECTOR
 */

#include <fcntl.h>
#include <sys/wait.h>

#include "check.h"
#include "line.h"

static const char *connector;

static void lines_of_the_protocol_are_read(const char *folder) {
    (void)folder;
    static const char *wrong[] = {
        "",
        "press-7",
        "press-7 part",
        "press-7 part x",
        "press-7 part 1 2",
        "press-7 part -1",
        "press-7 part 99999999999999999999999",
        "press-7 temperature nan",
        "press-7 temperature 1e999",
        "press-7 temperature 1e300",
        "press-7 goes 1",
        "press\"7 part 1",
        "press-7 stopped \"",
    };
    report report;
    CHECK(read_report("press-7 part 17", 15, &report));
    CHECK(strcmp(report.machine, "machine:press-7") == 0 && strcmp(report.kind, "part") == 0);
    CHECK(strcmp(report.json, "{\"number\":17}") == 0);
    CHECK(read_report("a temperature 61.5", 18, &report));
    CHECK(strcmp(report.json, "{\"degrees\":61.500}") == 0);
    CHECK(read_report("a stopped no-oil", 16, &report));
    CHECK(strcmp(report.json, "{\"reason\":\"no-oil\"}") == 0);
    for (size_t index = 0; index < sizeof wrong / sizeof wrong[0]; index++) {
        CHECK(!read_report(wrong[index], strlen(wrong[index]), &report));
    }
    CHECK(!read_report("a part\0 1", 9, &report));
}

static swarmlet_node *dashboard_in(const char *folder) {
    char path[256];
    swarmlet_text address = swarmlet_text_of("tcp://127.0.0.1:0");
    swarmlet_network network = swarmlet_network_init();
    swarmlet_options options = swarmlet_options_init();
    swarmlet_node *node = NULL;
    swarmlet_founded *founded = NULL;
    network.listen = &address;
    network.listen_count = 1;
    network.discovery = SWARMLET_SWITCH_OFF;
    options.network = &network;
    OK(swarmlet_node_open(below(path, sizeof path, folder, "dashboard"), &options, &node));
    OK(swarmlet_swarm_create(node, swarmlet_text_of("plant"), swarmlet_text_of("dashboard"),
                             &founded));
    swarmlet_founded_free(founded);
    return node;
}

/* Starts the connector and waits until it listens. */
static pid_t listening(const char *folder, const char *terminal, const char *invite, FILE **out) {
    char path[256];
    char line[256];
    below(path, sizeof path, folder, "connector");
    const char *const arguments[] = {connector, path, terminal, invite, NULL};
    pid_t child = started(arguments, out);
    CHECK(fgets(line, sizeof line, *out) != NULL);
    CHECK(strncmp(line, "listening at ", 13) == 0);
    return child;
}

static void say(int machine, const char *text) {
    size_t len = strlen(text);
    while (len > 0) {
        ssize_t written = write(machine, text, len);
        CHECK(written > 0);
        text += written;
        len -= (size_t)written;
    }
}

static void what_a_machine_says_is_seen_on_the_dashboard(const char *folder) {
    swarmlet_node *dashboard = dashboard_in(folder);
    const char *aql = "FROM 'machine:press-7' & 'part' SELECT _.number";
    swarmlet_cursor *cursor = subscribed(dashboard, aql);
    char *invite = NULL;
    OK(swarmlet_swarm_invite(dashboard, NULL, &invite));
    int machine = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    CHECK(machine >= 0 && grantpt(machine) == 0 && unlockpt(machine) == 0);
    FILE *out = NULL;
    pid_t child = listening(folder, ptsname(machine), invite, &out);
    swarmlet_string_free(invite);

    char line[256];
    for (unsigned number = 1; number <= 200; number++) {
        snprintf(line, sizeof line, "press-7 part %u\r\n", number);
        say(machine, line);
    }
    say(machine, "noise\nnoise ");
    for (unsigned count = 0; count < 50; count++) {
        say(machine, "and more noise ");
    }
    say(machine, "\npress-7 par");
    expect_numbers(cursor, 1, 200);
    say(machine, "t 201\npress-7 stopped jam\n");
    expect_numbers(cursor, 201, 201);
    swarmlet_cursor_free(cursor);

    cursor = subscribed(dashboard, "FROM 'stopped'");
    const swarmlet_batch *batch = NULL;
    swarmlet_text json = {NULL, 0};
    OK(swarmlet_cursor_next(cursor, 1, LIMIT_MS, &batch));
    OK(swarmlet_batch_json(batch, 0, &json));
    CHECK(text_is(json, "{\"reason\":\"jam\"}"));
    CHECK(text_is(batch->items[0].app_id, "com.example.connector"));
    swarmlet_batch_free(batch);
    swarmlet_cursor_free(cursor);

    /* The cable is pulled out. */
    close(machine);
    int status = -1;
    CHECK(fgets(line, sizeof line, out) != NULL);
    CHECK(strcmp(line, "202 published, 0 failed, 2 lines not understood\n") == 0);
    fclose(out);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    closed(dashboard);
}

int main(int count, char **arguments) {
    static const test tests[] = {
        {"lines_of_the_protocol_are_read", lines_of_the_protocol_are_read},
        {"what_a_machine_says_is_seen_on_the_dashboard",
         what_a_machine_says_is_seen_on_the_dashboard},
    };
    CHECK(count == 2);
    connector = arguments[1];
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
