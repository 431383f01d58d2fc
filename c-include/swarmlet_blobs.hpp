// Blobs for swarmlet.hpp: storing, reading, and what is known of them.

#ifndef SWARMLET_BLOBS_HPP
#define SWARMLET_BLOBS_HPP

#include "swarmlet_result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace swarmlet {

using BlobInfo = detail::Owned<swarmlet_blob_info, swarmlet_blob_info_free>;
using BlobBatch = detail::Owned<swarmlet_blob_batch, swarmlet_blob_batch_free>;
using BlobStat = detail::Owned<swarmlet_blob_stat, swarmlet_blob_stat_free>;
using BlobUsage = detail::Owned<swarmlet_blob_usage, swarmlet_blob_usage_free>;
using BlobIds = detail::Owned<swarmlet_blob_ids, swarmlet_blob_ids_free>;
using Collection = detail::Owned<swarmlet_collection, swarmlet_collection_free>;

/// Bytes in memory.
inline swarmlet_bytes bytes(const void *data, std::size_t size) noexcept {
    return swarmlet_bytes{static_cast<const std::uint8_t *>(data), size};
}
inline swarmlet_bytes bytes(const std::vector<std::uint8_t> &given) noexcept {
    return bytes(given.data(), given.size());
}

/// The bytes of a blob, for one user at a time. Its destructor gives up what is not here yet.
class BlobReader {
  public:
    /// Called on the thread of the library, with bytes that are there for as long as the call; must
    /// not throw.
    using Callback = std::function<void(const Next<swarmlet_bytes> &)>;

    explicit BlobReader(swarmlet_blob_reader *handle) noexcept : handle_(handle) {}

    /// The next bytes, which are there until the next ones are asked for.
    Next<swarmlet_bytes> next(std::int64_t timeout_ms = forever) {
        swarmlet_bytes piece{};
        swarmlet_status status = swarmlet_blob_reader_next(handle(), timeout_ms, &piece);
        return status == SWARMLET_STATUS_OK ? Next<swarmlet_bytes>(piece)
                                            : Next<swarmlet_bytes>(status);
    }

    Result<int> fd() const {
        return detail::value_of<int>(
            [&](int *out) { return swarmlet_blob_reader_fd(handle(), out); });
    }

    /// The callback, and what it has captured, live until its last call.
    Result<void> on_piece(Callback callback) {
        return detail::listen(std::move(callback), [&](void *user, swarmlet_drop_callback drop) {
            return swarmlet_blob_reader_on_piece(handle(), call, user, drop);
        });
    }

    /// All the bytes that are left, of which there may be so many.
    Result<std::vector<std::uint8_t>> read(std::size_t bytes_max,
                                           std::int64_t timeout_ms = forever) {
        std::vector<std::uint8_t> buffer(bytes_max);
        std::size_t size = 0;
        swarmlet_status status = swarmlet_blob_reader_read(handle(), buffer.data(), buffer.size(),
                                                           timeout_ms, &size);
        if (status != SWARMLET_STATUS_OK) {
            return Error::last(status);
        }
        buffer.resize(size);
        return buffer;
    }

    Result<void> save(std::string_view path, std::int64_t timeout_ms = forever) {
        return detail::done(swarmlet_blob_reader_save(handle(), text(path), timeout_ms));
    }

    Result<swarmlet_blob_progress> progress() const {
        return detail::value_of<swarmlet_blob_progress>([&](swarmlet_blob_progress *out) {
            return swarmlet_blob_reader_progress(handle(), out);
        });
    }

    Result<void> cancel() { return detail::done(swarmlet_blob_reader_cancel(handle())); }
    swarmlet_blob_reader *handle() const noexcept { return handle_.get(); }

  private:
    static void call(void *user, swarmlet_status status, swarmlet_bytes piece) noexcept {
        const Callback &callback = *static_cast<Callback *>(user);
        callback(status == SWARMLET_STATUS_OK ? Next<swarmlet_bytes>(piece)
                                              : Next<swarmlet_bytes>(status));
    }

    detail::Owned<swarmlet_blob_reader, swarmlet_blob_reader_free> handle_;
};

/// Takes bytes into a blob, one after the other. Unless it was finished, its destructor leaves
/// nothing of them.
class BlobWriter {
  public:
    explicit BlobWriter(swarmlet_blob_writer *handle) noexcept : handle_(handle) {}

