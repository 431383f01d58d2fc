/* A machine connector: reads what machines say on a serial line, and publishes it.
 *
 *     connector FOLDER TERMINAL [INVITE]
 *
 * FOLDER is the node's, TERMINAL a serial line (/dev/ttyUSB0), and INVITE lets the connector into a
 * swarm when it is started for the first time. Each line becomes an event, see line.h; it is on the
 * disk before anybody else hears of it. When the line hangs up, or at SIGINT or SIGTERM, everything
 * that was read is published before the program ends.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "line.h"
#include "swarmlet.h"

#define JOIN_MS 30000

static volatile sig_atomic_t is_stopped;

static void stop(int signal) {
    (void)signal;
    is_stopped = 1;
}

static int failed(const char *what) {
    fprintf(stderr, "%s: %s\n", what, swarmlet_last_error_message());
    return 1;
}

/* What was started and what became of it; told by the thread of the library. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned long started;
    unsigned long published;
    unsigned long failed;
} tally;

static void published(void *user, swarmlet_status status, const swarmlet_receipts *receipts) {
    tally *tally = user;
    (void)receipts;
    pthread_mutex_lock(&tally->lock);
    if (status == SWARMLET_STATUS_OK) {
        tally->published++;
    } else {
        tally->failed++;
        fprintf(stderr, "not published: %s\n", swarmlet_last_error_message());
    }
    pthread_cond_signal(&tally->changed);
    pthread_mutex_unlock(&tally->lock);
}

static void wait_until_answered(tally *tally, unsigned long open_max) {
    pthread_mutex_lock(&tally->lock);
    while (tally->started - tally->published - tally->failed > open_max) {
        pthread_cond_wait(&tally->changed, &tally->lock);
    }
    pthread_mutex_unlock(&tally->lock);
}

/* The line does not wait for the disk; only when too much is under way does reading stop. */
static bool publish(const swarmlet_node *node, const report *report, tally *tally) {
    swarmlet_text tags[] = {swarmlet_text_of(report->machine), swarmlet_text_of(report->kind)};
    swarmlet_new_event event = {tags, 2, SWARMLET_PAYLOAD_FORMAT_JSON,
                                swarmlet_bytes_of(report->json)};
    pthread_mutex_lock(&tally->lock);
    tally->started++;
    pthread_mutex_unlock(&tally->lock);
    swarmlet_status status = SWARMLET_STATUS_OK;
    while ((status = swarmlet_node_publish_async(node, &event, 1, published, tally))
           == SWARMLET_STATUS_OVERLOADED) {
        wait_until_answered(tally, 64);
    }
    if (status != SWARMLET_STATUS_OK) {
        pthread_mutex_lock(&tally->lock);
        tally->failed++;
        pthread_mutex_unlock(&tally->lock);
        failed("not published");
        return false;
    }
    return true;
}

/* A serial line as bytes: no echo, no waiting for whole lines, no special characters. */
static int open_terminal(const char *path) {
    int terminal = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
    struct termios settings;
    if (terminal < 0) {
        perror(path);
        return -1;
    }
    if (tcgetattr(terminal, &settings) == 0) {
        settings.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INLCR | IGNCR | ISTRIP | IXON);
        settings.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        settings.c_cflag |= CREAD | CLOCAL | CS8;
        settings.c_cc[VMIN] = 1;
        settings.c_cc[VTIME] = 0;
        cfsetispeed(&settings, B115200);
        if (tcsetattr(terminal, TCSANOW, &settings) == 0) {
            return terminal;
        }
    }
    perror(path);
    close(terminal);
    return -1;
}

/* What was read of a line that is not complete. */
typedef struct {
    char bytes[LINE_BYTES_MAX];
    size_t len;
    bool is_too_long;
    unsigned long refused;
} line;

static bool take_byte(line *line, char byte, const swarmlet_node *node, tally *tally) {
    report report;
    bool goes_on = true;
    if (byte != '\n' && byte != '\r') {
        line->is_too_long |= line->len == sizeof line->bytes;
        if (!line->is_too_long) {
            line->bytes[line->len++] = byte;
        }
        return true;
    }
    if (!line->is_too_long && line->len > 0 && read_report(line->bytes, line->len, &report)) {
        goes_on = publish(node, &report, tally);
    } else if (line->is_too_long || line->len > 0) {
        line->refused++;
    }
    line->len = 0;
    line->is_too_long = false;
    return goes_on;
}

/* Until the line hangs up or somebody stops the program. */
static void read_lines(int terminal, const swarmlet_node *node, tally *tally, line *line) {
    char bytes[256];
    while (!is_stopped) {
        struct pollfd ready = {terminal, POLLIN, 0};
        if (poll(&ready, 1, 1000) <= 0) {
            continue;
        }
        ssize_t count = read(terminal, bytes, sizeof bytes);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return;
        }
        for (ssize_t index = 0; index < count; index++) {
            if (!take_byte(line, bytes[index], node, tally)) {
                return;
            }
        }
    }
}

static int run(const swarmlet_node *node, const char *path) {
    tally tally = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0};
    line line = {{0}, 0, false, 0};
    int terminal = open_terminal(path);
    if (terminal < 0) {
        return 1;
    }
    printf("listening at %s\n", path);
    fflush(stdout);
    read_lines(terminal, node, &tally, &line);
    close(terminal);
    wait_until_answered(&tally, 0);
    printf("%lu published, %lu failed, %lu lines not understood\n", tally.published, tally.failed,
           line.refused);
    return tally.failed == 0 ? 0 : 1;
}

int main(int count, char **arguments) {
    if (count < 3 || count > 4) {
        fprintf(stderr, "say `connector FOLDER TERMINAL [INVITE]`\n");
        return 2;
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);

    swarmlet_options options = swarmlet_options_init();
    options.app_id = swarmlet_text_of("com.example.connector");
    swarmlet_node *node = NULL;
    if (swarmlet_node_open(swarmlet_text_of(arguments[1]), &options, &node) != SWARMLET_STATUS_OK) {
        return failed("cannot open the node");
    }
    int result = 0;
    if (count == 4
        && swarmlet_swarm_join(node, swarmlet_text_of(arguments[3]), swarmlet_text_of("connector"),
                               JOIN_MS)
               != SWARMLET_STATUS_OK) {
        result = failed("cannot join");
    } else {
        result = run(node, arguments[2]);
    }
    if (swarmlet_node_close(node, -1) != SWARMLET_STATUS_OK) {
        result = failed("cannot close the node");
    }
    swarmlet_node_free(node);
    return result;
}
