// What the calls of swarmlet.hpp answer with: a value, or the error instead of it, or what a wait
// brought. It also has the views and the owners that the classes there are made of.

#ifndef SWARMLET_RESULT_HPP
#define SWARMLET_RESULT_HPP

#include "swarmlet.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swarmlet {

/// Waits without limit.
inline constexpr std::int64_t forever = -1;

inline swarmlet_text text(std::string_view text) noexcept {
    return swarmlet_text{text.data(), text.size()};
}

inline std::string_view view(swarmlet_text text) noexcept {
    return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.len);
}

inline swarmlet_bytes bytes(std::string_view bytes) noexcept {
    return swarmlet_bytes{reinterpret_cast<const std::uint8_t *>(bytes.data()), bytes.size()};
}

/// What a call failed with.
struct Error {
    swarmlet_status status = SWARMLET_STATUS_OK;
    swarmlet_advice advice = SWARMLET_ADVICE_REPORT_BUG;
    std::string operation;
    std::string message;
    std::vector<std::pair<std::string, std::string>> details;

    /// What the last call of this thread failed with, which returned `status`.
    static Error last(swarmlet_status status) {
        Error error;
        error.status = status;
        const swarmlet_error *last = swarmlet_last_error();
        if (last == nullptr) {
            return error;
        }
        error.advice = last->advice;
        error.operation = view(last->operation);
        error.message = view(last->message);
        for (std::size_t index = 0; index < last->detail_count; index++) {
            const swarmlet_detail &detail = last->details[index];
            error.details.emplace_back(view(detail.name), view(detail.value));
        }
        return error;
    }

    /// The name of the status, like `invalid_argument`.
    std::string_view code() const noexcept { return swarmlet_status_name(status); }
};

/// A value, or the error instead of it. Ask which before taking the value.
template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : value_(std::move(value)) {}
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const noexcept { return value_.has_value(); }
    explicit operator bool() const noexcept { return ok(); }
    T &operator*() & noexcept { return *value_; }
    const T &operator*() const & noexcept { return *value_; }
    T &&operator*() && noexcept { return std::move(*value_); }
    T *operator->() noexcept { return &*value_; }
    const T *operator->() const noexcept { return &*value_; }
    const Error &error() const noexcept { return error_; }

  private:
    std::optional<T> value_;
    Error error_;
};

/// Done, or the error.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    bool ok() const noexcept { return error_.status == SWARMLET_STATUS_OK; }
    explicit operator bool() const noexcept { return ok(); }
    const Error &error() const noexcept { return error_; }

  private:
    Error error_;
};

/// What a wait brought: true if it is something to take; else that it is over, or took too long, or
/// an error.
template <typename T>
class [[nodiscard]] Next {
  public:
    Next(T value) : value_(std::move(value)) {}
    explicit Next(swarmlet_status status) : status_(status) {
        if (status != SWARMLET_STATUS_END && status != SWARMLET_STATUS_TIMEOUT) {
            error_ = Error::last(status);
        }
    }

    explicit operator bool() const noexcept { return status_ == SWARMLET_STATUS_OK; }
    bool is_end() const noexcept { return status_ == SWARMLET_STATUS_END; }
    bool is_timeout() const noexcept { return status_ == SWARMLET_STATUS_TIMEOUT; }
    bool is_error() const noexcept { return !*this && !is_end() && !is_timeout(); }
    const T &operator*() const noexcept { return value_; }
    T &operator*() noexcept { return value_; }
    const T *operator->() const noexcept { return &value_; }
    const Error &error() const noexcept { return error_; }

  private:
    swarmlet_status status_ = SWARMLET_STATUS_OK;
    T value_{};
    Error error_;
};

namespace detail {

template <typename T, void (*free)(T *)>
struct Free {
    void operator()(T *handle) const noexcept { free(handle); }
};

template <typename T, void (*free)(T *)>
using Owned = std::unique_ptr<T, Free<T, free>>;

inline Result<void> done(swarmlet_status status) {
    if (status == SWARMLET_STATUS_OK) {
        return {};
    }
    return Error::last(status);
}

/// Calls for a text.
template <typename Call>
Result<std::string> string_of(Call call) {
    char *string = nullptr;
    swarmlet_status status = call(&string);
    if (status != SWARMLET_STATUS_OK) {
        return Error::last(status);
    }
    Owned<char, swarmlet_string_free> owned(string);
    return owned == nullptr ? std::string() : std::string(owned.get());
}

/// Calls for a small value.
template <typename T, typename Call>
Result<T> value_of(Call call) {
    T value{};
    swarmlet_status status = call(&value);
    if (status != SWARMLET_STATUS_OK) {
        return Error::last(status);
    }
    return value;
}

/// Calls for something to be owned.
template <typename Owner, typename T, typename Call>
Result<Owner> owner_of(Call call) {
    Result<T *> handle = value_of<T *>(call);
    return handle ? Result<Owner>(Owner(*handle)) : Result<Owner>(handle.error());
}

/// Hands a function to the library, which calls it and drops it last.
template <typename Callback, typename Start>
Result<void> listen(Callback callback, Start start) {
    auto user = std::make_unique<Callback>(std::move(callback));
    auto drop = [](void *user) noexcept { delete static_cast<Callback *>(user); };
    swarmlet_status status = start(user.get(), drop);
    if (status != SWARMLET_STATUS_OK) {
        return Error::last(status);
    }
    user.release();
    return {};
}

} // namespace detail

} // namespace swarmlet

#endif // SWARMLET_RESULT_HPP
