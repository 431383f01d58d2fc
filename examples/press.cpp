// The program of press.c in C++.
//
//     c++ -std=c++17 press.cpp $(pkg-config --cflags --libs swarmlet) && ./a.out

#include <iostream>
#include <swarmlet.hpp>

using namespace swarmlet;

static int failed(const Error &error) {
    std::cerr << error.message << "\n";
    return 1;
}

int main() {
    swarmlet_options options = swarmlet_options_init();
    options.app_id = text("com.example.press");
    Result<Node> node = Node::open("press-7", &options);
    if (!node) {
        return failed(node.error());
    }

    // The event is on the disk, synced, when this returns.
    Result<Receipts> receipts = node->publish({"press:7", "stopped"}, R"({"reason":"jam"})");
    if (!receipts) {
        return failed(receipts.error());
    }

    // What has happened so far.
    Result<Cursor> past = node->query("FROM 'press:7' & 'stopped'");
    if (!past) {
        return failed(past.error());
    }
    auto next = past->next();
    for (; next; next = past->next()) {
        for (std::size_t index = 0; index < next->size(); index++) {
            Result<std::string_view> json = next->json(index);
            if (json) {
                std::cout << "stopped: " << *json << "\n";
            }
        }
    }
    if (next.is_error()) {
        return failed(next.error());
    }

    // What has happened and then what happens: nothing is missed in between.
    Result<Cursor> live = node->subscribe("FROM 'press:7' & 'stopped'");
    if (!live) {
        return failed(live.error());
    }
    if (auto rows = live->next(256, 10000)) {
        std::cout << rows->size() << " events\n";
    }

    Result<void> closed = node->close();
    return closed ? 0 : failed(closed.error());
}
