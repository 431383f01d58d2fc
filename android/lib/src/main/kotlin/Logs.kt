package io.github.swarmlet

import io.github.swarmlet.internal.RecordSeverity
import io.github.swarmlet.internal.collectLogs
import io.github.swarmlet.internal.waitLogs
import java.util.logging.Level
import java.util.logging.LogRecord
import java.util.logging.Logger
import kotlin.concurrent.thread
import kotlin.time.Duration.Companion.minutes

/**
 * What the node says about itself, passed on to `java.util.logging` as loggers below `swarmlet`,
 * which on Android end in logcat.
 *
 * The level in force when a node is opened decides what is collected.
 */
internal object Logs {
    private val top: Logger = Logger.getLogger("swarmlet")

    private val passing by lazy {
        thread(isDaemon = true, name = "swarmlet-logs") { while (true) passOn() }
    }

    /** Collects from the level of the logger on. */
    fun start() {
        collectLogs(severity(level()))
        passing
    }

    private fun passOn() {
        for (record in waitLogs(WAIT.micros)) {
            val passed = LogRecord(level(record.severity), record.text)
            passed.loggerName = record.logger
            // Else these would be looked for in the stack of this thread.
            passed.sourceClassName = null
            passed.sourceMethodName = null
            Logger.getLogger(record.logger).log(passed)
        }
    }

    private fun level(): Level =
        generateSequence(top) { it.parent }.firstNotNullOfOrNull { it.level } ?: Level.INFO

    private fun severity(level: Level) = when (level.intValue()) {
        in Int.MIN_VALUE until Level.FINE.intValue() -> RecordSeverity.TRACE
        in Level.FINE.intValue() until Level.INFO.intValue() -> RecordSeverity.DEBUG
        in Level.INFO.intValue() until Level.WARNING.intValue() -> RecordSeverity.INFO
        in Level.WARNING.intValue() until Level.SEVERE.intValue() -> RecordSeverity.WARNING
        else -> RecordSeverity.ERROR
    }

    private fun level(severity: RecordSeverity): Level = when (severity) {
        RecordSeverity.TRACE -> Level.FINEST
        RecordSeverity.DEBUG -> Level.FINE
        RecordSeverity.INFO -> Level.INFO
        RecordSeverity.WARNING -> Level.WARNING
        RecordSeverity.ERROR -> Level.SEVERE
    }

    /** Any time would do: it is woken when there is something. */
    private val WAIT = 60.minutes
}