    Result<void> write(swarmlet_bytes bytes) {
        return detail::done(swarmlet_blob_writer_write(handle(), bytes));
    }
    Result<BlobInfo> finish() {
        return detail::owner_of<BlobInfo, swarmlet_blob_info>([&](swarmlet_blob_info **out) {
            return swarmlet_blob_writer_finish(handle(), out);
        });
    }
    swarmlet_blob_writer *handle() const noexcept { return handle_.get(); }

  private:
    detail::Owned<swarmlet_blob_writer, swarmlet_blob_writer_free> handle_;
};

/// What is said of blobs: a list, which ends, or changes, which go on.
class BlobRecords {
  public:
    /// Called on the thread of the library, with a batch that is there for as long as the call;
    /// must not throw.
    using Callback = std::function<void(const Next<const swarmlet_blob_batch *> &)>;

    explicit BlobRecords(swarmlet_blob_records *handle) noexcept : handle_(handle) {}

    Next<BlobBatch> next(std::size_t max = 256, std::int64_t timeout_ms = forever) {
        swarmlet_blob_batch *taken = nullptr;
        swarmlet_status status = swarmlet_blob_records_next(handle(), max, timeout_ms, &taken);
        return status == SWARMLET_STATUS_OK ? Next<BlobBatch>(BlobBatch(taken))
                                            : Next<BlobBatch>(status);
    }

    Result<int> fd() const {
        return detail::value_of<int>(
            [&](int *out) { return swarmlet_blob_records_fd(handle(), out); });
    }

    /// The callback, and what it has captured, live until its last call.
    Result<void> on_batch(std::size_t max, Callback callback) {
        return detail::listen(std::move(callback), [&](void *user, swarmlet_drop_callback drop) {
            return swarmlet_blob_records_on_batch(handle(), max, call, user, drop);
        });
    }

    Result<void> cancel() { return detail::done(swarmlet_blob_records_cancel(handle())); }
    swarmlet_blob_records *handle() const noexcept { return handle_.get(); }

  private:
    using Taken = Next<const swarmlet_blob_batch *>;

    static void call(void *user, swarmlet_status status,
                     const swarmlet_blob_batch *batch) noexcept {
        const Callback &callback = *static_cast<Callback *>(user);
        callback(status == SWARMLET_STATUS_OK ? Taken(batch) : Taken(status));
    }

    detail::Owned<swarmlet_blob_records, swarmlet_blob_records_free> handle_;
};

/// How much of a blob is on this device, whenever that has changed.
class BlobWatch {
  public:
    /// Called on the thread of the library; must not throw.
    using Callback = std::function<void(const Next<swarmlet_blob_state> &)>;

    explicit BlobWatch(swarmlet_blob_watch *handle) noexcept : handle_(handle) {}

    Next<swarmlet_blob_state> next(std::int64_t timeout_ms = forever) {
        swarmlet_blob_state state{};
        swarmlet_status status = swarmlet_blob_watch_next(handle(), timeout_ms, &state);
        return status == SWARMLET_STATUS_OK ? Next<swarmlet_blob_state>(state)
                                            : Next<swarmlet_blob_state>(status);
    }

    Result<int> fd() const {
        return detail::value_of<int>(
            [&](int *out) { return swarmlet_blob_watch_fd(handle(), out); });
    }

    /// The callback, and what it has captured, live until its last call.
    Result<void> on_state(Callback callback) {
        return detail::listen(std::move(callback), [&](void *user, swarmlet_drop_callback drop) {
            return swarmlet_blob_watch_on_state(handle(), call, user, drop);
        });
    }

    Result<void> cancel() { return detail::done(swarmlet_blob_watch_cancel(handle())); }
    swarmlet_blob_watch *handle() const noexcept { return handle_.get(); }

  private:
    static void call(void *user, swarmlet_status status,
                     const swarmlet_blob_state *state) noexcept {
        const Callback &callback = *static_cast<Callback *>(user);
        callback(status == SWARMLET_STATUS_OK ? Next<swarmlet_blob_state>(*state)
                                              : Next<swarmlet_blob_state>(status));
    }

    detail::Owned<swarmlet_blob_watch, swarmlet_blob_watch_free> handle_;
};

/// The blobs of a node; as good as the node that they are of.
class Blobs {
  public:
    explicit Blobs(const swarmlet_node *node) noexcept : node_(node) {}

