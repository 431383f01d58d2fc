// The convenience for C++: compiled without exceptions and without RTTI.

#include "check.h"

#include <condition_variable>
#include <mutex>
#include <string>
#include <sys/stat.h>

#include "swarmlet.hpp"

using namespace swarmlet;

static Node node_in(const char *folder, const char *name) {
    swarmlet_options options = swarmlet_options_init();
    options.app_id = text("com.example.press");
    options.durability = SWARMLET_DURABILITY_BUFFERED;
    Result<Node> node = Node::open(std::string(folder) + "/" + name, &options);
    CHECK(node.ok());
    return std::move(*node);
}

static void what_is_published_is_found(const char *folder) {
    Node node = node_in(folder, "node");
    Result<Receipts> receipts = node.publish({"press:7", "stopped"}, R"({"reason":"jam"})");
    CHECK(receipts && (*receipts)->count == 1);
    CHECK(node.publish_many({{{"press:7"}, "1"}, {{"press:7"}, "2"}}).ok());

    Result<Cursor> cursor = node.query("FROM 'press:7'");
    CHECK(cursor.ok());
    Batch kept;
    std::size_t count = 0;
    auto next = cursor->next();
    for (; next; next = cursor->next()) {
        kept = *next;
        for (const swarmlet_output &row : *next) {
            CHECK(view(row.app_id) == "com.example.press");
            count++;
        }
    }
    CHECK(next.is_end() && !next.is_error());
    CHECK(count == 3);
    CHECK(*kept.json(0) == R"({"reason":"jam"})");
    CHECK(kept.json(3).error().status == SWARMLET_STATUS_NOT_FOUND);
    CHECK((*node.metrics())->log.events_committed == 3);
    CHECK((*node.streams())->count == 1);
    CHECK((*node.explain("FROM 'press:7'"))->rows == 3);
    CHECK(node.id()->size() == 43);
    CHECK(*node.app_id() == "com.example.press");
    CHECK(node.close().ok());
    CHECK(node.close().ok());
}

static void a_subscription_goes_on_at_its_offsets(const char *folder) {
    Node node = node_in(folder, "node");
    Result<Cursor> cursor = node.subscribe("FROM 'n'");
    CHECK(cursor.ok());
    CHECK(cursor->next(1, 0).is_timeout());
    CHECK(node.publish({"n"}, "1").ok());
    CHECK(cursor->next(1, LIMIT_MS)->size() == 1);
    CHECK(*cursor->fd() >= 0);
    std::string stored = *cursor->offsets()->to_json();
    CHECK(cursor->skipped()->count() == 0);
    CHECK(cursor->cancel().ok() && cursor->next().is_end());

    CHECK(node.publish({"n"}, "2").ok());
    Offsets from = std::move(*Offsets::of_json(stored));
    swarmlet_subscribe_options options = swarmlet_subscribe_options_init();
    options.from = from.handle();
    Result<Cursor> again = node.subscribe("FROM 'n'", &options);
    CHECK(*again->next(1, LIMIT_MS)->json(0) == "2");
}

static void one_row_is_waited_for(const char *folder) {
    Node node = node_in(folder, "node");
    CHECK(node.publish_many({{{"n"}, "1"}, {{"n"}, "2"}}).ok());
    Result<Batch> first = node.wait_for("FROM 'n'");
    CHECK(first && first->size() == 1 && *first->json(0) == "1");
    unsigned asked = 0;
    Node::Condition is_two = [&](const Batch &row) {
        asked++;
        return row.size() == 1 && *row.json(0) == "2";
    };
    Result<Batch> second = node.wait_for("FROM 'n'", is_two, LIMIT_MS);
    CHECK(second && *second->json(0) == "2" && asked == 2);

    auto never = [](const Batch &) { return false; };
    Result<Batch> late = node.wait_for("FROM 'n'", never, 20);
    CHECK(late.error().status == SWARMLET_STATUS_TIMEOUT && late.error().operation == "wait_for");
    Result<Batch> none = node.wait_for("FROM 'n' LIMIT 2", never, LIMIT_MS);
    CHECK(none.error().status == SWARMLET_STATUS_CANCELLED);
    Offsets from;
    CHECK(from.set(*node.id() + "-0", 0).ok());
    swarmlet_subscribe_options options = swarmlet_subscribe_options_init();
    options.from = from.handle();
    CHECK(*node.wait_for("FROM 'n'", nullptr, LIMIT_MS, &options)->json(0) == "2");
}

static void errors_are_values(const char *folder) {
    Node node = node_in(folder, "node");
    Result<Cursor> cursor = node.query("FROM 'n' AND 'm'");
    CHECK(!cursor);
    CHECK(cursor.error().status == SWARMLET_STATUS_INVALID_QUERY);
    CHECK(cursor.error().code() == "invalid_query");
    CHECK(!cursor.error().message.empty() && !cursor.error().details.empty());
    CHECK(!node.publish({""}, "1"));
    CHECK(Offsets::of_json("7").error().status == SWARMLET_STATUS_INVALID_ARGUMENT);
    CHECK(Node::open(std::string_view()).error().status == SWARMLET_STATUS_INVALID_ARGUMENT);
    Result<Cursor> open = node.subscribe("FROM 'n'");
    CHECK(node.close().ok());
    auto next = open->next();
    CHECK(next.is_error() && next.error().status == SWARMLET_STATUS_CLOSED);
}

