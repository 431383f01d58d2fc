import Foundation
import Swarmlet

let node = try await Node.open(URL(filePath: "press-7"), appId: "com.example.press")

// The event is on the disk, synced, when this returns.
try await node.publish(["press:7", "stopped"], ["reason": "jam"])

// What has happened so far.
for try await row in try node.query("FROM 'press:7' & 'stopped'") {
    print("stopped:", row.time!, row["reason"]!)
}

// What has happened and then what happens: nothing is missed in between.
let live = try node.subscribe("FROM 'press:7'")
for try await row in live {
    print(row.tags!, "resume from", try live.offsets)
    break
}
try await node.close()