    /// Stores bytes; both they and their record are durable when this returns.
    Result<BlobInfo> put(swarmlet_bytes bytes, const swarmlet_put_options *options = nullptr) {
        return detail::owner_of<BlobInfo, swarmlet_blob_info>([&](swarmlet_blob_info **out) {
            return swarmlet_blobs_put(node_, bytes, options, out);
        });
    }
    Result<BlobInfo> put_file(std::string_view path, const swarmlet_put_options *options = nullptr,
                              std::int64_t timeout_ms = forever) {
        return detail::owner_of<BlobInfo, swarmlet_blob_info>([&](swarmlet_blob_info **out) {
            return swarmlet_blobs_put_file(node_, text(path), options, timeout_ms, out);
        });
    }

    /// Stores the files of a folder as a collection.
    Result<BlobInfo> put_folder(std::string_view path,
                                const swarmlet_put_options *options = nullptr) {
        return detail::owner_of<BlobInfo, swarmlet_blob_info>([&](swarmlet_blob_info **out) {
            return swarmlet_blobs_put_folder(node_, text(path), options, out);
        });
    }

    /// The files of a collection.
    Result<Collection> collection(std::string_view id, std::int64_t timeout_ms = forever) const {
        return detail::owner_of<Collection, swarmlet_collection>([&](swarmlet_collection **out) {
            return swarmlet_blobs_collection(node_, text(id), timeout_ms, out);
        });
    }

    /// Writes the files of a collection that are missing below a folder, or have other bytes.
    Result<swarmlet_saved_folder> save_folder(std::string_view id, std::string_view path,
                                              std::int64_t timeout_ms = forever) const {
        return detail::value_of<swarmlet_saved_folder>([&](swarmlet_saved_folder *out) {
            return swarmlet_blobs_save_folder(node_, text(id), text(path), timeout_ms, out);
        });
    }

    Result<BlobWriter> writer(const swarmlet_put_options *options = nullptr) {
        return detail::owner_of<BlobWriter, swarmlet_blob_writer>(
            [&](swarmlet_blob_writer **out) {
                return swarmlet_blobs_writer(node_, options, out);
            });
    }

    /// The bytes of a blob from `start` on, up to `end`; an end of zero is that of the blob.
    Result<BlobReader> get(std::string_view id, std::uint64_t start = 0,
                           std::uint64_t end = 0) const {
        return detail::owner_of<BlobReader, swarmlet_blob_reader>(
            [&](swarmlet_blob_reader **out) {
                return swarmlet_blobs_get(node_, text(id), start, end, out);
            });
    }
    Result<swarmlet_blob_state> state(std::string_view id) const {
        return detail::value_of<swarmlet_blob_state>([&](swarmlet_blob_state *out) {
            return swarmlet_blobs_state(node_, text(id), out);
        });
    }
    Result<BlobWatch> watch(std::string_view id) const {
        return detail::owner_of<BlobWatch, swarmlet_blob_watch>([&](swarmlet_blob_watch **out) {
            return swarmlet_blobs_watch(node_, text(id), out);
        });
    }
    Result<BlobRecords> list() const {
        return detail::owner_of<BlobRecords, swarmlet_blob_records>(
            [&](swarmlet_blob_records **out) { return swarmlet_blobs_list(node_, out); });
    }
    Result<BlobRecords> changes() const {
        return detail::owner_of<BlobRecords, swarmlet_blob_records>(
            [&](swarmlet_blob_records **out) { return swarmlet_blobs_changes(node_, out); });
    }
    Result<BlobStat> stat(std::string_view id) const {
        return detail::owner_of<BlobStat, swarmlet_blob_stat>([&](swarmlet_blob_stat **out) {
            return swarmlet_blobs_stat(node_, text(id), out);
        });
    }
    Result<BlobUsage> usage() const {
        return detail::owner_of<BlobUsage, swarmlet_blob_usage>(
            [&](swarmlet_blob_usage **out) { return swarmlet_blobs_usage(node_, out); });
    }

    /// How many records by others keep the blob.
    Result<std::uint64_t> delete_blob(std::string_view id) {
        return detail::value_of<std::uint64_t>([&](std::uint64_t *out) {
            return swarmlet_blobs_delete(node_, text(id), out);
        });
    }
    Result<void> pin(std::string_view id) {
        return detail::done(swarmlet_blobs_pin(node_, text(id)));
    }
    Result<void> unpin(std::string_view id) {
        return detail::done(swarmlet_blobs_unpin(node_, text(id)));
    }
    Result<BlobIds> pinned() const {
        return detail::owner_of<BlobIds, swarmlet_blob_ids>(
            [&](swarmlet_blob_ids **out) { return swarmlet_blobs_pinned(node_, out); });
    }

  private:
    const swarmlet_node *node_;
};

} // namespace swarmlet

#endif // SWARMLET_BLOBS_HPP
