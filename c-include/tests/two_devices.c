/* The example, run as its user runs it: two processes.
 *
 *     test_two_devices TWO_DEVICES
 */

#include <signal.h>
#include <sys/wait.h>

#include "check.h"

static const char *program;

static pid_t started_as(const char *what, const char *folder, const char *invite, FILE **out) {
    char path[256];
    below(path, sizeof path, folder, what);
    const char *const arguments[] = {program, what, path, invite, NULL};
    return started(arguments, out);
}

/* Reads up to the line that begins so, and gives the rest of it. */
static void line_with(FILE *from, const char *start, char *rest, size_t size) {
    char line[1024];
    do {
        CHECK(fgets(line, sizeof line, from) != NULL);
    } while (strncmp(line, start, strlen(start)) != 0);
    line[strcspn(line, "\n")] = '\0';
    CHECK(strlen(line + strlen(start)) < size);
    strcpy(rest, line + strlen(start));
}

static void what_one_device_reports_the_other_one_sees(const char *folder) {
    FILE *first = NULL;
    FILE *second = NULL;
    char rest[1024];
    int status = -1;
    pid_t dashboard = started_as("found", folder, NULL, &first);
    line_with(first, "invite: ", rest, sizeof rest);
    pid_t press = started_as("join", folder, rest, &second);
    line_with(second, "in sync with ", rest, sizeof rest);
    CHECK(waitpid(press, &status, 0) == press);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    for (unsigned number = 1; number <= 10; number++) {
        line_with(first, "part ", rest, sizeof rest);
        CHECK(strtoul(rest, NULL, 10) == number);
    }
    CHECK(kill(dashboard, SIGKILL) == 0);
    CHECK(waitpid(dashboard, &status, 0) == dashboard);
    fclose(first);
    fclose(second);
}

int main(int count, char **arguments) {
    static const test tests[] = {
        {"what_one_device_reports_the_other_one_sees", what_one_device_reports_the_other_one_sees},
    };
    CHECK(count == 2);
    program = arguments[1];
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
