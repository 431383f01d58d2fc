/// The place of a value in a payload, for errors: keys and indexes from the outside in.
struct PayloadPlace {
    enum Step {
        case key(String)
        case index(Int)
    }

    var steps: [Step] = []

    /// Deep values have long places; the outer steps are enough to find them.
    var text: String {
        let shown = steps.prefix(Self.stepsShown).map { step in
            switch step {
            case .key(let key): "['\(key)']"
            case .index(let index): "[\(index)]"
            }
        }
        return "payload" + shown.joined() + (steps.count > Self.stepsShown ? "..." : "")
    }

    /// The value at this place cannot be part of a payload.
    func refusal(_ operation: String, _ message: String) -> SwarmletError {
        if steps.isEmpty { return invalid(operation, message) }
        return invalid(operation, "\(message) (at \(text))", ["at": text])
    }

    private static let stepsShown = 8
}

/// Where writing a payload stops. The node has the last word; tests show that it says the same.
enum PayloadLimits {
    static let depthMax = 128
    static let bytesMax = 1 << 20

    static func tooDeep(_ place: PayloadPlace, _ operation: String) -> SwarmletError {
        let message = "the payload is nested deeper than \(depthMax), or contains itself"
        return place.refusal(operation, message)
    }
}

/// A step on the way to a value, as `Codable` has it.
struct PayloadKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ step: PayloadPlace.Step) {
        switch step {
        case .key(let key): (stringValue, intValue) = (key, nil)
        case .index(let index): (stringValue, intValue) = ("\(index)", index)
        }
    }

    init(stringValue: String) {
        (self.stringValue, intValue) = (stringValue, nil)
    }

    init(intValue: Int) {
        (stringValue, self.intValue) = ("\(intValue)", intValue)
    }
}

extension PayloadPlace {
    var codingPath: [any CodingKey] { steps.map { PayloadKey($0) } }
}