static void callbacks_are_functions(const char *folder) {
    Node node = node_in(folder, "node");
    std::mutex lock;
    std::condition_variable changed;
    std::size_t rows = 0;
    std::size_t answers = 0;
    bool is_over = false;
    Result<Cursor> cursor = node.subscribe("FROM 'n'");
    auto keeper = std::make_shared<int>(7);
    std::weak_ptr<int> watch = keeper;
    Result<void> listening = cursor->on_batch(16, [&, keeper](const Next<Batch> &next) {
        std::lock_guard<std::mutex> guard(lock);
        rows += next ? next->size() : 0;
        is_over = next.is_end();
        changed.notify_all();
    });
    CHECK(listening.ok());
    keeper.reset();
    CHECK(!cursor->on_batch(16, [](const Next<Batch> &) {}).ok());
    for (int count = 0; count < 100; count++) {
        Result<void> started = node.publish_async(
            {{{"n"}, "1"}}, [&](const Result<const swarmlet_receipts *> &receipts) {
                std::lock_guard<std::mutex> guard(lock);
                CHECK(receipts.ok() && (*receipts)->count == 1);
                answers++;
                changed.notify_all();
            });
        CHECK(started.ok());
    }
    std::unique_lock<std::mutex> guard(lock);
    changed.wait(guard, [&] { return rows == 100 && answers == 100; });
    CHECK(!watch.expired());
    CHECK(cursor->cancel().ok());
    changed.wait(guard, [&] { return is_over; });
    guard.unlock();
    *cursor = Cursor(nullptr);
    CHECK(watch.expired());
}

static void a_swarm_is_founded(const char *folder) {
    swarmlet_text address = text("tcp://127.0.0.1:0");
    swarmlet_network network = swarmlet_network_init();
    network.listen = &address;
    network.listen_count = 1;
    network.discovery = SWARMLET_SWITCH_OFF;
    swarmlet_options options = swarmlet_options_init();
    options.network = &network;
    Node first = std::move(*Node::open(std::string(folder) + "/first", &options));
    Node second = std::move(*Node::open(std::string(folder) + "/second", &options));
    CHECK(first.swarm().id()->empty());
    Result<Founded> founded = first.swarm().create("plant", "first");
    CHECK(founded && !view((*founded)->root_key).empty());
    std::string invite = *first.swarm().invite();
    CHECK(qr_svg(invite)->find("<svg") != std::string::npos);
    CHECK(second.swarm().join(invite, "second", LIMIT_MS).ok());
    CHECK(first.publish({"n"}, "1").ok());
    CHECK(first.swarm().wait_in_sync(LIMIT_MS).ok());
    CHECK((*second.swarm().members())->count == 2);
    CHECK((*second.swarm().status())->peer_count == 1);
    CHECK((*second.swarm().changes()->next(LIMIT_MS))->listening_count == 1);
    std::string another = *first.swarm().invite();
    CHECK(*first.swarm().withdraw(another));
    CHECK(!*first.swarm().withdraw(another));
}

static void blobs_are_stored_and_read(const char *folder) {
    Node node = node_in(folder, "node");
    std::vector<std::uint8_t> film(200000, 7);
    swarmlet_put_options options = swarmlet_put_options_init();
    options.name = text("film");
    Result<BlobInfo> stored = node.blobs().put(bytes(film), &options);
    CHECK(stored && view((*stored)->name) == "film");
    std::string id(view((*stored)->id));
    Result<BlobReader> reader = node.blobs().get(id);
    std::size_t seen = 0;
    auto next = reader->next();
    for (; next; next = reader->next(LIMIT_MS)) {
        CHECK(next->data[0] == 7);
        seen += next->len;
    }
    CHECK(next.is_end() && seen == film.size());
    CHECK(*node.blobs().get(id, 1)->read(film.size()) == std::vector<std::uint8_t>(199999, 7));
    CHECK(node.blobs().get(id)->read(7).error().status == SWARMLET_STATUS_INVALID_ARGUMENT);
    std::string copy = std::string(folder) + "/copy";
    CHECK(node.blobs().get(id)->save(copy, LIMIT_MS).ok());
    CHECK((*node.blobs().put_file(copy))->size == film.size());
    CHECK(reader->progress()->here == film.size());

    Result<BlobWriter> writer = node.blobs().writer();
    CHECK(writer->write(bytes(film)).ok() && writer->write(bytes("x", 1)).ok());
    CHECK((*writer->finish())->size == film.size() + 1);
    CHECK(!writer->finish().ok());
    CHECK(node.blobs().get("7").error().status == SWARMLET_STATUS_INVALID_ARGUMENT);

    Result<Cursor> cursor = node.query("FROM 'blob-name:film'");
    auto rows = cursor->next(1);
    CHECK(rows && (*rows->blob(0))->size == film.size());
    CHECK(rows->blob(1).error().status == SWARMLET_STATUS_NOT_FOUND);
}

