// Swarmlet for C++17: swarmlet.h with owners that free by themselves and results that say whether
// there are any. Needs neither exceptions nor RTTI; nothing in here throws, but for memory that is
// not there. Every class is a thin owner of a handle of swarmlet.h and may be used like it;
// handle() gives it out for calls that are not wrapped.

#ifndef SWARMLET_HPP
#define SWARMLET_HPP

#include "swarmlet_blobs.hpp"
#include "swarmlet_result.hpp"

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swarmlet {

using Receipts = detail::Owned<swarmlet_receipts, swarmlet_receipts_free>;
using Streams = detail::Owned<swarmlet_streams, swarmlet_streams_free>;
using OffsetsState = detail::Owned<swarmlet_offsets_state, swarmlet_offsets_state_free>;
using Metrics = detail::Owned<swarmlet_metrics, swarmlet_metrics_free>;
using Explanation = detail::Owned<swarmlet_explanation, swarmlet_explanation_free>;
using Members = detail::Owned<swarmlet_members, swarmlet_members_free>;
using Pending = detail::Owned<swarmlet_pending, swarmlet_pending_free>;
using Founded = detail::Owned<swarmlet_founded, swarmlet_founded_free>;
using SwarmStatus = detail::Owned<swarmlet_swarm_status, swarmlet_swarm_status_free>;

/// For each stream the last offset.
class Offsets {
  public:
    Offsets() : handle_(swarmlet_offsets_new()) {}
    explicit Offsets(swarmlet_offsets *handle) noexcept : handle_(handle) {}

    static Result<Offsets> of_json(std::string_view json) {
        return detail::owner_of<Offsets, swarmlet_offsets>(
            [&](swarmlet_offsets **out) { return swarmlet_offsets_of_json(text(json), out); });
    }

    Result<std::string> to_json() const {
        return detail::string_of(
            [&](char **out) { return swarmlet_offsets_to_json(handle(), out); });
    }

    Result<void> set(std::string_view stream, std::uint64_t offset) {
        return detail::done(swarmlet_offsets_set(handle(), text(stream), offset));
    }

    Result<std::uint64_t> last(std::string_view stream) const {
        return detail::value_of<std::uint64_t>([&](std::uint64_t *out) {
            return swarmlet_offsets_last(handle(), text(stream), out);
        });
    }

    std::size_t count() const noexcept { return swarmlet_offsets_count(handle()); }
    swarmlet_offsets *handle() const noexcept { return handle_.get(); }

  private:
    detail::Owned<swarmlet_offsets, swarmlet_offsets_free> handle_;
};

/// What came at once. A copy is another owner of the same.
class Batch {
  public:
    Batch() noexcept = default;
    /// Takes over.
    explicit Batch(const swarmlet_batch *batch) noexcept : batch_(batch) {}
    Batch(const Batch &other) noexcept : batch_(swarmlet_batch_retain(other.batch_)) {}
    Batch(Batch &&other) noexcept : batch_(std::exchange(other.batch_, nullptr)) {}
    Batch &operator=(Batch other) noexcept {
        std::swap(batch_, other.batch_);
        return *this;
    }
    ~Batch() { swarmlet_batch_free(batch_); }

    std::size_t size() const noexcept { return batch_ == nullptr ? 0 : batch_->count; }
    const swarmlet_output &operator[](std::size_t index) const noexcept {
        return batch_->items[index];
    }
    const swarmlet_output *begin() const noexcept {
        return batch_ == nullptr ? nullptr : batch_->items;
    }
    const swarmlet_output *end() const noexcept { return begin() + size(); }

    /// The value of a row as JSON; it lives as long as the batch.
    Result<std::string_view> json(std::size_t index) const {
        swarmlet_text json{};
        swarmlet_status status = swarmlet_batch_json(batch_, index, &json);
        if (status != SWARMLET_STATUS_OK) {
            return Error::last(status);
        }
        return view(json);
    }

    /// What a row says of a blob, if its event is the record of one; it lives as long as the batch.
    Result<const swarmlet_blob_info *> blob(std::size_t index) const {
        return detail::value_of<const swarmlet_blob_info *>(
            [&](const swarmlet_blob_info **out) {
                return swarmlet_batch_blob(batch_, index, out);
            });
    }

    const swarmlet_batch *handle() const noexcept { return batch_; }

  private:
    const swarmlet_batch *batch_ = nullptr;
};

/// The results of a query or subscription.
class Cursor {
  public:
    /// Called on the thread of the library; must not throw.
    using Callback = std::function<void(const Next<Batch> &)>;

    explicit Cursor(swarmlet_cursor *handle) noexcept : handle_(handle) {}

    Result<void> show_all() { return detail::done(swarmlet_cursor_show_all(handle())); }

    Next<Batch> next(std::size_t max = 256, std::int64_t timeout_ms = forever) {
        const swarmlet_batch *batch = nullptr;
        swarmlet_status status = swarmlet_cursor_next(handle(), max, timeout_ms, &batch);
        return status == SWARMLET_STATUS_OK ? Next<Batch>(Batch(batch)) : Next<Batch>(status);
    }

    Result<int> fd() const {
        return detail::value_of<int>(
            [&](int *out) { return swarmlet_cursor_fd(handle(), out); });
    }

    /// The callback, and what it has captured, live until its last call.
    Result<void> on_batch(std::size_t max, Callback callback) {
        return detail::listen(std::move(callback), [&](void *user, swarmlet_drop_callback drop) {
            return swarmlet_cursor_on_batch(handle(), max, call, user, drop);
        });
    }

    Result<Offsets> offsets() const {
        return detail::owner_of<Offsets, swarmlet_offsets>(
            [&](swarmlet_offsets **out) { return swarmlet_cursor_offsets(handle(), out); });
    }
    Result<Offsets> skipped() const {
        return detail::owner_of<Offsets, swarmlet_offsets>(
            [&](swarmlet_offsets **out) { return swarmlet_cursor_skipped(handle(), out); });
    }

    Result<void> cancel() { return detail::done(swarmlet_cursor_cancel(handle())); }
    swarmlet_cursor *handle() const noexcept { return handle_.get(); }

  private:
    static void call(void *user, swarmlet_status status, const swarmlet_batch *batch) noexcept {
        const Callback &callback = *static_cast<Callback *>(user);
        if (status == SWARMLET_STATUS_OK) {
            callback(Next<Batch>(Batch(swarmlet_batch_retain(batch))));
        } else {
            callback(Next<Batch>(status));
        }
    }

    detail::Owned<swarmlet_cursor, swarmlet_cursor_free> handle_;
};

/// How a node stands in its swarm, whenever it has changed.
class Changes {
  public:
    explicit Changes(swarmlet_changes *handle) noexcept : handle_(handle) {}

    Next<SwarmStatus> next(std::int64_t timeout_ms = forever) {
        swarmlet_swarm_status *taken = nullptr;
        swarmlet_status status = swarmlet_changes_next(handle(), timeout_ms, &taken);
        return status == SWARMLET_STATUS_OK ? Next<SwarmStatus>(SwarmStatus(taken))
                                            : Next<SwarmStatus>(status);
    }

    Result<void> cancel() { return detail::done(swarmlet_changes_cancel(handle())); }
    swarmlet_changes *handle() const noexcept { return handle_.get(); }

  private:
    detail::Owned<swarmlet_changes, swarmlet_changes_free> handle_;
};

/// A node's place in its swarm; as good as the node that it is of.
class Swarm {
  public:
    explicit Swarm(const swarmlet_node *node) noexcept : node_(node) {}

    /// Empty if it is in none.
    Result<std::string> id() const {
        return detail::string_of([&](char **out) { return swarmlet_swarm_id(node_, out); });
    }
    Result<Founded> create(std::string_view name, std::string_view device) {
        return detail::owner_of<Founded, swarmlet_founded>([&](swarmlet_founded **out) {
            return swarmlet_swarm_create(node_, text(name), text(device), out);
        });
    }
    Result<void> become_issuer(std::string_view root_key) {
        return detail::done(swarmlet_swarm_become_issuer(node_, text(root_key)));
    }
    Result<std::string> invite(const swarmlet_terms *terms = nullptr) {
        return detail::string_of(
            [&](char **out) { return swarmlet_swarm_invite(node_, terms, out); });
    }
    /// Whether it was still good.
    Result<bool> withdraw(std::string_view invite) {
        return detail::value_of<bool>(
            [&](bool *out) { return swarmlet_swarm_withdraw(node_, text(invite), out); });
    }
    Result<void> join(std::string_view invite, std::string_view name,
                      std::int64_t timeout_ms = forever) {
        return detail::done(swarmlet_swarm_join(node_, text(invite), text(name), timeout_ms));
    }
    Result<std::string> ask(std::string_view address, std::string_view name,
                            std::int64_t timeout_ms = forever) {
        return detail::string_of([&](char **out) {
            return swarmlet_swarm_ask(node_, text(address), text(name), timeout_ms, out);
        });
    }
    Result<void> wait_joined(std::int64_t timeout_ms = forever) {
        return detail::done(swarmlet_swarm_wait_joined(node_, timeout_ms));
    }
    Result<void> wait_in_sync(std::int64_t timeout_ms = forever) {
        return detail::done(swarmlet_swarm_wait_in_sync(node_, timeout_ms));
    }
    Result<Pending> pending() const {
        return detail::owner_of<Pending, swarmlet_pending>(
            [&](swarmlet_pending **out) { return swarmlet_swarm_pending(node_, out); });
    }
    Result<void> approve(std::string_view device, const swarmlet_terms *terms = nullptr) {
        return detail::done(swarmlet_swarm_approve(node_, text(device), terms));
    }
    Result<void> preauthorise(std::string_view device, const swarmlet_terms *terms = nullptr) {
        return detail::done(swarmlet_swarm_preauthorise(node_, text(device), terms));
    }
    Result<void> reject(std::string_view device) {
        return detail::done(swarmlet_swarm_reject(node_, text(device)));
    }
    Result<Members> members() const {
        return detail::owner_of<Members, swarmlet_members>(
            [&](swarmlet_members **out) { return swarmlet_swarm_members(node_, out); });
    }
    Result<void> revoke(std::string_view device, std::string_view reason) {
        return detail::done(swarmlet_swarm_revoke(node_, text(device), text(reason)));
    }
    Result<void> renew(std::string_view device) {
        return detail::done(swarmlet_swarm_renew(node_, text(device)));
    }
    Result<SwarmStatus> status() const {
        return detail::owner_of<SwarmStatus, swarmlet_swarm_status>(
            [&](swarmlet_swarm_status **out) { return swarmlet_swarm_status_now(node_, out); });
    }
    Result<Changes> changes() const {
        return detail::owner_of<Changes, swarmlet_changes>(
            [&](swarmlet_changes **out) { return swarmlet_swarm_changes(node_, out); });
    }
    Result<void> network_changed() {
        return detail::done(swarmlet_swarm_network_changed(node_));
    }

  private:
    const swarmlet_node *node_;
};

/// An event to be published: labels, and a value as JSON or CBOR.
struct NewEvent {
    std::vector<std::string_view> tags;
    std::string_view payload = "null";
    swarmlet_payload_format format = SWARMLET_PAYLOAD_FORMAT_JSON;
};

/// An open node: a durable log of events in a folder of its own. Its destructor closes it in the
/// background; close() waits, and says whether it went well.
class Node {
  public:
    /// Called on the thread of the library; must not throw. The receipts are there if it went well,
    /// and for as long as the call.
    using Published = std::function<void(const Result<const swarmlet_receipts *> &)>;

    /// Whether the one row of the batch is it. Called on the thread that waits; must not throw.
    using Condition = std::function<bool(const Batch &)>;

    explicit Node(swarmlet_node *handle) noexcept : handle_(handle) {}

    static Result<Node> open(std::string_view path, const swarmlet_options *options = nullptr) {
        if (swarmlet_abi_version() != SWARMLET_ABI_VERSION) {
            Error error;
            error.status = SWARMLET_STATUS_INCOMPATIBLE;
            error.advice = SWARMLET_ADVICE_FIX_CALL;
            error.operation = "open";
            error.message = "libswarmlet is not the one that this program was compiled for";
            return error;
        }
        return detail::owner_of<Node, swarmlet_node>([&](swarmlet_node **out) {
            return swarmlet_node_open(text(path), options, out);
        });
    }

    Result<std::string> id() const {
        return detail::string_of([&](char **out) { return swarmlet_node_id(handle(), out); });
    }
    Result<std::string> app_id() const {
        return detail::string_of([&](char **out) { return swarmlet_node_app_id(handle(), out); });
    }
    Result<Node> scoped(std::string_view app_id) const {
        return detail::owner_of<Node, swarmlet_node>([&](swarmlet_node **out) {
            return swarmlet_node_scoped(handle(), text(app_id), out);
        });
    }

    /// Publishes one event; it is durable when this returns.
    Result<Receipts> publish(std::initializer_list<std::string_view> tags,
                             std::string_view json = "null") {
        return publish_many({NewEvent{tags, json}});
    }

    /// Publishes events together: after a crash all of them are there, or none.
    Result<Receipts> publish_many(const std::vector<NewEvent> &events) {
        Drafts drafts(events);
        return detail::owner_of<Receipts, swarmlet_receipts>([&](swarmlet_receipts **out) {
            return swarmlet_node_publish(handle(), drafts.events.data(), drafts.events.size(), out);
        });
    }

    /// Starts to publish events together; the callback is told when they are durable.
    Result<void> publish_async(const std::vector<NewEvent> &events, Published published) {
        Drafts drafts(events);
        auto user = std::make_unique<Published>(std::move(published));
        swarmlet_status status =
            swarmlet_node_publish_async(handle(), drafts.events.data(), drafts.events.size(),
                                        told, user.get());
        if (status != SWARMLET_STATUS_OK) {
            return Error::last(status);
        }
        user.release();
        return {};
    }

    Result<Cursor> query(std::string_view aql,
                         const swarmlet_query_options *options = nullptr) const {
        return detail::owner_of<Cursor, swarmlet_cursor>([&](swarmlet_cursor **out) {
            return swarmlet_node_query(handle(), text(aql), options, out);
        });
    }
    Result<Cursor> subscribe(std::string_view aql,
                             const swarmlet_subscribe_options *options = nullptr) const {
        return follow(swarmlet_node_subscribe, aql, options);
    }
    Result<Cursor> subscribe_monotonic(std::string_view aql,
                                       const swarmlet_subscribe_options *options = nullptr) const {
        return follow(swarmlet_node_subscribe_monotonic, aql, options);
    }
    Result<Cursor> observe_latest(std::string_view aql,
                                  const swarmlet_subscribe_options *options = nullptr) const {
        return follow(swarmlet_node_observe_latest, aql, options);
    }
    Result<Cursor> observe_earliest(std::string_view aql,
                                    const swarmlet_subscribe_options *options = nullptr) const {
        return follow(swarmlet_node_observe_earliest, aql, options);
    }
    /// The first row of a subscription for which the condition holds, or the first one without it.
    /// An error if the time is over, or the query ends without such a row.
    Result<Batch> wait_for(std::string_view aql, const Condition &condition = nullptr,
                           std::int64_t timeout_ms = forever,
                           const swarmlet_subscribe_options *options = nullptr) const {
        const swarmlet_batch *row = nullptr;
        // The condition comes back as the user, as it is; C has no word for what is only read.
        swarmlet_status status = swarmlet_node_wait_for(
            handle(), text(aql), options, condition ? holds : nullptr,
            const_cast<Condition *>(&condition), timeout_ms, &row);
        return status == SWARMLET_STATUS_OK ? Result<Batch>(Batch(row)) : Error::last(status);
    }
    Result<Explanation> explain(std::string_view aql,
                                const swarmlet_query_options *options = nullptr) const {
        return detail::owner_of<Explanation, swarmlet_explanation>(
            [&](swarmlet_explanation **out) {
                return swarmlet_node_explain(handle(), text(aql), options, out);
            });
    }

    Result<OffsetsState> offsets() const {
        return detail::owner_of<OffsetsState, swarmlet_offsets_state>(
            [&](swarmlet_offsets_state **out) { return swarmlet_node_offsets(handle(), out); });
    }
    Result<Streams> streams() const {
        return detail::owner_of<Streams, swarmlet_streams>(
            [&](swarmlet_streams **out) { return swarmlet_node_streams(handle(), out); });
    }
    Result<Metrics> metrics() const {
        return detail::owner_of<Metrics, swarmlet_metrics>(
            [&](swarmlet_metrics **out) { return swarmlet_node_metrics(handle(), out); });
    }

    Swarm swarm() const noexcept { return Swarm(handle()); }
    Blobs blobs() const noexcept { return Blobs(handle()); }

    Result<void> close(std::int64_t timeout_ms = forever) {
        return detail::done(swarmlet_node_close(handle(), timeout_ms));
    }
    swarmlet_node *handle() const noexcept { return handle_.get(); }

  private:
    using Follow = swarmlet_status (*)(const swarmlet_node *, swarmlet_text,
                                       const swarmlet_subscribe_options *, swarmlet_cursor **);

    /// The events as the library takes them; they point to what they were made of.
    struct Drafts {
        explicit Drafts(const std::vector<NewEvent> &given) {
            tags.reserve(given.size());
            for (const NewEvent &event : given) {
                std::vector<swarmlet_text> texts;
                for (std::string_view tag : event.tags) {
                    texts.push_back(text(tag));
                }
                tags.push_back(std::move(texts));
                swarmlet_new_event made{};
                made.tags = tags.back().data();
                made.tag_count = tags.back().size();
                made.format = event.format;
                made.payload = bytes(event.payload);
                events.push_back(made);
            }
        }

        std::vector<std::vector<swarmlet_text>> tags;
        std::vector<swarmlet_new_event> events;
    };

    Result<Cursor> follow(Follow call, std::string_view aql,
                          const swarmlet_subscribe_options *options) const {
        return detail::owner_of<Cursor, swarmlet_cursor>(
            [&](swarmlet_cursor **out) { return call(handle(), text(aql), options, out); });
    }

    static bool holds(void *user, const swarmlet_batch *row) noexcept {
        const Condition &condition = *static_cast<const Condition *>(user);
        return condition(Batch(swarmlet_batch_retain(row)));
    }

    static void told(void *user, swarmlet_status status,
                     const swarmlet_receipts *receipts) noexcept {
        std::unique_ptr<Published> published(static_cast<Published *>(user));
        if (status == SWARMLET_STATUS_OK) {
            (*published)(receipts);
        } else {
            (*published)(Error::last(status));
        }
    }

    detail::Owned<swarmlet_node, swarmlet_node_free> handle_;
};

inline Result<std::string> qr_svg(std::string_view invite) {
    return detail::string_of([&](char **out) { return swarmlet_qr_svg(text(invite), out); });
}
inline Result<std::string> qr_terminal(std::string_view invite) {
    return detail::string_of([&](char **out) { return swarmlet_qr_terminal(text(invite), out); });
}

} // namespace swarmlet

#endif // SWARMLET_HPP
