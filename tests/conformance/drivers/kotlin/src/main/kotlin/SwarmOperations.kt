package io.github.swarmlet.conformance

import io.github.swarmlet.Swarm
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.serialization.json.JsonElement

/** What each operation of the suite does with a swarm. */
internal class SwarmOperations(private val handles: Handles) {
    suspend fun perform(op: String, swarm: Swarm, arguments: Arguments): JsonElement = when (op) {
        "swarm.id" -> json(swarm.id)
        "swarm.create" -> {
            val founded = swarm.create(arguments.text("name"), arguments.text("device"))
            shape("swarm" to founded.swarm, "root_key" to founded.rootKey)
        }
        "swarm.become_issuer" -> done { swarm.becomeIssuer(arguments.text("root_key")) }
        "swarm.withdraw" -> json(swarm.withdraw(arguments.text("invite")))
        "swarm.pending" -> json(swarm.pending().map { it.shown() })
        "swarm.reject" -> done { swarm.reject(arguments.text("device")) }
        "swarm.members" -> json(swarm.members().map { it.shown() })
        "swarm.revoke" ->
            done { swarm.revoke(arguments.text("device"), arguments.text("reason")) }
        "swarm.renew" -> done { swarm.renew(arguments.text("device")) }
        "swarm.status" -> swarm.status().shown()
        "swarm.network_changed" -> done { swarm.networkChanged() }
        "swarm.changes" -> done { handles.keep(arguments.text("as"), swarm.changes()) }
        "swarm.invite", "swarm.approve", "swarm.preauthorise" -> grant(op, swarm, arguments)
        else -> wait(op, swarm, arguments)
    }

    /** Calls that take terms. */
    private suspend fun grant(op: String, swarm: Swarm, arguments: Arguments): JsonElement {
        val capabilities = arguments.textOrNull("capabilities")
        val name = arguments.textOrNull("name")
        val labels = arguments.labels("labels")
        val valid = arguments.durationOrNull("valid_ms")
        val uses = arguments.countOrNull("uses")
        if (op == "swarm.invite") return json(swarm.invite(capabilities, name, labels, uses, valid))
        if (uses != null) throw RefusedException("$op has no parameter uses")
        val device = arguments.text("device")
        if (op == "swarm.preauthorise") {
            return done { swarm.preauthorise(device, capabilities, name, labels, valid) }
        }
        if (valid != null) throw RefusedException("$op has no parameter valid")
        return done { swarm.approve(device, capabilities, name, labels) }
    }

    /** Calls that wait for others. */
    private suspend fun wait(op: String, swarm: Swarm, arguments: Arguments): JsonElement {
        val timeout = arguments.duration("timeout_ms")
        return when (op) {
            "swarm.join" ->
                done { swarm.join(arguments.text("invite"), arguments.text("name"), timeout) }
            "swarm.ask" ->
                json(swarm.ask(arguments.text("address"), arguments.text("name"), timeout))
            "swarm.wait_joined" -> done { swarm.waitJoined(timeout) }
            "swarm.wait_in_sync" -> done { swarm.waitInSync(timeout) }
            else -> throw BrokenException("there is no operation $op")
        }
    }

    suspend fun performChanges(op: String, arguments: Arguments): JsonElement {
        val changes = handles.changes(arguments)
        if (op == "cancel_changes") return done { changes.cancel() }
        var isEnded = false
        val status = withTimeoutOrNull(arguments.duration("timeout_ms")) {
            changes.next().also { isEnded = it == null }
        }
        return shape("status" to status?.shown(), "is_ended" to isEnded)
    }
}