static void what_is_known_of_blobs_is_told(const char *folder) {
    Node node = node_in(folder, "node");
    std::string id(view((*node.blobs().put(bytes("film", 4)))->id));
    Result<BlobRecords> list = node.blobs().list();
    CHECK((*list->next())->count == 1 && list->next().is_end());
    Result<BlobRecords> changes = node.blobs().changes();
    CHECK(*changes->fd() >= 0 && (*changes->next())->items[0].info->size == 4);
    CHECK(changes->next(1, 0).is_timeout());
    Result<BlobWatch> watch = node.blobs().watch(id);
    CHECK(watch->next()->kind == SWARMLET_BLOB_STATE_KIND_HERE && *watch->fd() >= 0);
    CHECK(node.blobs().pin(id).ok() && (*node.blobs().pinned())->count == 1);
    CHECK((*node.blobs().stat(id))->is_pinned && node.blobs().unpin(id).ok());
    CHECK((*node.blobs().usage())->blobs == 1);
    CHECK(*node.blobs().delete_blob(id) == 0);
    CHECK((*changes->next())->items[0].info == nullptr);
    CHECK(watch->next()->kind == SWARMLET_BLOB_STATE_KIND_ABSENT);
    CHECK(node.blobs().state(id)->kind == SWARMLET_BLOB_STATE_KIND_ABSENT);
    CHECK(watch->cancel().ok() && watch->next().is_end());
    CHECK(changes->cancel().ok() && changes->next().is_end());
}

static void folders_are_stored_and_written(const char *folder) {
    Node node = node_in(folder, "node");
    std::string app = std::string(folder) + "/app", copy = std::string(folder) + "/copy";
    CHECK(mkdir(app.c_str(), 0700) == 0);
    Result<BlobInfo> page = node.blobs().put(bytes("page", 4));
    CHECK(node.blobs().get(view((*page)->id))->save(app + "/page", LIMIT_MS).ok());
    Result<BlobInfo> stored = node.blobs().put_folder(app);
    CHECK(stored);
    std::string id(view((*stored)->id));
    Result<Collection> files = node.blobs().collection(id, LIMIT_MS);
    CHECK(files && (*files)->count == 1 && view((*files)->items[0].path) == "page");
    CHECK(node.blobs().save_folder(id, copy)->written == 1);
    CHECK(node.blobs().save_folder(id, copy, LIMIT_MS)->unchanged == 1);
}

static void blobs_call_functions_back(const char *folder) {
    Node node = node_in(folder, "node");
    std::string id(view((*node.blobs().put(bytes("film", 4)))->id));
    std::mutex lock;
    std::condition_variable changed;
    std::string seen;
    std::size_t records = 0;
    std::size_t states = 0;
    bool is_over = false;
    Result<BlobReader> reader = node.blobs().get(id);
    Result<BlobRecords> list = node.blobs().list();
    Result<BlobWatch> watch = node.blobs().watch(id);
    auto keeper = std::make_shared<int>(7);
    std::weak_ptr<int> kept = keeper;
    CHECK(reader->on_piece([&, keeper](const Next<swarmlet_bytes> &next) {
        std::lock_guard<std::mutex> guard(lock);
        if (next) {
            seen.append(reinterpret_cast<const char *>(next->data), next->len);
        }
        is_over = next.is_end();
        changed.notify_all();
    }).ok());
    keeper.reset();
    CHECK(list->on_batch(9, [&](const Next<const swarmlet_blob_batch *> &next) {
        std::lock_guard<std::mutex> guard(lock);
        records += next ? (*next)->count : 0;
        changed.notify_all();
    }).ok());
    CHECK(watch->on_state([&](const Next<swarmlet_blob_state> &next) {
        std::lock_guard<std::mutex> guard(lock);
        states += next ? 1 : 0;
        changed.notify_all();
    }).ok());
    std::unique_lock<std::mutex> guard(lock);
    changed.wait(guard, [&] { return is_over && records == 1 && states == 1; });
    CHECK(seen == "film");
    guard.unlock();
    *reader = BlobReader(nullptr);
    CHECK(kept.expired());
    *list = BlobRecords(nullptr);
    *watch = BlobWatch(nullptr);
}

int main() {
    static const test tests[] = {
        {"what_is_published_is_found", what_is_published_is_found},
        {"a_subscription_goes_on_at_its_offsets", a_subscription_goes_on_at_its_offsets},
        {"one_row_is_waited_for", one_row_is_waited_for},
        {"errors_are_values", errors_are_values},
        {"callbacks_are_functions", callbacks_are_functions},
        {"a_swarm_is_founded", a_swarm_is_founded},
        {"blobs_are_stored_and_read", blobs_are_stored_and_read},
        {"what_is_known_of_blobs_is_told", what_is_known_of_blobs_is_told},
        {"folders_are_stored_and_written", folders_are_stored_and_written},
        {"blobs_call_functions_back", blobs_call_functions_back},
    };
    run_tests(tests, sizeof tests / sizeof tests[0]);
    return 0;
}
