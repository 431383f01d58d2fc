/** The conformance driver of Kotlin: does with `swarmlet` what the suite says. */
package io.github.swarmlet.conformance

import kotlin.concurrent.thread
import kotlin.system.exitProcess
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonObject

public fun main(): Unit = runBlocking {
    val lines = Channel<String>(Channel.UNLIMITED)
    thread(isDaemon = true) {
        System.`in`.bufferedReader().forEachLine { lines.trySend(it) }
        lines.close()
    }
    val operations = Operations()
    for (line in lines) {
        val request = Json.parseToJsonElement(line).jsonObject
        val arguments = Arguments(request.getValue("args").jsonObject)
        val op = Arguments(request).text("op")
        if (op == "exit") exitProcess(0)
        // One thread, so that requests begin in the order in which they come.
        launch {
            val result = runCatching { operations.perform(op, arguments) }
            println(answer(request.getValue("id") as JsonPrimitive, result))
        }
    }
    operations.reset()
}

private fun answer(id: JsonPrimitive, result: Result<JsonElement>): JsonObject = buildJsonObject {
    put("id", id)
    result.fold({ put("ok", it) }, { error -> failure(error).let { (name, it) -> put(name, it) } })
}
