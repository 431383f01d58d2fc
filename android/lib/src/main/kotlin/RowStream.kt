package io.github.swarmlet

import io.github.swarmlet.internal.Readiness
import io.github.swarmlet.internal.StreamItem
import kotlin.time.Duration
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.withTimeoutOrNull
import kotlinx.coroutines.yield
import io.github.swarmlet.internal.Stream as NativeStream

/** Rows handed over at once; more gain nothing and make others wait. */
public const val BATCH_ROWS: Int = 256

/**
 * Rows: as a flow, in [batches], or one by one with [next]; or [outputs] of all sorts.
 *
 * It has begun when you get it, and is read once, from front to back. A collector that stops,
 * whether it is cancelled, fails or has seen enough, ends it; [offsets] then still says how far you
 * are. To read some and go on later, use [next], [nextBatch] or [nextOutput]: a wait in them that
 * is cancelled loses nothing, and the next call goes on there.
 *
 * Those who look at rows see no warnings, and no rows taken back. A query that ends with an error
 * diagnostic throws [SwarmletException.InvalidQuery], a monotonic subscription that ends with time
 * travel throws [SwarmletException.Closed].
 *
 * Close it, or collect it, or drop it: then it ends.
 */
public abstract class RowStream internal constructor(private val native: NativeStream) :
    Flow<Row>,
    AutoCloseable {
    /** What was taken and not handed out yet begins at [handed]. Guarded by [lock]. */
    private var chunk: List<StreamItem> = emptyList()
    private var handed = 0
    private var isCancelled = false
    private var showsAll = false
    private val lock = Any()

    override suspend fun collect(collector: FlowCollector<Row>): Unit =
        OneByOne(::close) { next() }.collect(collector)

    /**
     * The next row, `null` at the end; [SwarmletException.Timeout] if there is none within the
     * time.
     *
     * Nothing is lost by a timeout or a cancelled wait.
     */
    public suspend fun next(timeout: Duration? = null): Row? {
        while (true) {
            letOthersRun()
            val item = hand() ?: if (ready(timeout)) continue else return null
            return item.row() ?: continue
        }
    }

    /** The same rows in lists of at most [max], never empty; what is there, at once. */
    public fun batches(max: Int = BATCH_ROWS): Flow<List<Row>> {
        checkMax(max)
        return OneByOne(::close) { nextBatch(max) }
    }

    /**
     * The next of these lists, `null` at the end; [SwarmletException.Timeout] if there is no row
     * within the time.
     *
     * Nothing is lost by a timeout or a cancelled wait.
     */
    public suspend fun nextBatch(max: Int = BATCH_ROWS, timeout: Duration? = null): List<Row>? {
        checkMax(max)
        while (true) {
            letOthersRun()
            val rows = handMany(max).mapNotNull { it.row() }
            if (rows.isNotEmpty()) return rows
            if (isHandedOut() && !ready(timeout)) return null
        }
    }

    /**
     * All there is to know, in order: rows, rows taken back, diagnostics, that a subscription has
     * caught up, time travel. Not to be mixed with reading rows.
     */
    public fun outputs(): Flow<Output> {
        showAll()
        return OneByOne(::close) { nextOutput() }
    }

    /**
     * The next of [outputs], `null` at the end; [SwarmletException.Timeout] if there is none within
     * the time.
     *
     * Nothing is lost by a timeout or a cancelled wait.
     */
    public suspend fun nextOutput(timeout: Duration? = null): Output? {
        showAll()
        while (true) {
            letOthersRun()
            val item = hand() ?: if (ready(timeout)) continue else return null
            return item.toOutput() ?: continue
        }
    }

    /** How far what was handed out reaches: from there another stream goes on. */
    public val offsets: Offsets
        get() = synchronized(lock) {
            // What was taken ahead was not handed out.
            calling("offsets") { native.offsets(handed.toUInt()) }
        }

    /** For streams whose start lies before what is still kept: the first offset that is. */
    public val skipped: Offsets get() = calling("skipped") { native.skipped() }

    /** Ends the stream, also for those who wait for it. Fine to call twice. */
    public fun cancel() {
        // What was taken ahead is not handed out any more.
        synchronized(lock) { isCancelled = true }
        calling("cancel") { native.cancel() }
    }

    /** The same as [cancel]. */
    override fun close(): Unit = cancel()

    private fun checkMax(max: Int) = require(max > 0) { "max must be at least 1" }

    /** Between two chunks: a stream that is always full must not keep others from running. */
    private suspend fun letOthersRun() {
        if (isHandedOut()) yield()
    }

    /** Waits until there is something (true) or nothing will come (false). */
    private suspend fun ready(timeout: Duration?): Boolean =
        when (calling("next") { native.look() }) {
            Readiness.WAITING -> if (timeout == null) change() else changeWithin(timeout)
            Readiness.READY -> true
            Readiness.ENDED -> false
        }

    private suspend fun change(): Boolean = awaiting("next") { native.ready() }

    private suspend fun changeWithin(timeout: Duration): Boolean =
        withTimeoutOrNull(timeout) { change() }
            ?: throw refused("timeout", "next", "no result within $timeout")

    /** The next output that is there. Does not suspend, so what it hands out arrives. */
    private fun hand(): StreamItem? = synchronized(lock) {
        refill(BATCH_ROWS)
        if (isCancelled) return null
        chunk.getOrNull(handed)?.also { handed += 1 }
    }

    private fun handMany(max: Int): List<StreamItem> = synchronized(lock) {
        refill(max)
        if (isCancelled) return emptyList()
        val many = chunk.subList(handed, minOf(chunk.size, handed + max))
        handed += many.size
        many
    }

    /** Said once: from then on all outputs are shown, whoever asks for the next. */
    private fun showAll() = synchronized(lock) {
        if (!showsAll) calling("outputs") { native.showAll() }
        showsAll = true
    }

    private fun isHandedOut() = synchronized(lock) { handed == chunk.size || isCancelled }

    private fun refill(max: Int) {
        if (handed < chunk.size || isCancelled) return
        chunk = calling("next") { native.take(max.toUInt()) }
        handed = 0
    }
}

/** The results of a query. */
public class Results internal constructor(native: NativeStream) : RowStream(native)

/**
 * All results: of what is there, then of what comes.
 *
 * It reads from the log at its own pace, however slow: nothing piles up in memory, nothing is lost.
 * Store [offsets] with what you made of the rows, and a later subscription goes on exactly there.
 */
public class Subscription internal constructor(native: NativeStream) : RowStream(native)

/**
 * A flow that hands out what [next] returns, in the coroutine of the collector.
 *
 * It looks for cancellation before it takes and never in between, so what was taken is collected.
 */
internal class OneByOne<T : Any>(
    private val end: () -> Unit,
    private val next: suspend () -> T?,
) : Flow<T> {
    override suspend fun collect(collector: FlowCollector<T>) {
        try {
            while (true) {
                currentCoroutineContext().ensureActive()
                collector.emit(next() ?: return)
            }
        } finally {
            end()
        }
    }
}

private fun StreamItem.row(): Row? = (this as? StreamItem.Row)?.let { Row(it.row) }
